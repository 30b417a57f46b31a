/*
 * The shortest decimal of a binary number is found as in "The Schubfach way to
 * render doubles" by Raffaello Giulietti (2021), with halfway points never
 * taken, since PostgreSQL (src/common/d2s.c) leaves none of its output to the
 * reader's rule for ties.
 *
 * The algorithm needs powers of ten with 128 significant bits.  They are not
 * listed here: each is computed exactly when it is first asked for, which
 * takes about a microsecond, and kept.
 */
#include "rc_decimal.h"

#include <stdbool.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum {
	POWER_MIN = -310, POWER_MAX = 330,	/* of ten; -292 to 324 are needed */
	WORDS = 16,				/* of 64 bits: more than 2^128 * 5^330 has */
};

/* ---- whole numbers ---- */

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
    "707172737475767778798081828384858687888990919293949596979899";

char *
rc_decimal_put_2(char *at, unsigned value)
{
	memcpy(at, pairs + (size_t)2 * value, 2);
	return at + 2;
}

char *
rc_decimal_put_4(char *at, unsigned value)
{
	rc_decimal_put_2(at, value / 100);
	return rc_decimal_put_2(at + 2, value % 100);
}

/* How many digits VALUE has. */
static int
digits_of(uint64_t value)
{
	int digits = 1;

	for (; value >= 10000; value /= 10000)
		digits += 4;
	return digits + (value >= 1000 ? 3 : value >= 100 ? 2 : value >= 10 ? 1 : 0);
}

/* Writes exactly DIGITS digits, the last ones of VALUE. */
static char *
put_digits(char *at, uint64_t value, int digits)
{
	char *p = at + digits;

	while (p - at >= 2) {
		p -= 2;
		memcpy(p, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (p > at)
		*at = (char)('0' + value % 10);
	return at + digits;
}

char *
rc_decimal_put(char *at, uint64_t value)
{
	return put_digits(at, value, digits_of(value));
}

char *
rc_decimal_put_signed(char *at, int64_t value)
{
	if (value >= 0)
		return rc_decimal_put(at, (uint64_t)value);
	*at = '-';
	return rc_decimal_put(at + 1, -(uint64_t)value);
}

/* ---- powers of ten ---- */

/* The highest 128 bits of NUMBER, WORDS words with the lowest first, rounded up where others are set or MORE is. */
static wide
top_bits(const uint64_t *number, bool more)
{
	int high = WORDS - 1, shift;
	wide top;

	while (number[high] == 0)
		high--;
	shift = __builtin_clzll(number[high]);
	top = (wide)number[high] << 64 | (high > 0 ? number[high - 1] : 0);
	if (shift > 0) {
		uint64_t third = high > 1 ? number[high - 2] : 0;

		top = top << shift | third >> (64 - shift);
		more = more || third << shift != 0;
	} else {
		more = more || (high > 1 && number[high - 2] != 0);
	}
	for (int i = 0; i < high - 2; i++)
		more = more || number[i] != 0;
	return top + more;
}

/* 10^POWER times the power of two that makes it 128 bits long, rounded up: of 10^n the digits are those of 5^n. */
static wide
make_power(int power)
{
	uint64_t number[WORDS] = {0};

	if (power >= 0) {
		number[0] = 1;
		for (int i = 0; i < power; i++) {
			uint64_t carry = 0;

			for (int word = 0; word < WORDS; word++) {
				wide product = (wide)number[word] * 5 + carry;

				number[word] = (uint64_t)product;
				carry = (uint64_t)(product >> 64);
			}
		}
		return top_bits(number, false);
	}
	number[WORDS - 1] = (uint64_t)1 << 63;
	for (int i = 0; i < -power; i++) {	/* the floor of a floor is the floor of the quotient */
		uint64_t rest = 0;

		for (int word = WORDS - 1; word >= 0; word--) {
			wide dividend = (wide)rest << 64 | number[word];

			number[word] = (uint64_t)(dividend / 5);
			rest = (uint64_t)(dividend % 5);
		}
	}
	return top_bits(number, true);
}

static wide
power_of_ten(int power)
{
	static wide powers[POWER_MAX - POWER_MIN + 1];
	wide *kept = &powers[power - POWER_MIN];

	if (*kept == 0)
		*kept = make_power(power);
	return *kept;
}

/* ---- the shortest decimal ---- */

struct decimal {
	uint64_t digits;
	int exponent;	/* of ten */
};

/* The floor of FACTOR * POWER / 2^128; its last bit is set where that is not exact, for more is not asked of it. */
static uint64_t
scale(wide power, uint64_t factor)
{
	wide low = (wide)(uint64_t)power * factor;
	wide high = (wide)(uint64_t)(power >> 64) * factor + (low >> 64);

	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);	/* the power is rounded up: 1 may be 0 */
}

/* Of SIGNIFICAND * 2^EXPONENT; NARROW where the number below is only half as far away as the one above. */
static struct decimal
shortest(uint64_t significand, int exponent, bool narrow)
{
	/* The floor of the logarithm to base ten of the distance of two numbers, and of 3/4 of it. */
	int k = (exponent * 1262611 - (narrow ? 524031 : 0)) >> 22;
	int shift = exponent + ((-k * 1741647) >> 19) + 1;	/* the second is the floor of log2(10^-k) */
	wide power = power_of_ten(-k);
	/* In quarters of 10^k: the halfway points, both out of bounds, and the number between. */
	uint64_t lower = scale(power, (4 * significand - 2 + narrow) << shift) + 1;
	uint64_t middle = scale(power, (4 * significand) << shift);
	uint64_t upper = scale(power, (4 * significand + 2) << shift) - 1;
	uint64_t below = middle / 4, tens = below / 10, half = 4 * below + 2;
	bool below_fits, above_fits;

	/* One digit less: at most one of the two decimals around the number can be in bounds. */
	below_fits = tens > 0 && lower <= 40 * tens;
	above_fits = tens > 0 && 40 * tens + 40 <= upper;
	if (below_fits != above_fits)
		return (struct decimal){ tens + above_fits, k + 1 };
	below_fits = lower <= 4 * below;
	above_fits = 4 * below + 4 <= upper;
	if (below_fits != above_fits)
		return (struct decimal){ below + above_fits, k };
	return (struct decimal){ below + (middle > half || (middle == half && (below & 1) != 0)), k };
}

static void
strip_zeros(struct decimal *decimal)
{
	while (decimal->digits % 100000000 == 0) {
		decimal->digits /= 100000000;
		decimal->exponent += 8;
	}
	while (decimal->digits % 10 == 0) {
		decimal->digits /= 10;
		decimal->exponent++;
	}
}

/* Writes it without an exponent where the first digit's is -4 to LIMIT - 1. */
static char *
put_decimal(char *at, struct decimal decimal, int limit)
{
	int count = digits_of(decimal.digits), first = decimal.exponent + count - 1;

	if (first >= -4 && first < limit && decimal.exponent >= 0) {	/* ddd000 */
		at = put_digits(at, decimal.digits, count);
		memset(at, '0', (size_t)decimal.exponent);
		return at + decimal.exponent;
	}
	if (first >= 0 && first < limit) {	/* dd.ddd */
		put_digits(at + 1, decimal.digits, count);
		memmove(at, at + 1, (size_t)first + 1);
		at[first + 1] = '.';
		return at + count + 1;
	}
	if (first >= -4 && first < 0) {		/* 0.00ddd */
		memcpy(at, "0.000", 5);
		return put_digits(at + 1 - first, decimal.digits, count);
	}
	put_digits(at + 1, decimal.digits, count);	/* d.dde+dd */
	at[0] = at[1];
	at[1] = '.';
	at += count == 1 ? 1 : count + 1;
	*at++ = 'e';
	*at++ = first < 0 ? '-' : '+';
	first = first < 0 ? -first : first;
	return first < 100 ? rc_decimal_put_2(at, (unsigned)first) : rc_decimal_put(at, (uint64_t)first);
}

static char *
put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

/* A number of IEEE 754: its significand has BITS bits, its exponent goes to EXPONENT_MAX. */
static char *
put(char *at, bool negative, uint64_t significand, int exponent, int bits, int exponent_max, int limit)
{
	bool narrow = significand == 0 && exponent > 1;
	struct decimal decimal;
	int bias = exponent_max / 2 + bits;

	if (exponent == exponent_max)
		return put_text(at, significand != 0 ? "NaN" : negative ? "-Infinity" : "Infinity");
	if (negative)
		*at++ = '-';
	if (exponent == 0 && significand == 0)
		return put_text(at, "0");
	if (exponent == 0)
		exponent = 1;	/* subnormal */
	else
		significand |= (uint64_t)1 << bits;
	exponent -= bias;
	if (exponent <= 0 && exponent >= -bits && (significand & (((uint64_t)1 << -exponent) - 1)) == 0)
		decimal = (struct decimal){ significand >> -exponent, 0 };	/* a whole number that is exact */
	else
		decimal = shortest(significand, exponent, narrow);
	strip_zeros(&decimal);
	return put_decimal(at, decimal, limit);
}

char *
rc_decimal_put_double(char *at, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return put(at, bits >> 63 != 0, bits & (((uint64_t)1 << 52) - 1), (int)(bits >> 52 & 2047), 52, 2047, 15);
}

char *
rc_decimal_put_float(char *at, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	return put(at, bits >> 31 != 0, bits & (((uint32_t)1 << 23) - 1), (int)(bits >> 23 & 255), 23, 255, 6);
}

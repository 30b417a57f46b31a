#include "rc_row_number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_row_wire.h"

enum {
	DIGITS_BEFORE = 131072, DIGITS_AFTER = 16383,	/* the most that a numeric has on each side of the point */
	EXPONENT_MAX = 1000000,				/* beyond it a number is too large for anything */
	FEW = 64,					/* groups of four digits that need no allocation */
};

/* A number's text taken apart: DIGITS are those of the whole part and, behind the point, of the fraction. */
struct parts {
	bool negative;
	const char *whole, *fraction;
	size_t whole_length, fraction_length;
	long exponent;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
split(const char *p, size_t length, struct parts *parts)
{
	const char *end = p + length;
	bool small;

	*parts = (struct parts){ .negative = p < end && *p == '-' };
	p += parts->negative;
	for (parts->whole = p; p < end && is_digit(*p); )
		p++;
	parts->whole_length = (size_t)(p - parts->whole);
	if (parts->whole_length == 0 || (*parts->whole == '0' && parts->whole_length > 1))
		return false;
	parts->fraction = p;
	if (p < end && *p == '.') {
		for (parts->fraction = ++p; p < end && is_digit(*p); )
			p++;
		if ((parts->fraction_length = (size_t)(p - parts->fraction)) == 0)
			return false;
	}
	if (p == end)
		return true;
	if (*p != 'e' && *p != 'E')
		return false;
	small = ++p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	if (p == end)
		return false;
	for (; p < end && is_digit(*p); p++)
		if (parts->exponent < EXPONENT_MAX)
			parts->exponent = parts->exponent * 10 + (*p - '0');
	if (small)
		parts->exponent = -parts->exponent;
	return p == end;
}

bool
rc_number_is_json(const char *text, size_t length)
{
	struct parts ignored;

	return split(text, length, &ignored);
}

enum rc_number
rc_number_integer(const char *text, size_t length, int64_t min, int64_t max, int64_t *result)
{
	bool negative = length > 0 && text[0] == '-';
	const char *p = text + negative, *end = text + length;
	uint64_t value = 0, limit = negative ? (uint64_t)max + 1 : (uint64_t)max;

	if (p == end || (*p == '0' && end - p > 1))
		return RC_NUMBER_NONE;
	for (const char *q = p; q < end; q++)
		if (!is_digit(*q))
			return RC_NUMBER_NONE;
	for (; p < end; p++) {
		if (value > limit / 10)
			return RC_NUMBER_LARGE;
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > limit)
			return RC_NUMBER_LARGE;
	}
	*result = negative ? (int64_t)(0 - value) : (int64_t)value;
	return *result < min ? RC_NUMBER_LARGE : RC_NUMBER_OK;
}

/* ---- floating point ---- */

#if LDBL_MANT_DIG == 64 && defined(__x86_64__)
enum { POWERS = 28 };	/* 5 to the power of 27 still fits into 64 bits, so these are exact */

static const long double powers[POWERS] = {
	1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L, 1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L,
	1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
};

/*
 * The usual case: 19 digits or fewer are exact in the 64 bits of a long double,
 * so are the powers above, and one operation on two exact numbers is rounded
 * once.  Rounding the 64 bits again, to those that are wanted, gives the same
 * as rounding at once, unless those that fall away are within one of a half:
 * then false.
 */
static bool
read_exactly(const struct parts *parts, int bits, long double *result)
{
	long scale = parts->exponent - (long)parts->fraction_length;
	uint64_t digits = 0, mantissa, rest, half = UINT64_C(1) << (63 - bits);

	if (parts->whole_length + parts->fraction_length > 19 || scale <= -POWERS || scale >= POWERS)
		return false;
	for (size_t i = 0; i < parts->whole_length; i++)
		digits = digits * 10 + (uint64_t)(parts->whole[i] - '0');
	for (size_t i = 0; i < parts->fraction_length; i++)
		digits = digits * 10 + (uint64_t)(parts->fraction[i] - '0');
	*result = scale < 0 ? (long double)digits / powers[-scale] : (long double)digits * powers[scale];
	memcpy(&mantissa, result, sizeof mantissa);	/* the x87's form has it first */
	rest = mantissa & (half * 2 - 1);
	if (rest + 1 >= half && rest <= half + 1)
		return false;
	if (parts->negative)
		*result = -*result;
	return true;
}
#else
static bool
read_exactly(const struct parts *parts, int bits, long double *result)
{
	(void)parts;
	(void)bits;
	(void)result;
	return false;
}
#endif

/* Whether all digits are 0: then a result of 0 is no underflow. */
static bool
is_zero(const struct parts *parts)
{
	for (size_t i = 0; i < parts->whole_length; i++)
		if (parts->whole[i] != '0')
			return false;
	for (size_t i = 0; i < parts->fraction_length; i++)
		if (parts->fraction[i] != '0')
			return false;
	return true;
}

/* A copy that ends with a NUL, since strtod(3) reads on. */
static char *
copy_text(const char *text, size_t length, char *small, size_t size)
{
	char *copy = length < size ? small : rc_alloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

enum rc_number
rc_number_double(const char *text, size_t length, double *result)
{
	char small[64], *copy;
	struct parts parts;
	long double exact;

	if (!split(text, length, &parts))
		return RC_NUMBER_NONE;
	if (read_exactly(&parts, DBL_MANT_DIG, &exact)) {
		*result = (double)exact;
		return RC_NUMBER_OK;
	}
	copy = copy_text(text, length, small, sizeof small);
	*result = strtod(copy, NULL);	/* the locale is C: no filter sets another */
	if (copy != small)
		free(copy);
	return isinf(*result) || (*result == 0 && !is_zero(&parts)) ? RC_NUMBER_LARGE : RC_NUMBER_OK;
}

enum rc_number
rc_number_float(const char *text, size_t length, float *result)
{
	char small[64], *copy;
	struct parts parts;
	long double exact;

	if (!split(text, length, &parts))
		return RC_NUMBER_NONE;
	/* Below FLT_MIN there are fewer bits than FLT_MANT_DIG, and above FLT_MAX none. */
	if (read_exactly(&parts, FLT_MANT_DIG, &exact) && (exact == 0 || (fabsl(exact) >= (long double)FLT_MIN && fabsl(exact) <= (long double)FLT_MAX))) {
		*result = (float)exact;
		return RC_NUMBER_OK;
	}
	copy = copy_text(text, length, small, sizeof small);
	*result = strtof(copy, NULL);
	if (copy != small)
		free(copy);
	return isinf(*result) || (*result == 0 && !is_zero(&parts)) ? RC_NUMBER_LARGE : RC_NUMBER_OK;
}

/* ---- numeric ---- */

/* The digit at PLACE of all digits, the whole part's first; 0 beyond them. */
static inline unsigned
digit_at(const struct parts *parts, long place)
{
	if (place < 0)
		return 0;
	if ((size_t)place < parts->whole_length)
		return (unsigned)(parts->whole[place] - '0');
	place -= (long)parts->whole_length;
	return (size_t)place < parts->fraction_length ? (unsigned)(parts->fraction[place] - '0') : 0;
}

/* Of the digits that are not 0 the first and the one behind the last; both 0 where there is none. */
static void
find_bounds(const struct parts *parts, long *first, long *last)
{
	long count = (long)(parts->whole_length + parts->fraction_length);

	for (*first = 0; *first < count && digit_at(parts, *first) == 0; )
		++*first;
	for (*last = count; *last > *first && digit_at(parts, *last - 1) == 0; )
		--*last;
	if (*first == *last)
		*first = *last = 0;
}

/* The precision and scale that a typmod means (numeric_typmod_precision and _scale in numeric.c). */
static enum rc_number
fit(int typmod, long before, long after, long *scale)
{
	int precision = (typmod - 4) >> 16 & 0xffff, places = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;

	if (after > places)
		return RC_NUMBER_PRECISE;
	if (before > precision - places)
		return RC_NUMBER_LARGE;
	*scale = places > 0 ? places : 0;
	return RC_NUMBER_OK;
}

enum rc_number
rc_number_numeric(const char *text, size_t length, int typmod, struct rc_buf *out)
{
	struct parts parts;
	long first, last, point, scale, group, groups;
	enum rc_number fits;
	char *to;

	if (!split(text, length, &parts))
		return RC_NUMBER_NONE;
	find_bounds(&parts, &first, &last);
	point = (long)parts.whole_length + parts.exponent;	/* the place of the first digit behind it */
	scale = (long)parts.fraction_length - parts.exponent;
	if (scale < 0)
		scale = 0;
	if (first < last && point - first > DIGITS_BEFORE)
		return RC_NUMBER_LARGE;
	if (scale > DIGITS_AFTER)
		return RC_NUMBER_PRECISE;
	if (typmod >= 4 && (fits = first == last ? fit(typmod, -EXPONENT_MAX, -EXPONENT_MAX, &scale) :
	    fit(typmod, point - first, last - point, &scale)) != RC_NUMBER_OK)
		return fits;

	/* Groups of four digits, the point between two of them: the first that is not 0, and how many there are. */
	if (first == last)
		group = 0;
	else
		group = first < point ? (point - 1 - first) / 4 : -((first - point) / 4) - 1;
	groups = first == last ? 0 : (last - (point - 4 * (group + 1)) + 3) / 4;
	to = rc_buf_reserve(out, 8 + 2 * (size_t)groups);
	rc_put16(to, (unsigned)groups);
	rc_put16(to + 2, (unsigned)group);
	rc_put16(to + 4, parts.negative && groups > 0 ? 0x4000 : 0);
	rc_put16(to + 6, (unsigned)scale);
	for (long i = 0, place = point - 4 * (group + 1); i < groups; i++, place += 4)
		rc_put16(to + 8 + 2 * i, ((digit_at(&parts, place) * 10 + digit_at(&parts, place + 1)) * 10 +
		    digit_at(&parts, place + 2)) * 10 + digit_at(&parts, place + 3));
	out->length += 8 + 2 * (size_t)groups;
	return RC_NUMBER_OK;
}

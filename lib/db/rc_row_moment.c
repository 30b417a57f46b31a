#include "rc_row_moment.h"

#include <string.h>

#define MICROSECONDS INT64_C(1000000)

/* What is still to be read. */
struct text {
	const char *at, *end;
};

static bool
take_char(struct text *text, char c)
{
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

/* Reads a number of at least LEAST and at most MOST digits, of which more may not follow. */
static bool
take_number(struct text *text, int least, int most, int *result)
{
	int count = 0, value = 0;

	for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
		if (++count > most)
			return false;
		value = value * 10 + (*text->at - '0');
	}
	*result = value;
	return count >= least;
}

/* Days from 2000-01-01; the year 0 is 1 BC.  (Hinnant, chrono-Compatible Low-Level Date Algorithms.) */
static int64_t
days_from(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 730425;
}

static int
days_in(int64_t year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Takes " BC" off the end. */
static bool
take_era(struct text *text)
{
	if (text->end - text->at < 3 || memcmp(text->end - 3, " BC", 3) != 0)
		return false;
	text->end -= 3;
	return true;
}

static enum rc_moment
take_date(struct text *text, bool before_christ, int64_t *days)
{
	int year, month, day;
	int64_t astronomical;

	if (!take_number(text, 4, 7, &year) || !take_char(text, '-') || !take_number(text, 2, 2, &month) ||
	    !take_char(text, '-') || !take_number(text, 2, 2, &day))
		return RC_MOMENT_NONE;
	astronomical = before_christ ? 1 - (int64_t)year : year;
	if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in(astronomical, month))
		return RC_MOMENT_ABSENT;
	*days = days_from(astronomical, month, day);
	return RC_MOMENT_OK;
}

/* Reads the decimals of a second into microseconds. */
static enum rc_moment
take_decimals(struct text *text, int decimals, int *result)
{
	int unit = 100000, place = 0;

	*result = 0;
	if (!take_char(text, '.'))
		return RC_MOMENT_OK;
	for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++, place++, unit /= 10) {
		if (*text->at != '0' && place >= decimals)
			return RC_MOMENT_PRECISE;
		*result += (*text->at - '0') * unit;
	}
	return place == 0 ? RC_MOMENT_NONE : RC_MOMENT_OK;
}

static enum rc_moment
take_time(struct text *text, int decimals, int64_t *microseconds)
{
	int hour, minute, second, fraction;
	enum rc_moment moment;

	if (!take_number(text, 2, 2, &hour) || !take_char(text, ':') || !take_number(text, 2, 2, &minute) ||
	    !take_char(text, ':') || !take_number(text, 2, 2, &second))
		return RC_MOMENT_NONE;
	if (hour > 23 || minute > 59 || second > 59)
		return RC_MOMENT_ABSENT;
	if ((moment = take_decimals(text, decimals, &fraction)) != RC_MOMENT_OK)
		return moment;
	*microseconds = ((hour * 60 + minute) * 60 + second) * MICROSECONDS + fraction;
	return RC_MOMENT_OK;
}

/* Reads Z or an offset (+01, +0130, +01:30, +01:30:15) into seconds east of Greenwich. */
static enum rc_moment
take_zone(struct text *text, int *offset)
{
	int sign = take_char(text, '+') ? 1 : -1, hour, minute = 0, second = 0;
	const char *digits;

	*offset = 0;
	if (text->at == text->end)
		return RC_MOMENT_ZONE;
	if (sign < 0 && take_char(text, 'Z'))
		return RC_MOMENT_OK;
	if (sign < 0 && !take_char(text, '-'))
		return RC_MOMENT_NONE;
	digits = text->at;
	if (!take_number(text, 2, 4, &hour) || text->at - digits == 3)
		return RC_MOMENT_NONE;
	if (text->at - digits == 4) {
		minute = hour % 100;
		hour /= 100;
	} else if (take_char(text, ':')) {
		if (!take_number(text, 2, 2, &minute) || (take_char(text, ':') && !take_number(text, 2, 2, &second)))
			return RC_MOMENT_NONE;
	}
	if (hour > 15 || minute > 59 || second > 59)	/* the server's own limit */
		return RC_MOMENT_ABSENT;
	*offset = sign * ((hour * 60 + minute) * 60 + second);
	return RC_MOMENT_OK;
}

/* Whether TEXT is infinity; SIGN is that of it. */
static bool
is_infinity(const char *text, size_t length, int *sign)
{
	*sign = length > 0 && *text == '-' ? -1 : 1;
	if (*sign < 0) {
		text++;
		length--;
	}
	return length == 8 && memcmp(text, "infinity", 8) == 0;
}

enum rc_moment
rc_moment_date(const char *bytes, size_t length, int32_t *result)
{
	struct text text = { bytes, bytes + length };
	bool before_christ;
	enum rc_moment moment;
	int64_t days;
	int sign;

	if (is_infinity(bytes, length, &sign)) {
		*result = sign < 0 ? INT32_MIN : INT32_MAX;
		return RC_MOMENT_OK;
	}
	before_christ = take_era(&text);
	if ((moment = take_date(&text, before_christ, &days)) != RC_MOMENT_OK)
		return moment;
	if (text.at != text.end)
		return RC_MOMENT_NONE;
	/* From Julian day 0 to the year 5874897. */
	if (days < -2451545 || days >= INT64_C(2147483494) - 2451545)
		return RC_MOMENT_FAR;
	*result = (int32_t)days;
	return RC_MOMENT_OK;
}

enum rc_moment
rc_moment_timestamp(const char *bytes, size_t length, bool zone, int decimals, int64_t *result)
{
	struct text text = { bytes, bytes + length };
	int64_t days, time, microseconds;
	enum rc_moment moment;
	bool before_christ;
	int sign, offset = 0;

	if (is_infinity(bytes, length, &sign)) {
		*result = sign < 0 ? INT64_MIN : INT64_MAX;
		return RC_MOMENT_OK;
	}
	before_christ = take_era(&text);
	if ((moment = take_date(&text, before_christ, &days)) != RC_MOMENT_OK)
		return moment;
	if (!take_char(&text, 'T') && !take_char(&text, ' '))
		return RC_MOMENT_NONE;
	if ((moment = take_time(&text, decimals < 0 ? 6 : decimals, &time)) != RC_MOMENT_OK)
		return moment;
	if (zone && (moment = take_zone(&text, &offset)) != RC_MOMENT_OK)
		return moment;
	if (text.at != text.end)
		return !zone && memchr("+-Z", *text.at, 3) != NULL ? RC_MOMENT_ZONE : RC_MOMENT_NONE;
	/* From Julian day 0 to the end of the year 294276. */
	if (days < -2451546 || days > 109203528 ||
	    __builtin_mul_overflow(days, 86400 * MICROSECONDS, &microseconds) ||
	    __builtin_add_overflow(microseconds, time - offset * MICROSECONDS, &microseconds) ||
	    microseconds < INT64_C(-211813488000000000) || microseconds >= INT64_C(9223371331200000000))
		return RC_MOMENT_FAR;
	*result = microseconds;
	return RC_MOMENT_OK;
}

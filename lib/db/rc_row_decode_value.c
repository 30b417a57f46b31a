#include "rc_row_decode_value.h"

#include <stdint.h>

#include "rc_decimal.h"
#include "rc_row_wire.h"

enum { DAYS_TO_2000 = 730425 };	/* from 1 March of year 0 */

/* ---- numbers ---- */

static void
write_double(struct rc_row_writer *w, double value)
{
	bool quoted = !__builtin_isfinite(value);

	if (quoted)
		*w->at++ = '"';
	w->at = rc_decimal_put_double(w->at, value);
	if (quoted)
		*w->at++ = '"';
}

static void
write_float(struct rc_row_writer *w, float value)
{
	bool quoted = !__builtin_isfinite(value);

	if (quoted)
		*w->at++ = '"';
	w->at = rc_decimal_put_float(w->at, value);
	if (quoted)
		*w->at++ = '"';
}

/* The digits before the point: GROUPS of four, those from COUNT on are zeros that were not sent. */
static char *
put_whole(char *at, const char *groups, int count, int weight)
{
	if (weight < 0) {
		*at++ = '0';
		return at;
	}
	for (int i = 0; i <= weight; i++) {
		unsigned group = i < count ? rc_get16(groups + 2 * i) : 0;

		at = i == 0 ? rc_decimal_put(at, group) : rc_decimal_put_4(at, group);
	}
	return at;
}

/* SCALE digits behind the point. */
static char *
put_fraction(char *at, const char *groups, int count, int weight, int scale)
{
	char *end;

	*at++ = '.';
	end = at + scale;
	for (int i = weight + 1; at < end; i++)
		at = rc_decimal_put_4(at, i >= 0 && i < count ? rc_get16(groups + 2 * i) : 0);
	return end;
}

/* numeric_send() of numeric.c: the count of groups of four digits, the first one's weight, the sign, the scale, the groups. */
static void
write_numeric(struct rc_row_writer *w, const char *bytes, size_t length)
{
	int count, weight, scale;
	unsigned sign;

	if (length < 8 || length != 8 + (size_t)2 * rc_get16(bytes))
		rc_row_not_understood("a numeric of another length than it says");
	count = rc_get16(bytes);
	weight = (int16_t)rc_get16(bytes + 2);
	sign = rc_get16(bytes + 4);
	scale = rc_get16(bytes + 6);
	for (int i = 0; i < count; i++)
		if (rc_get16(bytes + 8 + 2 * i) > 9999)
			rc_row_not_understood("a numeric with a group of more than four digits");
	rc_row_need(w, RC_ROW_SMALL + (size_t)4 * (size_t)(weight < 0 ? 0 : weight) + (size_t)scale);
	switch (sign) {
	case 0x4000:
		*w->at++ = '-';
		break;
	case 0xC000:
		RC_ROW_PUT(w, "\"NaN\"");
		return;
	case 0xD000:
		RC_ROW_PUT(w, "\"Infinity\"");
		return;
	case 0xF000:
		RC_ROW_PUT(w, "\"-Infinity\"");
		return;
	}
	w->at = put_whole(w->at, bytes + 8, count, weight);
	if (scale > 0)
		w->at = put_fraction(w->at, bytes + 8, count, weight, scale);
}

/* ---- dates ---- */

/*
 * Writes year-month-day of the Gregorian calendar, DAYS after 2000-01-01; true
 * where the year is before Christ, which the caller says at the end.  Counted
 * from 1 March, so that the leap day is a year's last, in eras of 400 years.
 */
static bool
put_date(struct rc_row_writer *w, int64_t days)
{
	int64_t shifted = days + DAYS_TO_2000, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;
	int64_t year = (int64_t)year_of_era + era * 400 + (month >= 10);
	bool before = year <= 0;

	month = month < 10 ? month + 3 : month - 9;
	if (before)
		year = 1 - year;	/* there is no year 0 */
	w->at = year < 10000 ? rc_decimal_put_4(w->at, (unsigned)year) : rc_decimal_put(w->at, (uint64_t)year);
	*w->at++ = '-';
	w->at = rc_decimal_put_2(w->at, month);
	*w->at++ = '-';
	w->at = rc_decimal_put_2(w->at, day);
	return before;
}

static void
put_end_of_date(struct rc_row_writer *w, bool before)
{
	if (before)
		RC_ROW_PUT(w, " BC\"");
	else
		RC_ROW_PUT(w, "\"");
}

static void
write_date(struct rc_row_writer *w, int32_t days)
{
	if (days == INT32_MAX || days == INT32_MIN) {
		if (days == INT32_MAX)
			RC_ROW_PUT(w, "\"infinity\"");
		else
			RC_ROW_PUT(w, "\"-infinity\"");
		return;
	}
	*w->at++ = '"';
	put_end_of_date(w, put_date(w, days));
}

/* MICROSECONDS since 2000-01-01 00:00; ZONE is what stands behind the time. */
static void
write_timestamp(struct rc_row_writer *w, int64_t microseconds, const char *zone)
{
	const int64_t day_length = INT64_C(86400000000);
	int64_t day, of_day;
	unsigned second, fraction;
	bool before;

	if (microseconds == INT64_MAX || microseconds == INT64_MIN) {
		if (microseconds == INT64_MAX)
			RC_ROW_PUT(w, "\"infinity\"");
		else
			RC_ROW_PUT(w, "\"-infinity\"");
		return;
	}
	day = microseconds / day_length;
	of_day = microseconds % day_length;
	if (of_day < 0) {
		of_day += day_length;
		day--;
	}
	second = (unsigned)(of_day / 1000000);
	fraction = (unsigned)(of_day % 1000000);
	*w->at++ = '"';
	before = put_date(w, day);
	*w->at++ = 'T';
	w->at = rc_decimal_put_2(w->at, second / 3600);
	*w->at++ = ':';
	w->at = rc_decimal_put_2(w->at, second / 60 % 60);
	*w->at++ = ':';
	w->at = rc_decimal_put_2(w->at, second % 60);
	if (fraction != 0) {
		*w->at++ = '.';
		w->at = rc_decimal_put_2(w->at, fraction / 10000);
		w->at = rc_decimal_put_4(w->at, fraction % 10000);
		while (w->at[-1] == '0')
			w->at--;
	}
	rc_row_put(w, zone, strlen(zone));
	put_end_of_date(w, before);
}

/* ---- values ---- */

static void
check_length(size_t length, size_t expected)
{
	if (length != expected)
		rc_row_not_understood("a value of another length than its type has");
}

void
rc_row_decode_value(struct rc_row_writer *w, enum rc_row_kind kind, const char *bytes, size_t length)
{
	uint64_t bits_64;
	uint32_t bits_32;
	double value_64;
	float value_32;

	rc_row_need(w, RC_ROW_SMALL);
	switch (kind) {
	case RC_ROW_BOOL:
		check_length(length, 1);
		if (*bytes != 0)
			RC_ROW_PUT(w, "true");
		else
			RC_ROW_PUT(w, "false");
		return;
	case RC_ROW_INT2:
		check_length(length, 2);
		w->at = rc_decimal_put_signed(w->at, (int16_t)rc_get16(bytes));
		return;
	case RC_ROW_INT4:
		check_length(length, 4);
		w->at = rc_decimal_put_signed(w->at, (int32_t)rc_get32(bytes));
		return;
	case RC_ROW_INT8:
		check_length(length, 8);
		w->at = rc_decimal_put_signed(w->at, (int64_t)rc_get64(bytes));
		return;
	case RC_ROW_OID:
		check_length(length, 4);
		*w->at++ = '"';
		w->at = rc_decimal_put(w->at, rc_get32(bytes));
		*w->at++ = '"';
		return;
	case RC_ROW_FLOAT4:
		check_length(length, 4);
		bits_32 = rc_get32(bytes);
		memcpy(&value_32, &bits_32, 4);
		write_float(w, value_32);
		return;
	case RC_ROW_FLOAT8:
		check_length(length, 8);
		bits_64 = rc_get64(bytes);
		memcpy(&value_64, &bits_64, 8);
		write_double(w, value_64);
		return;
	case RC_ROW_NUMERIC:
		write_numeric(w, bytes, length);
		return;
	case RC_ROW_TEXT:
		rc_row_write_text(w, bytes, length);
		return;
	case RC_ROW_UUID:
		check_length(length, 16);
		rc_row_write_uuid(w, bytes);
		return;
	case RC_ROW_DATE:
		check_length(length, 4);
		write_date(w, (int32_t)rc_get32(bytes));
		return;
	case RC_ROW_TIMESTAMP:
		check_length(length, 8);
		write_timestamp(w, (int64_t)rc_get64(bytes), "");
		return;
	case RC_ROW_TIMESTAMPTZ:
		check_length(length, 8);
		write_timestamp(w, (int64_t)rc_get64(bytes), "+00:00");
		return;
	case RC_ROW_JSONB:
		if (length < 1 || *bytes != 1)
			rc_row_not_understood("jsonb of another version than 1");
		rc_row_write_json(w, bytes + 1, length - 1);
		return;
	case RC_ROW_OTHER:	/* to_json() gave it */
	case RC_ROW_JSON:
		rc_row_write_json(w, bytes, length);
		return;
	case RC_ROW_BYTEA:
		rc_row_write_bytea(w, bytes, length);
		return;
	}
}

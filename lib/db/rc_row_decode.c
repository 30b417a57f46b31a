#include "rc_row_decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rc_decimal.h"
#include "rc_json_write.h"
#include "rc_mem.h"

enum {
	ROOM = 64 * 1024,		/* what the buffer offers at least after a flush */
	STEP = 4 * 1024,		/* a long text is written in steps of so many bytes */
	SMALL = 128,			/* a value of fixed size takes less */
	ESCAPE_MAX = 6,			/* bytes of output for one of text */
	MEASURED = 16 * 1024 * 1024,	/* a row from this size on is measured before it is written */
	KEY_MAX = 200,
	DIMENSIONS_MAX = 6,
	DAYS_TO_2000 = 730425,		/* from 1 March of year 0 */
};

static const char signature[] = "PGCOPY\n\377\r\n";	/* and the NUL */

/* Where the text goes: the buffer of an output, or, to learn its length only, a scratch that is filled again and again. */
struct writer {
	char *at, *end;
	struct rc_output *output;
	struct rc_buf scratch;
	size_t measured;
};

/* ---- room ---- */

static void
make_room(struct writer *w, size_t size)
{
	struct rc_buf *buffer = w->output == NULL ? &w->scratch : &w->output->buffer;

	size = size < ROOM ? ROOM : size;
	if (w->output != NULL) {
		buffer->length = (size_t)(w->at - buffer->bytes);
		w->at = rc_output_reserve(w->output, size);
	} else {
		w->measured += buffer->bytes == NULL ? 0 : (size_t)(w->at - buffer->bytes);
		w->at = rc_buf_reserve(buffer, size);
	}
	w->end = buffer->bytes + buffer->room;
}

static inline void
need(struct writer *w, size_t size)
{
	if ((size_t)(w->end - w->at) < size)
		make_room(w, size);
}

static inline void
put(struct writer *w, const char *bytes, size_t length)
{
	memcpy(w->at, bytes, length);
	w->at += length;
}

#define PUT(w, text) put(w, text, sizeof text - 1)

static _Noreturn void
not_understood(const char *what)
{
	rc_die(RC_FATAL, "the server's rows are not understood: %s", what);
}

/* ---- numbers of the wire: the highest byte first ---- */

static inline uint16_t
get_16(const char *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof value);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
}

static inline uint32_t
get_32(const char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}

static inline uint64_t
get_64(const char *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof value);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

/* ---- text ---- */

/* What stands for each byte after a backslash, 0 for itself, 'u' for \u00XX: escape_json() of src/backend/utils/adt/json.c. */
static const char escapes[256] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	['"'] = '"', ['\\'] = '\\',
};

static const char hex[] = "0123456789abcdef";

/* The high bit of each byte of EIGHT that is escaped; above the lowest of them others may be set, too. */
static inline uint64_t
escaped_bits(uint64_t eight)
{
	const uint64_t ones = UINT64_MAX / 255, highs = ones * 0x80;
	uint64_t quote = eight ^ ones * '"', backslash = eight ^ ones * '\\';

	return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & highs;
}

/* Escapes the bytes from P to END into AT, where there is room for ESCAPE_MAX times as many and 8 more. */
static char *
put_escaped(char *at, const char *p, const char *end)
{
	while (p < end) {
		unsigned char c;

		while (end - p >= 8) {
			uint64_t eight, bits;

			memcpy(&eight, p, 8);
			memcpy(at, p, 8);
			bits = escaped_bits(eight);
			if (bits != 0) {
				int plain = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_ctzll(bits) / 8 : 0;

				p += plain;
				at += plain;
				break;
			}
			p += 8;
			at += 8;
		}
		if (p == end)
			break;
		c = (unsigned char)*p++;	/* an escaped one, or one of the last seven */
		if (escapes[c] == 0) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '\\';
		*at++ = escapes[c];
		if (escapes[c] == 'u') {
			memcpy(at, "00", 2);
			at[2] = hex[c >> 4];
			at[3] = hex[c & 15];
			at += 4;
		}
	}
	return at;
}

static void
write_text(struct writer *w, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	need(w, ESCAPE_MAX * STEP + 16);
	*w->at++ = '"';
	while (end - bytes > STEP) {
		w->at = put_escaped(w->at, bytes, bytes + STEP);
		bytes += STEP;
		need(w, ESCAPE_MAX * STEP + 16);
	}
	if (bytes < end)
		w->at = put_escaped(w->at, bytes, end);
	*w->at++ = '"';
}

/* A value that is JSON already; a newline can only stand between its tokens. */
static void
write_json(struct writer *w, const char *bytes, size_t length)
{
	do {
		size_t step = length < STEP ? length : STEP;
		char *newline, *from;

		need(w, STEP);
		from = w->at;
		put(w, bytes, step);
		while ((newline = memchr(from, '\n', (size_t)(w->at - from))) != NULL) {
			*newline = ' ';
			from = newline + 1;
		}
		bytes += step;
		length -= step;
	} while (length > 0);
}

static char *
put_hex(char *at, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	return at;
}

static void
write_bytea(struct writer *w, const char *bytes, size_t length)
{
	need(w, SMALL);
	PUT(w, "\"\\\\x");
	while (length > 0) {
		size_t step = length < STEP ? length : STEP;

		need(w, 2 * STEP);
		w->at = put_hex(w->at, bytes, step);
		bytes += step;
		length -= step;
	}
	need(w, 1);
	*w->at++ = '"';
}

static void
write_uuid(struct writer *w, const char *bytes)
{
	static const char lengths[] = { 4, 2, 2, 2, 6 };

	for (size_t i = 0; i < sizeof lengths; i++) {
		*w->at++ = i == 0 ? '"' : '-';
		w->at = put_hex(w->at, bytes, (size_t)lengths[i]);
		bytes += lengths[i];
	}
	*w->at++ = '"';
}

/* ---- numbers ---- */

static void
write_double(struct writer *w, double value)
{
	bool quoted = !__builtin_isfinite(value);

	if (quoted)
		*w->at++ = '"';
	w->at = rc_decimal_put_double(w->at, value);
	if (quoted)
		*w->at++ = '"';
}

static void
write_float(struct writer *w, float value)
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
		unsigned group = i < count ? get_16(groups + 2 * i) : 0;

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
		at = rc_decimal_put_4(at, i >= 0 && i < count ? get_16(groups + 2 * i) : 0);
	return end;
}

/* numeric_send() of numeric.c: the count of groups of four digits, the first one's weight, the sign, the scale, the groups. */
static void
write_numeric(struct writer *w, const char *bytes, size_t length)
{
	int count, weight, scale;
	unsigned sign;

	if (length < 8 || length != 8 + (size_t)2 * get_16(bytes))
		not_understood("a numeric of another length than it says");
	count = get_16(bytes);
	weight = (int16_t)get_16(bytes + 2);
	sign = get_16(bytes + 4);
	scale = get_16(bytes + 6);
	for (int i = 0; i < count; i++)
		if (get_16(bytes + 8 + 2 * i) > 9999)
			not_understood("a numeric with a group of more than four digits");
	need(w, SMALL + (size_t)4 * (size_t)(weight < 0 ? 0 : weight) + (size_t)scale);
	switch (sign) {
	case 0x4000:
		*w->at++ = '-';
		break;
	case 0xC000:
		PUT(w, "\"NaN\"");
		return;
	case 0xD000:
		PUT(w, "\"Infinity\"");
		return;
	case 0xF000:
		PUT(w, "\"-Infinity\"");
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
put_date(struct writer *w, int64_t days)
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
put_end_of_date(struct writer *w, bool before)
{
	if (before)
		PUT(w, " BC\"");
	else
		PUT(w, "\"");
}

static void
write_date(struct writer *w, int32_t days)
{
	if (days == INT32_MAX || days == INT32_MIN) {
		if (days == INT32_MAX)
			PUT(w, "\"infinity\"");
		else
			PUT(w, "\"-infinity\"");
		return;
	}
	*w->at++ = '"';
	put_end_of_date(w, put_date(w, days));
}

/* MICROSECONDS since 2000-01-01 00:00; ZONE is what stands behind the time. */
static void
write_timestamp(struct writer *w, int64_t microseconds, const char *zone)
{
	const int64_t day_length = INT64_C(86400000000);
	int64_t day, of_day;
	unsigned second, fraction;
	bool before;

	if (microseconds == INT64_MAX || microseconds == INT64_MIN) {
		if (microseconds == INT64_MAX)
			PUT(w, "\"infinity\"");
		else
			PUT(w, "\"-infinity\"");
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
	put(w, zone, strlen(zone));
	put_end_of_date(w, before);
}

/* ---- values ---- */

static void
check_length(size_t length, size_t expected)
{
	if (length != expected)
		not_understood("a value of another length than its type has");
}

static void
write_value(struct writer *w, enum rc_row_kind kind, const char *bytes, size_t length)
{
	uint64_t bits_64;
	uint32_t bits_32;
	double value_64;
	float value_32;

	need(w, SMALL);
	switch (kind) {
	case RC_ROW_BOOL:
		check_length(length, 1);
		if (*bytes != 0)
			PUT(w, "true");
		else
			PUT(w, "false");
		return;
	case RC_ROW_INT2:
		check_length(length, 2);
		w->at = rc_decimal_put_signed(w->at, (int16_t)get_16(bytes));
		return;
	case RC_ROW_INT4:
		check_length(length, 4);
		w->at = rc_decimal_put_signed(w->at, (int32_t)get_32(bytes));
		return;
	case RC_ROW_INT8:
		check_length(length, 8);
		w->at = rc_decimal_put_signed(w->at, (int64_t)get_64(bytes));
		return;
	case RC_ROW_OID:
		check_length(length, 4);
		*w->at++ = '"';
		w->at = rc_decimal_put(w->at, get_32(bytes));
		*w->at++ = '"';
		return;
	case RC_ROW_FLOAT4:
		check_length(length, 4);
		bits_32 = get_32(bytes);
		memcpy(&value_32, &bits_32, 4);
		write_float(w, value_32);
		return;
	case RC_ROW_FLOAT8:
		check_length(length, 8);
		bits_64 = get_64(bytes);
		memcpy(&value_64, &bits_64, 8);
		write_double(w, value_64);
		return;
	case RC_ROW_NUMERIC:
		write_numeric(w, bytes, length);
		return;
	case RC_ROW_TEXT:
		write_text(w, bytes, length);
		return;
	case RC_ROW_UUID:
		check_length(length, 16);
		write_uuid(w, bytes);
		return;
	case RC_ROW_DATE:
		check_length(length, 4);
		write_date(w, (int32_t)get_32(bytes));
		return;
	case RC_ROW_TIMESTAMP:
		check_length(length, 8);
		write_timestamp(w, (int64_t)get_64(bytes), "");
		return;
	case RC_ROW_TIMESTAMPTZ:
		check_length(length, 8);
		write_timestamp(w, (int64_t)get_64(bytes), "+00:00");
		return;
	case RC_ROW_JSONB:
		if (length < 1 || *bytes != 1)
			not_understood("jsonb of another version than 1");
		write_json(w, bytes + 1, length - 1);
		return;
	case RC_ROW_OTHER:	/* to_json() gave it */
	case RC_ROW_JSON:
		write_json(w, bytes, length);
		return;
	case RC_ROW_BYTEA:
		write_bytea(w, bytes, length);
		return;
	}
}

/* What of an array is still to be written. */
struct array {
	enum rc_row_kind kind;
	const char *at, *end;
	const char *sizes;	/* of the dimensions: pairs of numbers of 32 bits */
	unsigned dimensions;
};

static size_t
get_length(const char **at, const char *end)
{
	size_t length;

	if (end - *at < 4)
		not_understood("a row that is cut short");
	length = get_32(*at);
	*at += 4;
	if (length != UINT32_MAX && length > (size_t)(end - *at))
		not_understood("a value that is longer than its row");
	return length;
}

static void
write_element(struct writer *w, struct array *array)
{
	size_t length = get_length(&array->at, array->end);

	need(w, SMALL);
	if (length == UINT32_MAX) {
		PUT(w, "null");
		return;
	}
	write_value(w, array->kind, array->at, length);
	array->at += length;
}

/* One array of the dimension DEPTH; no deeper than DIMENSIONS_MAX. */
static void
write_dimension(struct writer *w, struct array *array, unsigned depth)
{
	uint32_t size = get_32(array->sizes + 8 * depth);

	need(w, SMALL);
	*w->at++ = '[';
	for (uint32_t i = 0; i < size; i++) {
		if (i > 0) {
			need(w, SMALL);
			*w->at++ = ',';
		}
		if (depth + 1 < array->dimensions)
			write_dimension(w, array, depth + 1);
		else
			write_element(w, array);
	}
	need(w, SMALL);
	*w->at++ = ']';
}

/* array_send() of arrayfuncs.c: the count of dimensions, flags, the element's type, size and lower bound of each, the elements. */
static void
write_array(struct writer *w, const struct rc_row_shape *shape, const char *bytes, size_t length)
{
	struct array array = { .kind = shape->kind, .end = bytes + length };

	if (length < 12)
		not_understood("an array that is cut short");
	array.dimensions = get_32(bytes);
	if (get_32(bytes + 8) != shape->type->oid)
		not_understood("an array of another type than its column has");
	if (array.dimensions > DIMENSIONS_MAX || length < 12 + (size_t)8 * array.dimensions)
		not_understood("an array with too many dimensions");
	array.sizes = bytes + 12;
	array.at = array.sizes + (size_t)8 * array.dimensions;
	need(w, SMALL);
	if (array.dimensions == 0)
		PUT(w, "[]");
	else
		write_dimension(w, &array, 0);
	if (array.at != array.end)
		not_understood("an array that is longer than it says");
}

/* ---- rows ---- */

/* Writes the row whose values begin at AT; the place behind it. */
static const char *
write_row(struct writer *w, const struct rc_row_decoder *decoder, const char *at, const char *end)
{
	for (size_t i = 0; i < decoder->count; i++) {
		const struct rc_row_shape *shape = &decoder->columns[i].shape;
		const struct rc_buf *head = &decoder->heads[i];
		size_t length = get_length(&at, end);

		need(w, head->length + SMALL);
		put(w, head->bytes, head->length);
		if (length == UINT32_MAX) {
			PUT(w, "null");
			continue;
		}
		if (shape->is_array)
			write_array(w, shape, at, length);
		else
			write_value(w, shape->kind, at, length);
		at += length;
	}
	need(w, SMALL);
	if (decoder->count == 0)
		*w->at++ = '{';
	*w->at++ = '}';
	return at;
}

/* A row's key for a message: the values of the key's columns, or of the first one, as far as they are short. */
static void
describe_key(const struct rc_row_decoder *decoder, const char *at, const char *end, struct rc_buf *key)
{
	struct writer w = {0};
	bool has_key = false;

	for (size_t i = 0; i < decoder->count; i++)
		has_key = has_key || decoder->columns[i].is_key;
	for (size_t i = 0; i < decoder->count; i++) {
		const struct rc_row_shape *shape = &decoder->columns[i].shape;
		size_t length = get_length(&at, end);

		if (length == UINT32_MAX)
			continue;
		if ((has_key ? decoder->columns[i].is_key : i == 0) && length <= KEY_MAX && !shape->is_array) {
			make_room(&w, 0);
			write_value(&w, shape->kind, at, length);
			rc_buf_printf(key, "%s%s=%.*s", key->length > 0 ? ", " : "", decoder->columns[i].name,
			    w.at - w.scratch.bytes > KEY_MAX ? KEY_MAX : (int)(w.at - w.scratch.bytes), w.scratch.bytes);
			w.at = w.scratch.bytes;
		}
		at += length;
	}
	rc_buf_free(&w.scratch);
}

/* Ends the process where the row would make a record that no reader of ours takes. */
static void
measure(const struct rc_row_decoder *decoder, const char *at, const char *end)
{
	struct rc_buf key = {0};
	struct writer w = {0};

	make_room(&w, 0);
	write_row(&w, decoder, at, end);
	if (w.measured + (size_t)(w.at - w.scratch.bytes) > RC_RECORD_MAX) {
		describe_key(decoder, at, end, &key);
		rc_die(RC_FATAL, "row %llu (%s) makes a record of more than %zu bytes", decoder->rows + 1,
		    key.length > 0 ? rc_buf_text(&key) : "its key is not short", RC_RECORD_MAX);
	}
	rc_buf_free(&w.scratch);
}

static const char *
skip_header(const char *at, const char *end)
{
	const size_t fixed = sizeof signature + 8;
	size_t extension;

	if ((size_t)(end - at) < fixed || memcmp(at, signature, sizeof signature) != 0)
		not_understood("no header of COPY binary");
	if (get_32(at + sizeof signature) != 0)
		not_understood("COPY binary with unknown flags");
	extension = get_32(at + sizeof signature + 4);
	if ((size_t)(end - at) - fixed < extension)
		not_understood("a header that is cut short");
	return at + fixed + extension;
}

static const char *
decode_row(struct rc_row_decoder *decoder, const char *at, const char *end, struct rc_output *output)
{
	struct writer w = { .output = output };

	if (end - at > MEASURED)
		measure(decoder, at, end);
	w.at = output->buffer.bytes + output->buffer.length;
	w.end = output->buffer.bytes + output->buffer.room;
	need(&w, ROOM / 2);
	if (decoder->rows > 0)
		put(&w, decoder->between, strlen(decoder->between));
	at = write_row(&w, decoder, at, end);
	output->buffer.length = (size_t)(w.at - output->buffer.bytes);
	rc_output_end_line(output);
	decoder->rows++;
	return at;
}

void
rc_row_decode(struct rc_row_decoder *decoder, const char *bytes, size_t length, struct rc_output *output)
{
	const char *end = bytes + length;

	if (!decoder->begun)
		bytes = skip_header(bytes, end);
	decoder->begun = true;
	while (bytes < end) {
		uint16_t count;

		if (decoder->ended || end - bytes < 2)
			not_understood("bytes after the last row");
		count = get_16(bytes);
		bytes += 2;
		if (count == UINT16_MAX)
			decoder->ended = true;
		else if (count == decoder->count)
			bytes = decode_row(decoder, bytes, end, output);
		else
			not_understood("a row with another count of columns");
	}
}

void
rc_row_decoder_open(struct rc_row_decoder *decoder, const struct rc_row_column *columns, size_t count, const char *between)
{
	*decoder = (struct rc_row_decoder){ .columns = columns, .count = count, .between = between };
	decoder->heads = rc_alloc(rc_size_mul(count + 1, sizeof *decoder->heads));
	for (size_t i = 0; i < count; i++) {
		struct writer w = {0};

		make_room(&w, 0);
		*w.at++ = i == 0 ? '{' : ',';
		write_text(&w, columns[i].name, strlen(columns[i].name));
		*w.at++ = ':';
		decoder->heads[i] = (struct rc_buf){0};
		rc_buf_add(&decoder->heads[i], w.scratch.bytes, (size_t)(w.at - w.scratch.bytes));
		rc_buf_free(&w.scratch);
	}
}

void
rc_row_decoder_restart(struct rc_row_decoder *decoder)
{
	decoder->begun = decoder->ended = false;
}

void
rc_row_decoder_free(struct rc_row_decoder *decoder)
{
	for (size_t i = 0; i < decoder->count; i++)
		rc_buf_free(&decoder->heads[i]);
	free(decoder->heads);
	*decoder = (struct rc_row_decoder){0};
}

#include "rc_row_encode_value.h"

#include <string.h>

#include "rc_json.h"
#include "rc_row_moment.h"
#include "rc_row_number.h"

enum {
	NAME_MAX = 63,		/* NAMEDATALEN - 1 */
	BPCHAR = 1042, NAME = 19,
};

/* The value without its quotes, where it is a string without escapes; else as it is. */
static struct rc_row_value
unquote(struct rc_row_value value)
{
	if (*value.text == '"' && memchr(value.text, '\\', value.length) == NULL)
		return (struct rc_row_value){ value.text + 1, value.length - 2 };
	return value;
}

static bool
is_word(struct rc_row_value value, const char *word)
{
	return value.length == strlen(word) && memcmp(value.text, word, value.length) == 0;
}

/* ---- bool, numbers ---- */

static bool
encode_bool(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	struct rc_row_value word = unquote(value);

	if (!is_word(word, "true") && !is_word(word, "false"))
		return rc_row_refuse_kind(error, "true or false", value);
	rc_field_add8(out, *word.text == 't');
	return true;
}

static bool
refuse_number(struct rc_row_error *error, enum rc_number number, const char *expected, const char *type, struct rc_row_value value)
{
	switch (number) {
	case RC_NUMBER_LARGE:
		return rc_row_refuse(error, "22003", "%.*s%s is out of range for %s", rc_row_shown(value), value.text,
		    value.length > RC_ROW_SHOWN_MAX ? "..." : "", type);
	case RC_NUMBER_PRECISE:
		return rc_row_refuse(error, "22003", "%.*s%s has more decimals than the column keeps", rc_row_shown(value), value.text,
		    value.length > RC_ROW_SHOWN_MAX ? "..." : "");
	default:
		return rc_row_refuse_kind(error, expected, value);
	}
}

static bool
encode_integer(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const struct range { int64_t min, max; } ranges[] = {
		[RC_ROW_INT2] = { INT16_MIN, INT16_MAX }, [RC_ROW_INT4] = { INT32_MIN, INT32_MAX },
		[RC_ROW_INT8] = { INT64_MIN, INT64_MAX }, [RC_ROW_OID] = { 0, UINT32_MAX },
	};
	const struct range *range = &ranges[target->shape.kind];
	struct rc_row_value digits = unquote(value);
	enum rc_number number;
	int64_t result;

	number = rc_number_integer(digits.text, digits.length, range->min, range->max, &result);
	if (number != RC_NUMBER_OK)
		return refuse_number(error, number, "a whole number", target->shape.type->name, value);
	if (target->shape.kind == RC_ROW_INT2)
		rc_field_add16(out, (unsigned)result & 0xffff);
	else if (target->shape.kind == RC_ROW_INT8)
		rc_field_add64(out, (uint64_t)result);
	else
		rc_field_add32(out, (uint32_t)result);
	return true;
}

/* Which of the three values that are no JSON numbers it is: NaN 0, Infinity 1, -Infinity 2; else -1. */
static int
special(struct rc_row_value value)
{
	static const char *const words[] = { "NaN", "Infinity", "-Infinity" };

	if (*value.text != '"')
		return -1;
	for (int i = 0; i < 3; i++)
		if (is_word(unquote(value), words[i]))
			return i;
	return -1;
}

static bool
encode_double(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const uint64_t specials[] = { 0x7ff8000000000000, 0x7ff0000000000000, 0xfff0000000000000 };
	struct rc_row_value digits = unquote(value);
	enum rc_number number;
	int word = special(value);
	uint64_t bits;
	double result;

	if (word >= 0) {
		rc_field_add64(out, specials[word]);
		return true;
	}
	if ((number = rc_number_double(digits.text, digits.length, &result)) != RC_NUMBER_OK)
		return refuse_number(error, number, "a number", "float8", value);
	memcpy(&bits, &result, sizeof bits);
	rc_field_add64(out, bits);
	return true;
}

static bool
encode_float(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const uint32_t specials[] = { 0x7fc00000, 0x7f800000, 0xff800000 };
	struct rc_row_value digits = unquote(value);
	enum rc_number number;
	int word = special(value);
	uint32_t bits;
	float result;

	if (word >= 0) {
		rc_field_add32(out, specials[word]);
		return true;
	}
	if ((number = rc_number_float(digits.text, digits.length, &result)) != RC_NUMBER_OK)
		return refuse_number(error, number, "a number", "float4", value);
	memcpy(&bits, &result, sizeof bits);
	rc_field_add32(out, bits);
	return true;
}

static bool
encode_numeric(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const unsigned specials[] = { 0xc000, 0xd000, 0xf000 };	/* NUMERIC_NAN, _PINF, _NINF of numeric.c */
	struct rc_row_value digits = unquote(value);
	size_t from = rc_field_begin(out);
	enum rc_number number;
	int word = special(value);

	if (word > 0 && target->typmod >= 4)
		return refuse_number(error, RC_NUMBER_LARGE, "", "the column's numeric", value);
	if (word >= 0) {
		char *to = rc_buf_reserve(out, 8);

		memset(to, 0, 8);
		rc_put16(to + 4, specials[word]);
		out->length += 8;
	} else if ((number = rc_number_numeric(digits.text, digits.length, target->typmod, out)) != RC_NUMBER_OK) {
		return refuse_number(error, number, "a number", target->typmod >= 4 ? "the column's numeric" : "numeric", value);
	}
	rc_field_end(out, from);
	return true;
}

/* ---- text ---- */

/* The characters of UTF-8. */
static size_t
count_characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Adds the string's bytes, its escapes decoded; false where it is none that text can hold. */
static bool
add_string(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	char *text, *end;

	if (*value.text != '"')
		return rc_row_refuse_kind(error, "a string", value);
	if (memchr(value.text, '\\', value.length) == NULL) {
		rc_buf_add(out, value.text + 1, value.length - 2);
		return true;
	}
	text = rc_buf_reserve(out, value.length);
	if ((end = rc_json_decode_to(text, value.text, value.length)) == NULL)
		return rc_row_refuse(error, "22P05", "a lone surrogate, which is no character");
	if (memchr(text, '\0', (size_t)(end - text)) != NULL)
		return rc_row_refuse(error, "22P05", "\\u0000, which text can't hold");
	out->length += (size_t)(end - text);
	return true;
}

static bool
encode_text(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	size_t from = rc_field_begin(out), length;

	if (!add_string(value, out, error))
		return false;
	length = out->length - from;
	if (target->shape.type->oid == NAME && length > NAME_MAX)
		return rc_row_refuse(error, "22001", "%zu bytes are too long for name", length);
	if (target->typmod >= 4 && length > (size_t)target->typmod - 4) {	/* varchar and char(n): n and 4 */
		size_t most = (size_t)target->typmod - 4;

		if (target->shape.type->oid == BPCHAR)	/* blanks at its end mean nothing */
			while (length > 0 && out->bytes[from + length - 1] == ' ')
				length--;
		if ((length = count_characters(out->bytes + from, length)) > most)
			return rc_row_refuse(error, "22001", "%zu characters are too long for %s(%zu)", length,
			    target->shape.type->oid == BPCHAR ? "char" : "varchar", most);
	}
	rc_field_end(out, from);
	return true;
}

/* What a hex digit stands for and one more; 0 where it is none. */
static const unsigned char hex_digits[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Reads two hex digits into a byte; false where they are none. */
static inline bool
read_hex(const char *from, char *to)
{
	unsigned high = hex_digits[(unsigned char)from[0]], low = hex_digits[(unsigned char)from[1]];

	*to = (char)((high - 1) << 4 | (low - 1));
	return high != 0 && low != 0;
}

static bool
encode_bytea(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	const char *p = value.text + 4, *stop = value.text + value.length - 1;
	size_t from = rc_field_begin(out);

	if (value.length < 5 || memcmp(value.text, "\"\\\\x", 4) != 0 || (stop - p) % 2 != 0)
		return rc_row_refuse_kind(error, "\"\\\\x and pairs of hex digits", value);
	for (char *to = rc_buf_reserve(out, (size_t)(stop - p) / 2); p < stop; p += 2) {
		if (!read_hex(p, to++))
			return rc_row_refuse_kind(error, "\"\\\\x and pairs of hex digits", value);
		out->length++;
	}
	rc_field_end(out, from);
	return true;
}

static bool
encode_uuid(struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	enum { LENGTH = 38, SIZE = 16 };
	static const char dashes[] = { 9, 14, 19, 24 }, pairs[SIZE] = { 1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35 };
	size_t from = rc_field_begin(out);
	char *to = rc_buf_reserve(out, SIZE);
	bool good = value.length == LENGTH && *value.text == '"';

	for (size_t i = 0; good && i < sizeof dashes; i++)
		good = value.text[(int)dashes[i]] == '-';
	for (size_t i = 0; good && i < SIZE; i++)
		good = read_hex(value.text + pairs[i], to + i);
	if (!good)
		return rc_row_refuse_kind(error, "a UUID", value);
	out->length += SIZE;
	rc_field_end(out, from);
	return true;
}

/* ---- dates and times ---- */

static bool
refuse_moment(struct rc_row_error *error, enum rc_moment moment, const char *type, struct rc_row_value value)
{
	switch (moment) {
	case RC_MOMENT_ABSENT:
		return rc_row_refuse(error, "22008", "no calendar or clock has %.*s", rc_row_shown(value), value.text);
	case RC_MOMENT_FAR:
		return rc_row_refuse(error, "22008", "%.*s is out of range for %s", rc_row_shown(value), value.text, type);
	case RC_MOMENT_PRECISE:
		return rc_row_refuse(error, "22008", "%.*s has more decimals than the column keeps", rc_row_shown(value), value.text);
	case RC_MOMENT_ZONE:
		return rc_row_refuse(error, "22007", strcmp(type, "timestamptz") == 0 ? "%.*s has no time zone" :
		    "%.*s has a time zone, which the column would drop", rc_row_shown(value), value.text);
	default:
		return rc_row_refuse(error, "22007", "expected a %s, not %.*s%s", type, rc_row_shown(value), value.text,
		    value.length > RC_ROW_SHOWN_MAX ? "..." : "");
	}
}

static bool
encode_moment(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	struct rc_row_value text = *value.text == '"' ? unquote(value) : (struct rc_row_value){ "", 0 };
	enum rc_moment moment;
	int64_t microseconds;
	int32_t days;

	if (target->shape.kind == RC_ROW_DATE) {
		if ((moment = rc_moment_date(text.text, text.length, &days)) == RC_MOMENT_OK)
			rc_field_add32(out, (uint32_t)days);
	} else {
		moment = rc_moment_timestamp(text.text, text.length, target->shape.kind == RC_ROW_TIMESTAMPTZ, target->typmod, &microseconds);
		if (moment == RC_MOMENT_OK)
			rc_field_add64(out, (uint64_t)microseconds);
	}
	return moment == RC_MOMENT_OK || refuse_moment(error, moment, target->shape.type->name, value);
}

/* ---- JSON ---- */

/* Whether jsonb can hold the string that begins at P, whose end is set. */
static bool
check_jsonb_string(const char **p, const char *stop, struct rc_row_error *error)
{
	struct rc_json_error ignored;
	const char *start = *p, *close;
	unsigned flags = 0;

	close = rc_json_scan_string(start + 1, stop, &flags, &ignored);	/* it was read before: it has an end */
	*p = close + 1;
	if (flags & RC_JSON_LONE_SURROGATE)
		return rc_row_refuse(error, "22P02", "a lone surrogate, which jsonb can't hold");
	if (flags & RC_JSON_ESCAPED)
		for (const char *q = start + 1; (q = memchr(q, '\\', (size_t)(close - q))) != NULL; q += 2)
			if (memcmp(q + 1, "u0000", 5) == 0)
				return rc_row_refuse(error, "22P05", "\\u0000, which jsonb can't hold");
	return true;
}

/* Whether jsonb can hold the value: its numbers are numeric, and its strings text. */
static bool
check_jsonb(struct rc_row_value value, struct rc_buf *scratch, struct rc_row_error *error)
{
	const char *p = value.text, *stop = value.text + value.length;

	while (p < stop) {
		if (*p == '"') {
			if (!check_jsonb_string(&p, stop, error))
				return false;
		} else if (*p == '-' || (*p >= '0' && *p <= '9')) {
			struct rc_row_value number = { p, strspn(p, "-+.0123456789eE") };
			size_t before = scratch->length;

			p += number.length;
			if (number.length < 1000 && memchr(number.text, 'e', number.length) == NULL && memchr(number.text, 'E', number.length) == NULL)
				continue;
			if (rc_number_numeric(number.text, number.length, -1, scratch) != RC_NUMBER_OK)
				return refuse_number(error, RC_NUMBER_LARGE, "", "a number in jsonb", number);
			scratch->length = before;
		} else {
			p++;
		}
	}
	return true;
}

static bool
encode_json(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	size_t from = rc_field_begin(out);

	if (target->shape.kind == RC_ROW_JSONB) {
		if (!check_jsonb(value, out, error))
			return false;
		rc_buf_add(out, "\1", 1);	/* the version of the form */
	}
	rc_buf_add(out, value.text, value.length);
	rc_field_end(out, from);
	return true;
}

/* ---- any of them ---- */

bool
rc_row_encode_value(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	if (*value.text == 'n') {
		rc_field_add_null(out);
		return true;
	}
	switch (target->shape.kind) {
	case RC_ROW_BOOL: return encode_bool(value, out, error);
	case RC_ROW_INT2: case RC_ROW_INT4: case RC_ROW_INT8: case RC_ROW_OID: return encode_integer(target, value, out, error);
	case RC_ROW_FLOAT4: return encode_float(value, out, error);
	case RC_ROW_FLOAT8: return encode_double(value, out, error);
	case RC_ROW_NUMERIC: return encode_numeric(target, value, out, error);
	case RC_ROW_TEXT: return encode_text(target, value, out, error);
	case RC_ROW_UUID: return encode_uuid(value, out, error);
	case RC_ROW_DATE: case RC_ROW_TIMESTAMP: case RC_ROW_TIMESTAMPTZ: return encode_moment(target, value, out, error);
	case RC_ROW_JSON: case RC_ROW_JSONB: return encode_json(target, value, out, error);
	case RC_ROW_BYTEA: return encode_bytea(value, out, error);
	case RC_ROW_OTHER: break;
	}
	return rc_row_refuse(error, "0A000", "a type that has no binary form here");
}

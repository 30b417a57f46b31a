#include "rc_row_encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rc_json.h"
#include "rc_row_moment.h"
#include "rc_row_number.h"

enum {
	NAME_MAX = 63,		/* NAMEDATALEN - 1 */
	BPCHAR = 1042, NAME = 19,
	DIMENSIONS_MAX = 6,	/* MAXDIM */
	SHOWN_MAX = 40,		/* bytes of a value in a message */
};

/* A value's text. */
struct value {
	const char *text;
	size_t length;
};

static bool
refuse(struct rc_row_error *error, const char *sqlstate, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool
refuse(struct rc_row_error *error, const char *sqlstate, const char *format, ...)
{
	va_list args;

	error->sqlstate = sqlstate;
	va_start(args, format);
	vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	return false;
}

/* How much of a value a message shows; whole characters. */
static int
shown(struct value value)
{
	size_t length = value.length;

	if (length <= SHOWN_MAX)
		return (int)length;
	for (length = SHOWN_MAX; length > 0 && ((unsigned char)value.text[length] & 0xc0) == 0x80; )
		length--;
	return (int)length;
}

static bool
refuse_kind(struct rc_row_error *error, const char *expected, struct value value)
{
	return refuse(error, "22P02", "expected %s, not %.*s%s", expected, shown(value), value.text, value.length > SHOWN_MAX ? "..." : "");
}

/* The value without its quotes, where it is a string without escapes; else as it is. */
static struct value
unquote(struct value value)
{
	if (*value.text == '"' && memchr(value.text, '\\', value.length) == NULL)
		return (struct value){ value.text + 1, value.length - 2 };
	return value;
}

static bool
is_word(struct value value, const char *word)
{
	return value.length == strlen(word) && memcmp(value.text, word, value.length) == 0;
}

/* ---- fixed sizes ---- */

static void
add8(struct rc_buf *out, char value)
{
	char *to = rc_buf_reserve(out, 5);

	rc_put32(to, 1);
	to[4] = value;
	out->length += 5;
}

static void
add16(struct rc_buf *out, unsigned value)
{
	char *to = rc_buf_reserve(out, 6);

	rc_put32(to, 2);
	rc_put16(to + 4, value);
	out->length += 6;
}

static void
add32(struct rc_buf *out, uint32_t value)
{
	char *to = rc_buf_reserve(out, 8);

	rc_put32(to, 4);
	rc_put32(to + 4, value);
	out->length += 8;
}

static void
add64(struct rc_buf *out, uint64_t value)
{
	char *to = rc_buf_reserve(out, 12);

	rc_put32(to, 8);
	rc_put64(to + 4, value);
	out->length += 12;
}

/* Leaves room for a length that is known only behind the field; gives its place. */
static size_t
begin(struct rc_buf *out)
{
	rc_buf_reserve(out, 4);
	out->length += 4;
	return out->length;
}

static void
end(struct rc_buf *out, size_t from)
{
	rc_put32(out->bytes + from - 4, (uint32_t)(out->length - from));
}

/* ---- bool, numbers ---- */

static bool
encode_bool(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	struct value word = unquote(value);

	if (!is_word(word, "true") && !is_word(word, "false"))
		return refuse_kind(error, "true or false", value);
	add8(out, *word.text == 't');
	return true;
}

static bool
refuse_number(struct rc_row_error *error, enum rc_number number, const char *expected, const char *type, struct value value)
{
	switch (number) {
	case RC_NUMBER_LARGE:
		return refuse(error, "22003", "%.*s%s is out of range for %s", shown(value), value.text, value.length > SHOWN_MAX ? "..." : "", type);
	case RC_NUMBER_PRECISE:
		return refuse(error, "22003", "%.*s%s has more decimals than the column keeps", shown(value), value.text,
		    value.length > SHOWN_MAX ? "..." : "");
	default:
		return refuse_kind(error, expected, value);
	}
}

static bool
encode_integer(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const struct range { int64_t min, max; } ranges[] = {
		[RC_ROW_INT2] = { INT16_MIN, INT16_MAX }, [RC_ROW_INT4] = { INT32_MIN, INT32_MAX },
		[RC_ROW_INT8] = { INT64_MIN, INT64_MAX }, [RC_ROW_OID] = { 0, UINT32_MAX },
	};
	const struct range *range = &ranges[target->shape.kind];
	struct value digits = unquote(value);
	enum rc_number number;
	int64_t result;

	number = rc_number_integer(digits.text, digits.length, range->min, range->max, &result);
	if (number != RC_NUMBER_OK)
		return refuse_number(error, number, "a whole number", target->shape.type->name, value);
	if (target->shape.kind == RC_ROW_INT2)
		add16(out, (unsigned)result & 0xffff);
	else if (target->shape.kind == RC_ROW_INT8)
		add64(out, (uint64_t)result);
	else
		add32(out, (uint32_t)result);
	return true;
}

/* Which of the three values that are no JSON numbers it is: NaN 0, Infinity 1, -Infinity 2; else -1. */
static int
special(struct value value)
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
encode_double(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const uint64_t specials[] = { 0x7ff8000000000000, 0x7ff0000000000000, 0xfff0000000000000 };
	struct value digits = unquote(value);
	enum rc_number number;
	int word = special(value);
	uint64_t bits;
	double result;

	if (word >= 0) {
		add64(out, specials[word]);
		return true;
	}
	if ((number = rc_number_double(digits.text, digits.length, &result)) != RC_NUMBER_OK)
		return refuse_number(error, number, "a number", "float8", value);
	memcpy(&bits, &result, sizeof bits);
	add64(out, bits);
	return true;
}

static bool
encode_float(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const uint32_t specials[] = { 0x7fc00000, 0x7f800000, 0xff800000 };
	struct value digits = unquote(value);
	enum rc_number number;
	int word = special(value);
	uint32_t bits;
	float result;

	if (word >= 0) {
		add32(out, specials[word]);
		return true;
	}
	if ((number = rc_number_float(digits.text, digits.length, &result)) != RC_NUMBER_OK)
		return refuse_number(error, number, "a number", "float4", value);
	memcpy(&bits, &result, sizeof bits);
	add32(out, bits);
	return true;
}

static bool
encode_numeric(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const unsigned specials[] = { 0xc000, 0xd000, 0xf000 };	/* NUMERIC_NAN, _PINF, _NINF of numeric.c */
	struct value digits = unquote(value);
	size_t from = begin(out);
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
	end(out, from);
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
add_string(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	const char *text = value.text + 1;
	size_t length = value.length - 2;
	struct rc_arena arena = {0};

	if (*value.text != '"')
		return refuse_kind(error, "a string", value);
	if (memchr(text, '\\', length) == NULL) {
		rc_buf_add(out, text, length);
		return true;
	}
	if ((text = rc_json_decode(&arena, value.text, value.length, &length)) == NULL) {
		rc_arena_free(&arena);
		return refuse(error, "22P05", "a lone surrogate, which is no character");
	}
	if (memchr(text, '\0', length) != NULL) {
		rc_arena_free(&arena);
		return refuse(error, "22P05", "\\u0000, which text can't hold");
	}
	rc_buf_add(out, text, length);
	rc_arena_free(&arena);
	return true;
}

static bool
encode_text(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	size_t from = begin(out), length;

	if (!add_string(value, out, error))
		return false;
	length = out->length - from;
	if (target->shape.type->oid == NAME && length > NAME_MAX)
		return refuse(error, "22001", "%zu bytes are too long for name", length);
	if (target->typmod >= 4 && length > (size_t)target->typmod - 4) {	/* varchar and char(n): n and 4 */
		size_t most = (size_t)target->typmod - 4;

		if (target->shape.type->oid == BPCHAR)	/* blanks at its end mean nothing */
			while (length > 0 && out->bytes[from + length - 1] == ' ')
				length--;
		if ((length = count_characters(out->bytes + from, length)) > most)
			return refuse(error, "22001", "%zu characters are too long for %s(%zu)", length,
			    target->shape.type->oid == BPCHAR ? "char" : "varchar", most);
	}
	end(out, from);
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
encode_bytea(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	const char *p = value.text + 4, *stop = value.text + value.length - 1;
	size_t from = begin(out);

	if (value.length < 5 || memcmp(value.text, "\"\\\\x", 4) != 0 || (stop - p) % 2 != 0)
		return refuse_kind(error, "\"\\\\x and pairs of hex digits", value);
	for (char *to = rc_buf_reserve(out, (size_t)(stop - p) / 2); p < stop; p += 2) {
		int high = hex_digit(p[0]), low = hex_digit(p[1]);

		if (high < 0 || low < 0)
			return refuse_kind(error, "\"\\\\x and pairs of hex digits", value);
		*to++ = (char)(high << 4 | low);
		out->length++;
	}
	end(out, from);
	return true;
}

static bool
encode_uuid(struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	static const char form[] = "\"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\"";
	size_t from = begin(out);
	char *to = rc_buf_reserve(out, 16);
	int count = 0;

	if (value.length != sizeof form - 1)
		return refuse_kind(error, "a UUID", value);
	for (size_t i = 0; i < sizeof form - 1; i++) {
		int digit = hex_digit(value.text[i]);

		if (form[i] == 'x' ? digit < 0 : value.text[i] != form[i])
			return refuse_kind(error, "a UUID", value);
		if (form[i] != 'x')
			continue;
		to[count / 2] = (char)(count % 2 == 0 ? digit << 4 : to[count / 2] | digit);
		count++;
	}
	out->length += 16;
	end(out, from);
	return true;
}

/* ---- dates and times ---- */

static bool
refuse_moment(struct rc_row_error *error, enum rc_moment moment, const char *type, struct value value)
{
	switch (moment) {
	case RC_MOMENT_ABSENT:
		return refuse(error, "22008", "no calendar or clock has %.*s", shown(value), value.text);
	case RC_MOMENT_FAR:
		return refuse(error, "22008", "%.*s is out of range for %s", shown(value), value.text, type);
	case RC_MOMENT_PRECISE:
		return refuse(error, "22008", "%.*s has more decimals than the column keeps", shown(value), value.text);
	case RC_MOMENT_ZONE:
		return refuse(error, "22007", strcmp(type, "timestamptz") == 0 ? "%.*s has no time zone" : "%.*s has a time zone, which the column would drop",
		    shown(value), value.text);
	default:
		return refuse(error, "22007", "expected a %s, not %.*s%s", type, shown(value), value.text, value.length > SHOWN_MAX ? "..." : "");
	}
}

static bool
encode_moment(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	struct value text = *value.text == '"' ? unquote(value) : (struct value){ "", 0 };
	enum rc_moment moment;
	int64_t microseconds;
	int32_t days;

	if (target->shape.kind == RC_ROW_DATE) {
		if ((moment = rc_moment_date(text.text, text.length, &days)) == RC_MOMENT_OK)
			add32(out, (uint32_t)days);
	} else {
		moment = rc_moment_timestamp(text.text, text.length, target->shape.kind == RC_ROW_TIMESTAMPTZ, target->typmod, &microseconds);
		if (moment == RC_MOMENT_OK)
			add64(out, (uint64_t)microseconds);
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
		return refuse(error, "22P02", "a lone surrogate, which jsonb can't hold");
	if (flags & RC_JSON_ESCAPED)
		for (const char *q = start + 1; (q = memchr(q, '\\', (size_t)(close - q))) != NULL; q += 2)
			if (memcmp(q + 1, "u0000", 5) == 0)
				return refuse(error, "22P05", "\\u0000, which jsonb can't hold");
	return true;
}

/* Whether jsonb can hold the value: its numbers are numeric, and its strings text. */
static bool
check_jsonb(struct value value, struct rc_buf *scratch, struct rc_row_error *error)
{
	const char *p = value.text, *stop = value.text + value.length;

	while (p < stop) {
		if (*p == '"') {
			if (!check_jsonb_string(&p, stop, error))
				return false;
		} else if (*p == '-' || (*p >= '0' && *p <= '9')) {
			struct value number = { p, strspn(p, "-+.0123456789eE") };
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
encode_json(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	size_t from = begin(out);

	if (target->shape.kind == RC_ROW_JSONB) {
		if (!check_jsonb(value, out, error))
			return false;
		rc_buf_add(out, "\1", 1);	/* the version of the form */
	}
	rc_buf_add(out, value.text, value.length);
	end(out, from);
	return true;
}

/* ---- one value, arrays ---- */

static bool
encode_element(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	if (*value.text == 'n') {
		rc_put32(rc_buf_reserve(out, 4), UINT32_MAX);
		out->length += 4;
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
	return refuse(error, "0A000", "a type that has no binary form here");
}

/* An array that is being read. */
struct array {
	const struct rc_row_target *target;
	const char *stop;		/* behind the whole */
	struct rc_buf *out;
	struct rc_row_error *error;
	int dimensions;			/* 0: not known before the first element that is no array */
	uint32_t lengths[DIMENSIONS_MAX];
	bool counted[DIMENSIONS_MAX], has_null;
};

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return p;
}

/* The end of the value at P, which was checked before. */
static const char *
end_of_value(const char *p, const char *stop)
{
	struct rc_json_error ignored;
	unsigned flags = 0;
	int depth = 0;

	do {
		if (*p == '"')
			p = rc_json_scan_string(p + 1, stop, &flags, &ignored);
		else if (*p == '[' || *p == '{')
			depth++;
		else if (*p == ']' || *p == '}')
			depth--;
		else if (depth == 0)
			return p + strcspn(p, ",]} \t\r\n");
		p++;
	} while (depth > 0);
	return p;
}

static bool
refuse_ragged(struct array *array)
{
	return refuse(array->error, "22P02", "arrays of different lengths or depths in one");
}

/* Reads the array at P, which is of dimension LEVEL; the place behind it, or NULL. */
static const char *
encode_dimension(struct array *array, const char *p, int level)
{
	uint32_t count = 0;

	if (level == DIMENSIONS_MAX) {
		refuse(array->error, "54000", "an array of more than %d dimensions", DIMENSIONS_MAX);
		return NULL;
	}
	for (p = skip_blanks(p + 1); *p != ']'; count++) {
		bool nested = *p == '[' && (array->dimensions == 0 || level + 1 < array->dimensions);

		if (nested) {
			if ((p = encode_dimension(array, p, level + 1)) == NULL)
				return NULL;
		} else {
			struct value element = { p, (size_t)(end_of_value(p, array->stop) - p) };

			if (array->dimensions == 0)
				array->dimensions = level + 1;
			if (array->dimensions != level + 1)
				return refuse_ragged(array) ? p : NULL;
			array->has_null |= *p == 'n';
			if (!encode_element(array->target, element, array->out, array->error))
				return NULL;
			p += element.length;
		}
		p = skip_blanks(p);
		if (*p == ',')
			p = skip_blanks(p + 1);
	}
	if (array->counted[level] && array->lengths[level] != count)
		return refuse_ragged(array) ? p : NULL;
	if (count == 0 && level > 0)
		return refuse_ragged(array) ? p : NULL;
	array->counted[level] = true;
	array->lengths[level] = count;
	return p + 1;
}

/* As array_recv of arrayfuncs.c reads it. */
static bool
encode_array(const struct rc_row_target *target, struct value value, struct rc_buf *out, struct rc_row_error *error)
{
	bool of_json = target->shape.kind == RC_ROW_JSON || target->shape.kind == RC_ROW_JSONB;
	struct array array = { .target = target, .stop = value.text + value.length, .out = out, .error = error };
	size_t from = begin(out), head, elements;
	char *to;

	if (*value.text != '[')
		return refuse_kind(error, "an array", value);
	if (of_json)	/* an array in it may be an element as well */
		array.dimensions = target->dimensions > 0 ? target->dimensions : 1;
	/* The head's size is known only behind the first element, so that the elements are moved behind it where it is larger. */
	rc_buf_reserve(out, 20);
	out->length += 20;
	elements = out->length;
	if (encode_dimension(&array, value.text, 0) == NULL)
		return false;
	if (array.lengths[0] == 0)
		array.dimensions = 0;
	head = 12 + 8 * (size_t)array.dimensions;
	if (head > 20) {
		rc_buf_reserve(out, head - 20);
		memmove(out->bytes + from + head, out->bytes + elements, out->length - elements);
	}
	out->length = head > 20 ? out->length + head - 20 : array.dimensions == 0 ? from + head : out->length;
	to = out->bytes + from;
	rc_put32(to, (uint32_t)array.dimensions);
	rc_put32(to + 4, array.has_null);
	rc_put32(to + 8, target->shape.type->oid);
	for (int i = 0; i < array.dimensions; i++) {
		rc_put32(to + 12 + 8 * i, array.lengths[i]);
		rc_put32(to + 16 + 8 * i, 1);	/* the lower bound, which JSON does not tell */
	}
	end(out, from);
	return true;
}

bool
rc_row_encode(const struct rc_row_target *target, const char *value, size_t length, struct rc_buf *out, struct rc_row_error *error)
{
	struct value whole = { value, length };

	if (target->shape.is_array && *value != 'n')
		return encode_array(target, whole, out, error);
	return encode_element(target, whole, out, error);
}

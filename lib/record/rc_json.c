#include "rc_json.h"

#include <stdlib.h>
#include <string.h>

#include "rc_json_scan.h"
#include "rc_utf8.h"

enum {
	FEW_FIELDS = 24,	/* up to here names are compared one with another, beyond by a hash table */
	FORETOLD_MAX = 2048,	/* so many names are remembered */
	FORETOLD_BYTES = 64 * 1024,
};

struct scan {
	const char *end;	/* of the text; a newline or NUL stands there */
	bool is_utf8;		/* the whole text was looked at; else each string is, which finds the place */
	struct rc_json_error *error;
};

const char *
rc_json_pad(struct rc_arena *arena, const char *bytes, size_t length)
{
	char *copy = rc_arena_alloc(arena, rc_size_add(length, 1 + RC_JSON_PAD));

	memcpy(copy, bytes, length);
	memset(copy + length, 0, 1 + RC_JSON_PAD);
	return copy;
}

static const char *
fail(struct rc_json_error *error, const char *where, const char *reason)
{
	*error = (struct rc_json_error){ .reason = reason, .where = where };
	return NULL;
}

/* A byte at P that no rule allows; at the end of the text that is a cut. */
static const char *
unexpected(const struct scan *scan, const char *p, const char *reason)
{
	return fail(scan->error, p, p >= scan->end ? "cut short" : reason);
}

static inline const char *
skip_blanks(const struct scan *scan, const char *p)
{
	if ((unsigned char)*p > ' ')	/* the usual case: none */
		return p;
	while (*p == ' ' || *p == '\t' || *p == '\r' || (*p == '\n' && p < scan->end))
		p++;
	return p;
}

/* ---- strings ---- */

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

/* The four hex digits at P as a number, or -1. */
static long
hex_unit(const char *p)
{
	long unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* The end of the escape that begins with the backslash at P, or NULL. */
static const char *
scan_escape(const char *p, unsigned *flags)
{
	long unit, low;

	*flags |= RC_JSON_ESCAPED;
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return NULL;
	}
	if ((unit = hex_unit(p + 2)) < 0)
		return NULL;
	p += 6;
	if (unit >= 0xd800 && unit <= 0xdbff && p[0] == '\\' && p[1] == 'u' &&
	    (low = hex_unit(p + 2)) >= 0xdc00 && low <= 0xdfff)
		return p + 6;
	if (unit >= 0xd800 && unit <= 0xdfff)
		*flags |= RC_JSON_LONE_SURROGATE;
	return p;
}

/* Why the string can't go on at P, a byte that ends a plain run and is no quote. */
static const char *
fail_in_string(const char *p, const char *end, struct rc_json_error *error)
{
	if (p >= end)
		return fail(error, p, "cut short");
	return fail(error, p, "a control character in a string");
}

const char *
rc_json_scan_string(const char *p, const char *end, unsigned *flags, struct rc_json_error *error)
{
	for (;;) {
		const char *stop = rc_json_skip_plain(p);

		while (p < stop) {
			size_t step = (signed char)*p >= 0 ? 1 : rc_utf8_sequence(p, end);

			if (step == 0)
				return fail(error, p, "not UTF-8");
			p += step;
		}
		if (*p == '"')
			return p;
		if (*p != '\\')
			return fail_in_string(p, end, error);
		if ((stop = scan_escape(p, flags)) == NULL)
			return fail(error, p, "an escape that JSON does not have");
		p = stop;
	}
}

/* The same from P, where a plain run ended without a quote, in text that is known to be UTF-8. */
static const char *
scan_escaped(const struct scan *scan, const char *p, unsigned *flags)
{
	do {
		const char *next;

		if (*p != '\\')
			return fail_in_string(p, scan->end, scan->error);
		if ((next = scan_escape(p, flags)) == NULL)
			return fail(scan->error, p, "an escape that JSON does not have");
		p = rc_json_skip_plain(next);
	} while (*p != '"');
	return p;
}

/* The same, without a call where the string has nothing special in it. */
static inline const char *
scan_string(const struct scan *scan, const char *p, unsigned *flags)
{
	const char *stop;

	if (!scan->is_utf8)
		return rc_json_scan_string(p, scan->end, flags, scan->error);
	stop = rc_json_skip_plain(p);
	return *stop == '"' ? stop : scan_escaped(scan, stop, flags);
}

/* The same where what the string holds does not matter. */
static inline const char *
pass_string(const struct scan *scan, const char *p)
{
	const char *stop = rc_json_skip_plain(p);

	if (*stop != '"' || !scan->is_utf8) {
		unsigned ignored = 0;

		return scan_string(scan, p, &ignored);
	}
	return stop;
}

/* ---- values ---- */

static const char *
scan_number(const struct scan *scan, const char *p)
{
	const char *start = p;

	if (*p == '-')
		p++;
	if (*p == '0')
		p++;
	else if (*p >= '1' && *p <= '9')
		p = rc_json_skip_digits(p);
	else
		return unexpected(scan, start, "not a JSON value");
	if (*p == '.') {
		if (*++p < '0' || *p > '9')
			return unexpected(scan, p, "a number without digits after the point");
		p = rc_json_skip_digits(p);
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		if (*p < '0' || *p > '9')
			return unexpected(scan, p, "a number without digits in its exponent");
		p = rc_json_skip_digits(p);
	}
	return p;
}

static const char *
scan_word(const struct scan *scan, const char *p, const char *word, size_t length)
{
	if (memcmp(p, word, length) != 0)	/* reads into the padding at most */
		return fail(scan->error, p, "not a JSON value");
	return p + length;
}

/* The end of the value that begins at P (no blanks before it), or NULL; DEPTH is that of the value itself. */
static const char *
scan_value(const struct scan *scan, const char *p, int depth)
{
	char close;

	switch (*p) {
	case '"':
		p = pass_string(scan, p + 1);
		return p == NULL ? NULL : p + 1;
	case 't':
		return scan_word(scan, p, "true", 4);
	case 'f':
		return scan_word(scan, p, "false", 5);
	case 'n':
		return scan_word(scan, p, "null", 4);
	case '{':
	case '[':
		break;
	default:
		return scan_number(scan, p);
	}

	if (depth > RC_JSON_DEPTH_MAX)
		return fail(scan->error, p, "nested more than 1000 deep");
	close = *p == '{' ? '}' : ']';
	p = skip_blanks(scan, p + 1);
	if (*p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			if (*p != '"')
				return unexpected(scan, p, "expected a name in quotes");
			if ((p = pass_string(scan, p + 1)) == NULL)
				return NULL;
			p = skip_blanks(scan, p + 1);
			if (*p != ':')
				return unexpected(scan, p, "expected ':' after a name");
			p = skip_blanks(scan, p + 1);
		}
		if ((p = scan_value(scan, p, depth + 1)) == NULL)
			return NULL;
		p = skip_blanks(scan, p);
		if (*p == close)
			return p + 1;
		if (*p != ',')
			return unexpected(scan, p, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		p = skip_blanks(scan, p + 1);
	}
}

const char *
rc_json_nested_value_end(const char *text, const char *end, int depth, bool is_utf8)
{
	struct rc_json_error error;
	struct scan scan = { .end = end, .is_utf8 = is_utf8, .error = &error };

	return scan_value(&scan, text, depth);
}

const char *
rc_json_value_end(const char *text, const char *end, bool is_utf8)
{
	return rc_json_nested_value_end(text, end, 1, is_utf8);
}

bool
rc_json_check(const char *text, size_t length, struct rc_json_error *error)
{
	struct scan scan = { .end = text + length, .is_utf8 = rc_utf8_valid_padded(text, length), .error = error };
	const char *p = scan_value(&scan, skip_blanks(&scan, text), 1);

	if (p == NULL)
		return false;
	p = skip_blanks(&scan, p);
	if (p != scan.end)
		return fail(error, p, "more text after the value") != NULL;
	return true;
}

/* ---- objects ---- */

static bool
same_name(const struct rc_json_field *a, const struct rc_json_field *b)
{
	return a->name_length == b->name_length &&
	    (a->name_length == 0 || (a->name[0] == b->name[0] && memcmp(a->name, b->name, a->name_length) == 0));
}

/* A field whose name an earlier one has, or NULL; linear in the number of fields. */
static const struct rc_json_field *
find_repeated_by_hash(struct rc_json_object *object)
{
	size_t room = 64;

	while (room < rc_size_mul(object->count, 2))
		room *= 2;
	if (room > object->seen_room) {
		object->seen = rc_realloc(object->seen, rc_size_mul(room, sizeof *object->seen));
		object->seen_room = room;
	}
	memset(object->seen, 0, room * sizeof *object->seen);	/* 0 is free, else 1 + index */
	for (size_t i = 0; i < object->count; i++) {
		size_t slot = rc_str_hash(object->fields[i].name, object->fields[i].name_length) & (room - 1);

		for (; object->seen[slot] != 0; slot = (slot + 1) & (room - 1))
			if (same_name(&object->fields[object->seen[slot] - 1], &object->fields[i]))
				return &object->fields[i];
		object->seen[slot] = i + 1;
	}
	return NULL;
}

static const struct rc_json_field *
find_repeated(struct rc_json_object *object)
{
	uint64_t filter = 0;	/* a bit for each length and few letters seen: most names need no comparison */

	if (object->count > FEW_FIELDS)
		return find_repeated_by_hash(object);
	for (size_t i = 0; i < object->count; i++) {
		const struct rc_json_field *field = &object->fields[i];
		size_t length = field->name_length;
		unsigned mix = length == 0 ? 0 : (unsigned)length + (unsigned char)field->name[0] * 33u +
		    (unsigned char)field->name[length / 2] * 1025u + (unsigned char)field->name[length - 1] * 32771u;
		uint64_t bit = UINT64_C(1) << (mix * 0x9e3779b1u >> 26);

		if (filter & bit)
			for (size_t k = 0; k < i; k++)
				if (same_name(&object->fields[k], field))
					return field;
		filter |= bit;
	}
	return NULL;
}

struct rc_json_field *
rc_json_find(const struct rc_json_object *object, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < object->count; i++) {
		struct rc_json_field *field = &object->fields[i];

		if (field->name_length == length && memcmp(field->name, name, length) == 0)
			return field;
	}
	return NULL;
}

static __attribute__((noinline)) void
grow(struct rc_json_object *object)
{
	object->room = object->room == 0 ? 16 : rc_size_mul(object->room, 2);
	object->fields = rc_realloc(object->fields, rc_size_mul(object->room, sizeof *object->fields));
}

static inline struct rc_json_field *
add_field(struct rc_json_object *object)
{
	if (object->count == object->room)
		grow(object);
	return &object->fields[object->count++];
}

struct rc_json_field *
rc_json_add_field(struct rc_json_object *object)
{
	return add_field(object);
}

/* Reads a string at the object's own level: its escapes must be whole characters. */
static const char *
scan_strict_string(const struct scan *scan, const char *p, unsigned *flags)
{
	const char *close = scan_string(scan, p + 1, flags);

	if (close != NULL && *flags & RC_JSON_LONE_SURROGATE)
		return fail(scan->error, p, "a lone surrogate in a string");
	return close;
}

/* ---- names that are foretold ---- */

/* Remembers the names of OBJECT, whose first brace is at P, with all that stands before their values; none from an escape or a newline on. */
static void
foretell(struct rc_json_object *object, const char *p)
{
	size_t count = object->count < FORETOLD_MAX ? object->count : FORETOLD_MAX;

	object->mark_count = 0;
	object->foretold.length = 0;
	if (count > object->mark_room) {
		object->marks = rc_realloc(object->marks, count * sizeof *object->marks);
		object->mark_room = count;
	}
	for (size_t i = 0; i < count; i++) {
		const struct rc_json_field *field = &object->fields[i];
		size_t length = (size_t)(field->value - p);

		if (field->name != field->raw + 1 || memchr(p, '\n', length) != NULL || object->foretold.length + length > FORETOLD_BYTES)
			break;
		object->marks[object->mark_count++] = (struct rc_json_mark){ .start = (uint32_t)object->foretold.length,
		    .length = (uint32_t)length, .name = (uint32_t)(field->name - p), .name_length = (uint32_t)field->name_length };
		rc_buf_add(&object->foretold, p, length);
		p = field->value + field->value_length;
		while (*p == ' ' || *p == '\t' || *p == '\r')
			p++;
	}
	memset(rc_buf_reserve(&object->foretold, 16), 0, 16);	/* rc_json_begins_with() reads that far */
}

/* Where the text at P, a brace or comma, goes on as foretold: notes the name, and gives the place of its value; else NULL. */
static inline const char *
read_foretold(struct rc_json_object *object, const char *p, struct rc_json_field *field)
{
	const struct rc_json_mark *mark = &object->marks[object->count - 1];

	if (object->count > object->mark_count || !rc_json_begins_with(p, object->foretold.bytes + mark->start, mark->length))
		return NULL;
	field->name = p + mark->name;
	field->raw = field->name - 1;
	field->name_length = mark->name_length;
	return p + mark->length;
}

/* ---- reading ---- */

/* Reads `"name":` at P into FIELD; the place behind the colon, or NULL. */
static const char *
read_name(const struct scan *scan, const char *p, struct rc_json_field *field, struct rc_arena *arena)
{
	const char *close;
	unsigned flags = 0;

	if (*p != '"')
		return unexpected(scan, p, "expected a name in quotes");
	if ((close = scan_strict_string(scan, p, &flags)) == NULL)
		return NULL;
	field->raw = p;
	field->name = p + 1;
	field->name_length = (size_t)(close - p - 1);
	if (flags & RC_JSON_ESCAPED)
		field->name = rc_json_decode(arena, p, (size_t)(close + 1 - p), &field->name_length);
	p = skip_blanks(scan, close + 1);
	if (*p != ':')
		return unexpected(scan, p, "expected ':' after a name");
	return p + 1;
}

/* Reads the value at P into FIELD; its end, or NULL. */
static inline const char *
read_value(const struct scan *scan, const char *p, bool lone_surrogates, struct rc_json_field *field)
{
	p = skip_blanks(scan, p);
	field->value = p;
	if (*p == '"' && !lone_surrogates) {
		unsigned flags = 0;

		p = scan_strict_string(scan, p, &flags);
		if (p != NULL)
			p++;
	} else {
		p = scan_value(scan, p, 2);
	}
	if (p == NULL) {
		scan->error->name = field->name;
		scan->error->name_length = field->name_length;
		return NULL;
	}
	field->value_length = (size_t)(p - field->value);
	return p;
}

/* Reads the fields from the brace at P to the one that closes it, behind which the place is, or NULL. */
static const char *
read_fields(struct rc_json_object *object, const struct scan *scan, const char *p, struct rc_arena *arena)
{
	const char *value;

	object->same_names = true;
	for (;;) {	/* P is at the brace or a comma */
		struct rc_json_field *field = add_field(object);

		if ((value = read_foretold(object, p, field)) == NULL) {
			bool first = *p == '{';

			p = skip_blanks(scan, p + 1);
			if (first && *p == '}') {
				object->count = 0;
				break;
			}
			object->same_names = false;
			if ((value = read_name(scan, p, field, arena)) == NULL)
				return NULL;
		}
		if ((p = read_value(scan, value, object->lone_surrogates, field)) == NULL)
			return NULL;
		p = skip_blanks(scan, p);
		if (*p == '}')
			break;
		if (*p != ',')
			return unexpected(scan, p, "expected ',' or '}'");
	}
	return p + 1;
}

bool
rc_json_read_object(struct rc_json_object *object, const char *text, size_t length,
    struct rc_arena *arena, struct rc_json_error *error)
{
	struct scan scan = { .end = text + length, .is_utf8 = rc_utf8_valid_padded(text, length), .error = error };
	const char *brace = skip_blanks(&scan, text), *p;
	const struct rc_json_field *repeated;

	object->count = 0;
	if (*brace != '{')
		return unexpected(&scan, brace, "expected a JSON object") != NULL;
	if ((p = read_fields(object, &scan, brace, arena)) == NULL)
		return false;
	if (p != scan.end && (p = skip_blanks(&scan, p)) != scan.end)	/* nothing behind the end is looked at */
		return fail(error, p, "more text after the object") != NULL;
	if (object->same_names && object->count == object->mark_count)
		return true;
	if (!object->same_names && (repeated = find_repeated(object)) != NULL) {
		fail(error, repeated->raw, "a name that stands twice");
		error->name = repeated->name;
		error->name_length = repeated->name_length;
		return false;
	}
	object->same_names = false;
	foretell(object, brace);
	return true;
}

void
rc_json_object_free(struct rc_json_object *object)
{
	free(object->fields);
	free(object->seen);
	free(object->marks);
	rc_buf_free(&object->foretold);
	*object = (struct rc_json_object){0};
}

enum rc_json_type
rc_json_type(const char *value)
{
	switch (*value) {
	case '"': return RC_JSON_STRING;
	case '{': return RC_JSON_OBJECT;
	case '[': return RC_JSON_ARRAY;
	case 't': case 'f': return RC_JSON_BOOL;
	case 'n': return RC_JSON_NULL;
	default: return RC_JSON_NUMBER;
	}
}

static char *
put_utf8(char *out, unsigned long point)
{
	if (point < 0x80) {
		*out++ = (char)point;
	} else if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
		*out++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*out++ = (char)(0xe0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	} else {
		*out++ = (char)(0xf0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	}
	return out;
}

/* Writes the character of the escape at *P to OUT and moves *P behind it; the end of what was written, or NULL for a lone surrogate. */
static char *
decode_escape(const char **p, char *out)
{
	const char *letter = *p + 1;
	unsigned long point;

	*p += 2;
	switch (*letter) {
	case 'b': *out = '\b'; return out + 1;
	case 'f': *out = '\f'; return out + 1;
	case 'n': *out = '\n'; return out + 1;
	case 'r': *out = '\r'; return out + 1;
	case 't': *out = '\t'; return out + 1;
	case 'u': break;
	default: *out = *letter; return out + 1;
	}
	point = (unsigned long)hex_unit(*p);
	*p += 4;
	if (point >= 0xd800 && point <= 0xdfff) {
		long low = point <= 0xdbff && (*p)[0] == '\\' && (*p)[1] == 'u' ? hex_unit(*p + 2) : -1;

		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		point = 0x10000 + ((point - 0xd800) << 10) + ((unsigned long)low - 0xdc00);
		*p += 6;
	}
	return put_utf8(out, point);
}

char *
rc_json_decode_to(char *to, const char *value, size_t value_length)
{
	const char *p = value + 1, *end = value + value_length - 1, *escape;

	while ((escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		memcpy(to, p, (size_t)(escape - p));
		to += escape - p;
		p = escape;
		if ((to = decode_escape(&p, to)) == NULL)
			return NULL;
	}
	memcpy(to, p, (size_t)(end - p));
	return to + (end - p);
}

const char *
rc_json_decode(struct rc_arena *arena, const char *value, size_t value_length, size_t *length)
{
	char *text = rc_arena_alloc(arena, value_length);	/* decoding never grows, and two quotes leave room for the NUL */
	char *end = rc_json_decode_to(text, value, value_length);

	if (end == NULL)
		return NULL;
	*end = '\0';
	*length = (size_t)(end - text);
	return text;
}

size_t
rc_json_decode_part(const char **text, const char *end, char *part)
{
	enum { LONGEST = 4 };	/* of a character */
	const char *p = *text;
	char *out = part;

	while (p < end && out != NULL && out + LONGEST <= part + RC_JSON_PART) {
		if (*p == '\\') {
			out = decode_escape(&p, out);
		} else {
			size_t room = (size_t)(part + RC_JSON_PART - out), plain = (size_t)(end - p);
			const char *escape = memchr(p, '\\', plain < room ? plain : room);

			if (escape != NULL)
				plain = (size_t)(escape - p);
			else if (plain > room)
				for (plain = room; (p[plain] & 0xc0) == 0x80; plain--)
					;
			memcpy(out, p, plain);
			out += plain;
			p += plain;
		}
	}
	*text = out == NULL ? end : p;
	return out == NULL ? 0 : (size_t)(out - part);
}

const char *
rc_json_next_item(const char **at, const char *end, size_t *length)
{
	const char *item = *at + strspn(*at, " \t\r\n,");
	const char *after = *item == ']' ? NULL : rc_json_value_end(item, end, true);

	if (after == NULL)
		return NULL;
	*at = after;
	*length = (size_t)(after - item);
	return item;
}

/*
 * rc_items - the items of a JSON document of any size, as its bytes come in
 *
 * A small machine reads what lies outside of the values that matter: it goes
 * down only where a pointer leads, so its stack is as deep as the longest
 * pointer.  All other values are read by one loop that counts brackets.  Items
 * that lie whole in what has come are read where they are, and of those that
 * look like the one before (rc_json_shape) only the values.
 */
#include "rc_items.h"

#include <stdlib.h>
#include <string.h>

#include "rc_utf8.h"

enum state { VALUE, FIRST_VALUE, INSIDE, AFTER, NAME, FIRST_NAME, IN_NAME, COLON, DONE };

int
rc_items_add_pointer(struct rc_items *items, const char *text)
{
	struct rc_items_pointer *pointer = &items->pointers[items->pointer_count];

	if (items->pointer_count == RC_ITEMS_POINTERS_MAX || (*text != '\0' && *text != '/'))
		return -1;
	*pointer = (struct rc_items_pointer){ .text = text };
	while (*text == '/') {
		size_t length = strcspn(++text, "/"), to = 0;
		char *token;

		if (pointer->count == RC_ITEMS_TOKENS_MAX)
			return -1;
		token = pointer->tokens[pointer->count++] = rc_strndup(text, length);
		for (size_t from = 0; from < length; from++) {
			char byte = token[from];

			if (byte == '~' && (token[from + 1] == '0' || token[from + 1] == '1'))
				byte = token[++from] == '0' ? '~' : '/';
			token[to++] = byte;
		}
		token[to] = '\0';
		text += length;
	}
	return (int)items->pointer_count++;
}

void
rc_items_begin(struct rc_items *items)
{
	for (size_t i = 0; i < items->pointer_count; i++)
		items->pointers[i].value.length = 0;
	items->depth = 0;
	items->state = VALUE;
	items->matched = (1U << items->pointer_count) - 1;
	items->count = 0;
	items->found = items->lines;
	items->reason = NULL;
	items->buffer.length = 0;
}

static enum rc_items_status
bad(struct rc_items *items, const char *reason)
{
	items->reason = reason;
	return RC_ITEMS_BAD;
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Whether the value that begins is what pointer N means. */
static bool
is_target(const struct rc_items *items, size_t n)
{
	return (items->matched & 1U << n) != 0 && items->pointers[n].count == items->depth;
}

static void
push(struct rc_items *items, bool is_list)
{
	items->levels[items->depth++] = (struct rc_items_level){ .matched = items->matched, .is_list = is_list };
	items->state = is_list ? FIRST_VALUE : FIRST_NAME;
}

/* The first byte of a value, which decides how it is read; it stays to be read. */
static enum rc_items_status
begin_value(struct rc_items *items, char byte, bool *taken)
{
	bool in_list = items->lines || (items->depth > 0 && items->levels[items->depth - 1].is_list);

	items->is_item = in_list;
	items->into = in_list ? &items->buffer : NULL;
	*taken = false;
	if (!in_list && is_target(items, 0)) {
		if (byte != '[')
			return bad(items, "there is no array where the items should be");
		if (items->found)
			return bad(items, "the items are there twice");
		items->found = *taken = true;
		push(items, true);
		return RC_ITEMS_OPEN;
	}
	for (size_t i = 1; i < items->pointer_count && !in_list; i++)
		if (is_target(items, i))
			items->into = &items->pointers[i].value;
	if (!in_list && items->into == NULL && items->matched != 0 && byte == '{') {
		*taken = true;
		push(items, false);
		return RC_ITEMS_OPEN;
	}
	if (items->into != NULL)
		items->into->length = 0;
	if (strchr("\"{[-0123456789tfn", byte) == NULL || byte == '\0')
		return bad(items, "expected a JSON value");
	items->state = INSIDE;
	items->scalar = strchr("\"{[", byte) == NULL;
	items->in_string = items->escaped = false;
	items->nesting = 0;
	return RC_ITEMS_OPEN;
}

/* The end of the value among the bytes from P on, END where it goes on; sets DONE. */
static const char *
scan(struct rc_items *items, const char *p, const char *end, bool *done)
{
	long nesting = items->nesting;
	bool in_string = items->in_string;

	*done = false;
	if (items->scalar) {
		while (p < end && !is_blank(*p) && *p != ',' && *p != ']' && *p != '}')
			p++;
		*done = p < end;
		return p;
	}
	while (p < end && !*done) {
		if (in_string) {
			if (items->escaped) {
				items->escaped = false;
				p++;
				continue;
			}
			while (p < end && *p != '"' && *p != '\\')
				p++;
			if (p == end)
				break;
			if (*p++ == '\\') {
				items->escaped = true;
				continue;
			}
			in_string = false;
			*done = nesting == 0;
			continue;
		}
		switch (*p++) {
		case '"': in_string = true; break;
		case '{': case '[': nesting++; break;
		case '}': case ']': *done = --nesting <= 0; break;
		default: break;
		}
	}
	items->nesting = nesting;
	items->in_string = in_string;
	return p;
}

/* What follows a value at this depth. */
static void
value_is_over(struct rc_items *items)
{
	items->state = items->depth > 0 ? AFTER : items->lines ? VALUE : DONE;
}

/* Pads the buffer for rc_json, and checks that it holds one value. */
static bool
is_json(struct rc_buf *buffer)
{
	struct rc_json_error error;

	memset(rc_buf_reserve(buffer, RC_JSON_PAD + 1), 0, RC_JSON_PAD + 1);
	return rc_json_check(buffer->bytes, buffer->length, &error);
}

static enum rc_items_status
end_value(struct rc_items *items)
{
	if (items->into != NULL) {
		if (!is_json(items->into))
			return bad(items, items->is_item ? "an item is not JSON in UTF-8" : "a value is not JSON in UTF-8");
		if (items->is_item) {
			items->count++;
			items->take(items->context, items->into->bytes, items->into->length);
			items->into->length = 0;
		}
	}
	value_is_over(items);
	return RC_ITEMS_OPEN;
}

/* Reads on in a value; *P goes to where it was read. */
static enum rc_items_status
read_value(struct rc_items *items, const char **p, const char *end)
{
	bool done;
	const char *to = scan(items, *p, end, &done);

	if (items->into != NULL) {
		rc_buf_add(items->into, *p, (size_t)(to - *p));
		if (!items->is_item && items->into->length > RC_ITEMS_VALUE_MAX)
			return bad(items, "a value is too long");
		if (items->into->length > (size_t)1 << 30)
			return bad(items, "an item is longer than 1 GiB");
	}
	*p = to;
	return done ? end_value(items) : RC_ITEMS_OPEN;
}

/* The name is whole: which pointers does it lead on? */
static enum rc_items_status
end_name(struct rc_items *items)
{
	const struct rc_items_level *level = &items->levels[items->depth - 1];
	const char *name;
	size_t length;

	if (!is_json(&items->buffer))
		return bad(items, "a name is not JSON in UTF-8");
	rc_arena_reset(&items->arena);
	name = rc_json_decode(&items->arena, items->buffer.bytes, items->buffer.length, &length);
	items->matched = 0;
	for (size_t i = 0; i < items->pointer_count; i++) {
		const struct rc_items_pointer *pointer = &items->pointers[i];
		bool leads_on = (level->matched & 1U << i) != 0 && pointer->count >= items->depth;

		if (leads_on && name != NULL && strlen(pointer->tokens[items->depth - 1]) == length &&
		    memcmp(pointer->tokens[items->depth - 1], name, length) == 0)
			items->matched |= 1U << i;
	}
	items->buffer.length = 0;
	items->state = COLON;
	return RC_ITEMS_OPEN;
}

static enum rc_items_status
read_name(struct rc_items *items, const char **p, const char *end)
{
	bool done;
	const char *to = scan(items, *p, end, &done);

	rc_buf_add(&items->buffer, *p, (size_t)(to - *p));
	*p = to;
	if (items->buffer.length > RC_ITEMS_VALUE_MAX)
		return bad(items, "a name is too long");
	return done ? end_name(items) : RC_ITEMS_OPEN;
}

/* The array or object around ends. */
static void
pop(struct rc_items *items)
{
	items->depth--;
	value_is_over(items);
}

/* One byte between values. */
static enum rc_items_status
read_between(struct rc_items *items, char byte)
{
	bool in_list = items->depth > 0 && items->levels[items->depth - 1].is_list;

	switch (items->state) {
	case FIRST_NAME:
	case NAME:
		if (byte == '}' && items->state == FIRST_NAME) {
			pop(items);
		} else if (byte == '"') {
			items->state = IN_NAME;
			items->scalar = items->escaped = false;
			items->in_string = true;
			items->nesting = 0;
			items->buffer.length = 0;
			rc_buf_add(&items->buffer, "\"", 1);
		} else {
			return bad(items, "expected a name in quotes");
		}
		return RC_ITEMS_OPEN;
	case COLON:
		items->state = VALUE;
		return byte == ':' ? RC_ITEMS_OPEN : bad(items, "expected a colon");
	case AFTER:
		if (byte == ',')
			items->state = in_list ? VALUE : NAME;
		else if (byte == (in_list ? ']' : '}'))
			pop(items);
		else
			return bad(items, "expected a comma or the end");
		return RC_ITEMS_OPEN;
	default:
		return bad(items, "expected the end of the document");
	}
}

/* Whether what lies whole between these is UTF-8; a character that is cut at either end belongs to what is read slowly. */
static bool
is_utf8(const char *bytes, const char *end)
{
	while (bytes < end && (*bytes & 0x80) != 0)
		bytes++;
	while (bytes < end && (end[-1] & 0x80) != 0)
		end--;
	return rc_utf8_valid_padded(bytes, (size_t)(end - bytes));
}

/* Whole lines, an item each. */
static void
take_each(struct rc_items *items, const char *line, const char *end)
{
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		items->take(items->context, line, (size_t)(newline - line));
		line = newline + 1;
	}
}

/* Items that look alike, one a line or a comma after each: the comma becomes a newline, and all go on at once; how many bytes they are. */
static size_t
take_alike(struct rc_items *items, char *bytes, const char *end)
{
	char *at = bytes, separator = items->lines ? '\n' : ',';
	const char *after;
	size_t count = 0;

	while (*at == '{' && (after = rc_json_shape_end(&items->shape, at, end)) != NULL && *after == separator) {
		at += after - at;
		*at++ = '\n';
		count++;
	}
	if (count > 0) {
		items->count += count;
		items->state = VALUE;
		if (items->take_lines != NULL)
			items->take_lines(items->context, bytes, (size_t)(at - bytes), count);
		else
			take_each(items, bytes, at);
	}
	return (size_t)(at - bytes);
}

/* Most items lie whole in what has come: one look finds the end of the one at BYTES and checks it all.  How many bytes were read. */
static size_t
take_whole(struct rc_items *items, char *bytes, const char *end, bool utf8)
{
	const char *after;
	size_t length;

	if (*bytes != '{' || (!items->lines && (items->depth == 0 || !items->levels[items->depth - 1].is_list)))
		return 0;
	if (utf8 && (length = take_alike(items, bytes, end)) > 0)
		return length;
	if ((after = rc_json_value_end(bytes, end, utf8)) == NULL || after >= end)
		return 0;
	items->count++;
	items->take(items->context, bytes, (size_t)(after - bytes));
	rc_json_shape_learn(&items->shape, bytes, after);
	value_is_over(items);
	return (size_t)(after - bytes);
}

enum rc_items_status
rc_items_read(struct rc_items *items, char *bytes, size_t length)
{
	const char *p = bytes, *end = bytes + length;
	enum rc_items_status status = RC_ITEMS_OPEN;
	bool taken, utf8 = is_utf8(p, end);
	size_t whole;

	while (p < end && status == RC_ITEMS_OPEN) {
		if (items->state == INSIDE) {
			status = read_value(items, &p, end);
		} else if (items->state == IN_NAME) {
			status = read_name(items, &p, end);
		} else if (is_blank(*p)) {
			p++;
		} else if (items->state == FIRST_VALUE && *p == ']') {
			pop(items);
			p++;
		} else if (items->state == VALUE || items->state == FIRST_VALUE) {
			if ((whole = take_whole(items, bytes + (p - bytes), end, utf8)) > 0) {
				p += whole;
				continue;
			}
			status = begin_value(items, *p, &taken);
			p += taken;
		} else {
			status = read_between(items, *p++);
		}
	}
	return status;
}

bool
rc_items_end(struct rc_items *items)
{
	char last[1 + RC_ITEMS_PAD] = "\n";

	if (items->reason != NULL)
		return false;
	if (items->state == INSIDE && items->depth == 0 && items->scalar && rc_items_read(items, last, 1) != RC_ITEMS_OPEN)
		return false;
	if (items->state != (items->lines ? (int)VALUE : (int)DONE))
		return false;
	if (!items->found)
		items->reason = "there is no array where the items should be";
	return items->found;
}

void
rc_items_free(struct rc_items *items)
{
	for (size_t i = 0; i < items->pointer_count; i++) {
		for (size_t n = 0; n < items->pointers[i].count; n++)
			free(items->pointers[i].tokens[n]);
		rc_buf_free(&items->pointers[i].value);
	}
	rc_buf_free(&items->buffer);
	rc_json_shape_free(&items->shape);
	rc_arena_free(&items->arena);
}

#include "rc_row_decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_row_decode_value.h"
#include "rc_row_wire.h"

enum {
	ROOM = 32 * 1024,		/* where a row begins; most need no more */
	MEASURED = 16 * 1024 * 1024,	/* a row from this size on is measured before it is written */
	KEY_MAX = 200,
	DIMENSIONS_MAX = 6,
};

static const char signature[] = "PGCOPY\n\377\r\n";	/* and the NUL */

/* ---- arrays ---- */

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
		rc_row_not_understood("a row that is cut short");
	length = rc_get32(*at);
	*at += 4;
	if (length != UINT32_MAX && length > (size_t)(end - *at))
		rc_row_not_understood("a value that is longer than its row");
	return length;
}

static void
write_element(struct rc_row_writer *w, struct array *array)
{
	size_t length = get_length(&array->at, array->end);

	rc_row_need(w, RC_ROW_SMALL);
	if (length == UINT32_MAX) {
		RC_ROW_PUT(w, "null");
		return;
	}
	rc_row_decode_value(w, array->kind, array->at, length);
	array->at += length;
}

/* One array of the dimension DEPTH; no deeper than DIMENSIONS_MAX. */
static void
write_dimension(struct rc_row_writer *w, struct array *array, unsigned depth)
{
	uint32_t size = rc_get32(array->sizes + 8 * depth);

	rc_row_need(w, RC_ROW_SMALL);
	*w->at++ = '[';
	for (uint32_t i = 0; i < size; i++) {
		if (i > 0) {
			rc_row_need(w, RC_ROW_SMALL);
			*w->at++ = ',';
		}
		if (depth + 1 < array->dimensions)
			write_dimension(w, array, depth + 1);
		else
			write_element(w, array);
	}
	rc_row_need(w, RC_ROW_SMALL);
	*w->at++ = ']';
}

/* array_send() of arrayfuncs.c: the count of dimensions, flags, the element's type, size and lower bound of each, the elements. */
static void
write_array(struct rc_row_writer *w, const struct rc_row_shape *shape, const char *bytes, size_t length)
{
	struct array array = { .kind = shape->kind, .end = bytes + length };

	if (length < 12)
		rc_row_not_understood("an array that is cut short");
	array.dimensions = rc_get32(bytes);
	if (rc_get32(bytes + 8) != shape->type->oid)
		rc_row_not_understood("an array of another type than its column has");
	if (array.dimensions > DIMENSIONS_MAX || length < 12 + (size_t)8 * array.dimensions)
		rc_row_not_understood("an array with too many dimensions");
	array.sizes = bytes + 12;
	array.at = array.sizes + (size_t)8 * array.dimensions;
	rc_row_need(w, RC_ROW_SMALL);
	if (array.dimensions == 0)
		RC_ROW_PUT(w, "[]");
	else
		write_dimension(w, &array, 0);
	if (array.at != array.end)
		rc_row_not_understood("an array that is longer than it says");
}

/* ---- rows ---- */

static const char *write_object(struct rc_row_writer *w, const struct rc_row_decoder *decoder, size_t i, const char *at, const char *end);

/* Writes the columns from I on, up to LAST, whose values begin at AT, and the end of their object; the place behind them. */
static const char *
write_fields(struct rc_row_writer *w, const struct rc_row_decoder *decoder, size_t i, size_t last, const char *at, const char *end)
{
	for (; i < last; i++) {
		const struct rc_row_shape *shape = &decoder->columns[i].shape;
		const struct rc_buf *head = &decoder->heads[i];
		size_t length = get_length(&at, end);

		rc_row_need(w, head->length + RC_ROW_SMALL);
		rc_row_put(w, head->bytes, head->length);
		if (decoder->columns[i].fields > 0) {
			if (length != 1)
				rc_row_not_understood("no bool where one says whether there is an object");
			at = write_object(w, decoder, i, at, end);
			i += decoder->columns[i].fields;
			continue;
		}
		if (length == UINT32_MAX) {
			RC_ROW_PUT(w, "null");
			continue;
		}
		if (shape->is_array)
			write_array(w, shape, at, length);
		else
			rc_row_decode_value(w, shape->kind, at, length);
		at += length;
	}
	rc_row_need(w, RC_ROW_SMALL);
	*w->at++ = '}';
	return at;
}

/* Writes what stands for the object of the columns behind I, whose one byte is at AT. */
static const char *
write_object(struct rc_row_writer *w, const struct rc_row_decoder *decoder, size_t i, const char *at, const char *end)
{
	const struct rc_row_column *column = &decoder->columns[i];
	size_t first = i + 1, last = first + column->fields;
	struct rc_row_writer digested = { .digest = column->digest };
	char hex[RC_DIGEST_HEX + 1];

	if (*at++ == 0) {
		RC_ROW_PUT(w, "null");
		for (; first < last; first++) {
			size_t length = get_length(&at, end);

			at += length == UINT32_MAX ? 0 : length;
		}
		return at;
	}
	if (column->digest == NULL)
		return write_fields(w, decoder, first, last, at, end);
	rc_row_make_room(&digested, 0);
	at = write_fields(&digested, decoder, first, last, at, end);
	rc_row_make_room(&digested, 0);
	column->digest->finish(column->digest, hex);
	rc_buf_free(&digested.scratch);
	*w->at++ = '"';
	rc_row_put(w, hex, RC_DIGEST_HEX);
	*w->at++ = '"';
	return at;
}

/* Writes the row whose values begin at AT; the place behind it. */
static const char *
write_row(struct rc_row_writer *w, const struct rc_row_decoder *decoder, const char *at, const char *end)
{
	if (decoder->count == 0) {
		rc_row_need(w, RC_ROW_SMALL);
		*w->at++ = '{';
	}
	return write_fields(w, decoder, 0, decoder->count, at, end);
}

/* A row's key for a message: the values of the key's columns, or of the first one, as far as they are short. */
static void
describe_key(const struct rc_row_decoder *decoder, const char *at, const char *end, struct rc_buf *key)
{
	struct rc_row_writer w = {0};
	bool has_key = false;

	for (size_t i = 0; i < decoder->count; i++)
		has_key = has_key || decoder->columns[i].is_key;
	for (size_t i = 0; i < decoder->count; i++) {
		const struct rc_row_shape *shape = &decoder->columns[i].shape;
		size_t length = get_length(&at, end);

		if (length == UINT32_MAX)
			continue;
		if ((has_key ? decoder->columns[i].is_key : i == 0) && length <= KEY_MAX && !shape->is_array) {
			rc_row_make_room(&w, 0);
			rc_row_decode_value(&w, shape->kind, at, length);
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
	struct rc_row_writer w = {0};

	rc_row_make_room(&w, 0);
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
		rc_row_not_understood("no header of COPY binary");
	if (rc_get32(at + sizeof signature) != 0)
		rc_row_not_understood("COPY binary with unknown flags");
	extension = rc_get32(at + sizeof signature + 4);
	if ((size_t)(end - at) - fixed < extension)
		rc_row_not_understood("a header that is cut short");
	return at + fixed + extension;
}

static const char *
decode_row(struct rc_row_decoder *decoder, const char *at, const char *end, struct rc_output *output)
{
	struct rc_row_writer w = { .output = output };

	if (end - at > MEASURED)
		measure(decoder, at, end);
	w.at = output->buffer.bytes + output->buffer.length;
	w.end = output->buffer.bytes + output->buffer.room;
	rc_row_need(&w, ROOM);
	if (decoder->rows > 0)
		rc_row_put(&w, decoder->between, strlen(decoder->between));
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
			rc_row_not_understood("bytes after the last row");
		count = rc_get16(bytes);
		bytes += 2;
		if (count == UINT16_MAX)
			decoder->ended = true;
		else if (count == decoder->count)
			bytes = decode_row(decoder, bytes, end, output);
		else
			rc_row_not_understood("a row with another count of columns");
	}
}

void
rc_row_decoder_open(struct rc_row_decoder *decoder, const struct rc_row_column *columns, size_t count, const char *between)
{
	*decoder = (struct rc_row_decoder){ .columns = columns, .count = count, .between = between };
	decoder->heads = rc_alloc(rc_size_mul(count + 1, sizeof *decoder->heads));
	for (size_t i = 0; i < count; i++) {
		struct rc_row_writer w = {0};

		rc_row_make_room(&w, 0);
		*w.at++ = i == 0 || columns[i - 1].fields > 0 ? '{' : ',';
		rc_row_write_text(&w, columns[i].name, strlen(columns[i].name));
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

#include "rc_row_writer.h"

#include <stdint.h>

enum {
	ROOM = 64 * 1024,	/* what the buffer offers at least after a flush */
	STEP = 4 * 1024,	/* a long text is written in steps of so many bytes */
	ESCAPE_MAX = 6,		/* bytes of output for one of text */
};

void
rc_row_make_room(struct rc_row_writer *w, size_t size)
{
	struct rc_buf *buffer = w->output == NULL ? &w->scratch : &w->output->buffer;

	size = size < ROOM ? ROOM : size;
	if (w->output != NULL) {
		buffer->length = (size_t)(w->at - buffer->bytes);
		w->at = rc_output_reserve(w->output, size);
	} else {
		size_t written = buffer->bytes == NULL ? 0 : (size_t)(w->at - buffer->bytes);

		w->measured += written;
		if (w->digest != NULL)
			w->digest->add(w->digest, buffer->bytes, written);
		w->at = rc_buf_reserve(buffer, size);
	}
	w->end = buffer->bytes + buffer->room;
}

void
rc_row_not_understood(const char *what)
{
	rc_die(RC_FATAL, "the server's rows are not understood: %s", what);
}

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

void
rc_row_write_text(struct rc_row_writer *w, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	rc_row_need(w, ESCAPE_MAX * STEP + 16);
	*w->at++ = '"';
	while (end - bytes > STEP) {
		w->at = put_escaped(w->at, bytes, bytes + STEP);
		bytes += STEP;
		rc_row_need(w, ESCAPE_MAX * STEP + 16);
	}
	if (bytes < end)
		w->at = put_escaped(w->at, bytes, end);
	*w->at++ = '"';
}

/* A value that is JSON already; a newline can only stand between its tokens. */
void
rc_row_write_json(struct rc_row_writer *w, const char *bytes, size_t length)
{
	do {
		size_t step = length < STEP ? length : STEP;
		char *newline, *from;

		rc_row_need(w, STEP);
		from = w->at;
		rc_row_put(w, bytes, step);
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

void
rc_row_write_bytea(struct rc_row_writer *w, const char *bytes, size_t length)
{
	rc_row_need(w, RC_ROW_SMALL);
	RC_ROW_PUT(w, "\"\\\\x");
	while (length > 0) {
		size_t step = length < STEP ? length : STEP;

		rc_row_need(w, 2 * STEP);
		w->at = put_hex(w->at, bytes, step);
		bytes += step;
		length -= step;
	}
	rc_row_need(w, 1);
	*w->at++ = '"';
}

void
rc_row_write_uuid(struct rc_row_writer *w, const char *bytes)
{
	static const char lengths[] = { 4, 2, 2, 2, 6 };

	for (size_t i = 0; i < sizeof lengths; i++) {
		*w->at++ = i == 0 ? '"' : '-';
		w->at = put_hex(w->at, bytes, (size_t)lengths[i]);
		bytes += lengths[i];
	}
	*w->at++ = '"';
}

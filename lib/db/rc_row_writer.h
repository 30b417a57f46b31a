/*
 * rc_row_writer - where the JSON text of a row goes, and texts in it
 *
 * The text goes into the buffer of an output, or, where only its length or its
 * digest is asked for, into a scratch that is filled again and again.  Who writes in place
 * says first how much: rc_row_need().
 */
#ifndef RC_ROW_WRITER_H
#define RC_ROW_WRITER_H

#include <stddef.h>
#include <string.h>

#include "rc_digest.h"
#include "rc_stream.h"
#include "rc_str.h"

enum { RC_ROW_SMALL = 128 };	/* a value of fixed size takes less */

/* {0} measures; its scratch is freed by rc_buf_free(). */
struct rc_row_writer {
	char *at, *end;			/* the place for the next byte; behind the last place */
	struct rc_output *output;	/* NULL: measure only */
	struct rc_buf scratch;
	size_t measured;		/* bytes that were in the scratch before */
	struct rc_digest *digest;	/* gets what was in the scratch before, or NULL */
};

/* Makes room for SIZE bytes at `at`, and no less than for many short values. */
void rc_row_make_room(struct rc_row_writer *writer, size_t size);

/* The same where there is less. */
static inline void
rc_row_need(struct rc_row_writer *writer, size_t size)
{
	if ((size_t)(writer->end - writer->at) < size)
		rc_row_make_room(writer, size);
}

/* Writes bytes that there is room for. */
static inline void
rc_row_put(struct rc_row_writer *writer, const char *bytes, size_t length)
{
	memcpy(writer->at, bytes, length);
	writer->at += length;
}

/* The same for a literal. */
#define RC_ROW_PUT(writer, literal) rc_row_put(writer, literal, sizeof literal - 1)

/* Each of these writes a whole value of any length, and makes room itself: a string of UTF-8; */
void rc_row_write_text(struct rc_row_writer *writer, const char *bytes, size_t length);

/* what is JSON already, newlines between its tokens as blanks; */
void rc_row_write_json(struct rc_row_writer *writer, const char *bytes, size_t length);

/* bytes as a string with \x and hex digits; */
void rc_row_write_bytea(struct rc_row_writer *writer, const char *bytes, size_t length);

/* the 16 bytes of a UUID. */
void rc_row_write_uuid(struct rc_row_writer *writer, const char *bytes);

/* Ends the process with RC_FATAL: the server has sent WHAT. */
_Noreturn void rc_row_not_understood(const char *what);

#endif

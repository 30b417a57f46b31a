/*
 * rc_row_decode - rows of COPY ... TO STDOUT (FORMAT binary) as records
 *
 * A row's text is that of the server's row_to_json, byte for byte, in a session
 * with time zone UTC, extra_float_digits 1 and bytea_output hex; only newlines
 * inside a `json` value become blanks.  Values are written straight into the
 * output's buffer; beyond that a row takes no memory.
 *
 * The format of the stream is that of PostgreSQL's documentation of COPY, of a
 * value that of its type's send function (src/backend/utils/adt).
 */
#ifndef RC_ROW_DECODE_H
#define RC_ROW_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_digest.h"
#include "rc_row_types.h"
#include "rc_str.h"
#include "rc_stream.h"

/* RC_ROW_OTHER must come as json: wrapped in pg_catalog.to_json(). */
struct rc_row_column {
	const char *name;	/* UTF-8 */
	struct rc_row_shape shape;
	bool is_key;		/* the value names the row in a message */
	size_t fields;		/* not 0: a bool, whether there is an object with the next so many columns as its fields; else it is null */
	struct rc_digest *digest;	/* of an object, or NULL: the SHA-256 of its text stands for it, as a string */
};

struct rc_row_decoder {
	const struct rc_row_column *columns;
	size_t count;
	struct rc_buf *heads;	/* what stands before each value: `{"a":`, `,"b":` */
	const char *between;	/* what parts two lines besides the newline */
	unsigned long long rows;
	bool begun, ended;	/* the stream's header has been read; its trailer */
};

/* COLUMNS must live as long as the decoder; BETWEEN is "" for records. */
void rc_row_decoder_open(struct rc_row_decoder *decoder, const struct rc_row_column *columns, size_t count, const char *between);
void rc_row_decoder_free(struct rc_row_decoder *decoder);

/* For the next COPY of the same columns. */
void rc_row_decoder_restart(struct rc_row_decoder *decoder);

/*
 * Writes the rows of one message of the stream.  Ends the process with RC_FATAL
 * where it is not understood, or where a record would be longer than
 * RC_RECORD_MAX: the message has its key, and nothing of it is written.
 */
void rc_row_decode(struct rc_row_decoder *decoder, const char *bytes, size_t length, struct rc_output *output);

#endif

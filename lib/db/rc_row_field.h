/*
 * rc_row_field - a field of COPY binary: its frame, and the refusal of its value
 *
 * A field is its length in four bytes and then its bytes; null is the length
 * -1.  What writes fields adds them to a buffer of the caller's, who owns it
 * and throws away what a refused value has left there.  Nothing here fails; where
 * memory is out the process ends.
 */
#ifndef RC_ROW_FIELD_H
#define RC_ROW_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc_row_number.h"
#include "rc_row_types.h"
#include "rc_row_wire.h"
#include "rc_str.h"

enum { RC_ROW_SHOWN_MAX = 40 };	/* bytes of a value in a message */

/* What a value is to become. */
struct rc_row_target {
	struct rc_row_shape shape;	/* not RC_ROW_OTHER */
	int typmod;			/* the column's, -1: none */
	int dimensions;			/* as the array was declared; only arrays of JSON values need it, 0 is 1 */
};

/* Why a value was refused. */
struct rc_row_error {
	const char *sqlstate;	/* static text: what the server would say */
	char message[160];
};

/* The text of a value of JSON, checked and padded (rc_json.h); it is borrowed. */
struct rc_row_value {
	const char *text;
	size_t length;
};

/* Sets ERROR to the message and SQLSTATE, which must be static text; false, always, to be returned. */
bool rc_row_refuse(struct rc_row_error *error, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a value of another kind than EXPECTED: 22P02, and the value's beginning. */
bool rc_row_refuse_kind(struct rc_row_error *error, const char *expected, struct rc_row_value value);

/* How many bytes of the value a message shows, for "%.*s": whole characters, no more than RC_ROW_SHOWN_MAX bytes. */
int rc_row_shown(struct rc_row_value value);

/* Adds a whole field of one, two, four or eight bytes. */
static inline void
rc_field_add8(struct rc_buf *out, char value)
{
	char *to = rc_buf_reserve(out, 5);

	rc_put32(to, 1);
	to[4] = value;
	out->length += 5;
}

static inline void
rc_field_add16(struct rc_buf *out, unsigned value)
{
	char *to = rc_buf_reserve(out, 6);

	rc_put32(to, 2);
	rc_put16(to + 4, value);
	out->length += 6;
}

static inline void
rc_field_add32(struct rc_buf *out, uint32_t value)
{
	char *to = rc_buf_reserve(out, 8);

	rc_put32(to, 4);
	rc_put32(to + 4, value);
	out->length += 8;
}

static inline void
rc_field_add64(struct rc_buf *out, uint64_t value)
{
	char *to = rc_buf_reserve(out, 12);

	rc_put32(to, 8);
	rc_put64(to + 4, value);
	out->length += 12;
}

/* Begins a field whose length is known only behind it; what comes back is for rc_field_end(). */
static inline size_t
rc_field_begin(struct rc_buf *out)
{
	rc_buf_reserve(out, 4);
	out->length += 4;
	return out->length;
}

/* Ends the field that began there: its length is what was added to OUT since. */
static inline void
rc_field_end(struct rc_buf *out, size_t from)
{
	rc_put32(out->bytes + from - 4, (uint32_t)(out->length - from));
}

/* Adds the field that is null. */
static inline void
rc_field_add_null(struct rc_buf *out)
{
	rc_put32(rc_buf_reserve(out, 4), UINT32_MAX);
	out->length += 4;
}

#endif

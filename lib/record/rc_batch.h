/*
 * rc_batch - records as one JSON array
 *
 * At most 64 MB, or one record that is longer, for PostgreSQL's jsonb ends at
 * 256 MB.
 */
#ifndef RC_BATCH_H
#define RC_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_sent.h"
#include "rc_str.h"

/* {0} is empty; free with rc_batch_free(). */
struct rc_batch {
	long count;		/* of records */
	struct rc_buf array;	/* from here on not for the caller: without its end */
	size_t last;		/* where the last record begins */
};

/* Adds RECORD, whose local fields are gone, as it is sent; false where there is no room for it. */
bool rc_batch_add(struct rc_batch *batch, const struct rc_sent *sent, const struct rc_record *record);

/* The last record's text, which belongs to the batch. */
const char *rc_batch_last(const struct rc_batch *batch, size_t *length);

/* Ends the array, and gives its text, which is valid until the next call. */
const char *rc_batch_close(struct rc_batch *batch);
void rc_batch_clear(struct rc_batch *batch);
void rc_batch_free(struct rc_batch *batch);

#endif

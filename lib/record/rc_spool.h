/*
 * rc_spool - records that wait until they are true
 *
 * A megabyte of them waits in memory, more in a file without a name in $TMPDIR
 * (default: /tmp), so that a full disk is seen before anything depends on it.
 */
#ifndef RC_SPOOL_H
#define RC_SPOOL_H

#include <stddef.h>

#include "rc_str.h"
#include "rc_stream.h"

/* {0} is an empty one. */
struct rc_spool {
	unsigned long long records;
	struct rc_buf bytes;	/* what is in memory */
	int file;		/* a descriptor plus one: what did not fit; 0: nothing so far */
};

/* Adds a record, which is JSON that was checked, on one line; the process ends with RC_RETRY where there is no room. */
void rc_spool_add(struct rc_spool *spool, const char *json, size_t length);

/* Writes all of it, in the order it came; the spool stays as it is. */
void rc_spool_write(const struct rc_spool *spool, struct rc_output *output);

/* The same to a descriptor; NAME is for the message where that fails. */
void rc_spool_copy(const struct rc_spool *spool, int fd, const char *name);

void rc_spool_free(struct rc_spool *spool);

#endif

/*
 * rc_seen - which texts came before
 *
 * Eight bytes are kept of each, a hash with a seed of this process, so that no
 * one can choose texts that are taken for one another.
 */
#ifndef RC_SEEN_H
#define RC_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} has seen none; free with rc_seen_free(). */
struct rc_seen {
	uint64_t *hashes;	/* open addressing, 0 is free */
	size_t count, room;
};

/* Whether TEXT was seen before; from now on it was. */
bool rc_seen_before(struct rc_seen *seen, const char *text);

/* Frees it; it has seen none then. */
void rc_seen_free(struct rc_seen *seen);

#endif

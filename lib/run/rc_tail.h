/*
 * rc_tail - the output of a command, kept in memory until it is known whether anyone wants it
 *
 * The last megabyte is kept.
 */
#ifndef RC_TAIL_H
#define RC_TAIL_H

#include <stdbool.h>

#include "rc_str.h"

struct rc_tail {
	int fd;			/* readable when there is something; closed and -1 at the end of the output */
	int saved[2];		/* our own output and error meanwhile */
	bool is_open;		/* they are saved */
	struct rc_buf kept;
	unsigned long long dropped;
};

/* From here on standard output and error lead into the tail, for a command that is started now... */
void rc_tail_open(struct rc_tail *tail);

/* ...and after that they are again what they were. */
void rc_tail_restore(struct rc_tail *tail);

/* Takes what there is, without waiting. */
void rc_tail_read(struct rc_tail *tail);

/* Writes it to standard error, with the secrets masked. */
void rc_tail_show(const struct rc_tail *tail);

#endif

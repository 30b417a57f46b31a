/*
 * rc_lock - a lock of one name on this host, which tells who holds it
 *
 * It is a flock(2) on locks/NAME in our folder of states (rc_state.h), so it
 * lasts as long as any process has the descriptor open, and no longer.
 */
#ifndef RC_LOCK_H
#define RC_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "rc_str.h"

struct rc_lock {
	int fd;
	struct rc_buf holder;	/* the text that the holder has left, ended by a NUL; perhaps empty */
};

/* Opens the lock's file; ends the process where that can't be. */
void rc_lock_open(struct rc_lock *lock, const char *name);

/* Whether we have it now; if not, `holder` is read anew. */
bool rc_lock_try(struct rc_lock *lock);

/* After we have it: leaves who we are, one line, for others to read. */
void rc_lock_sign(struct rc_lock *lock, const char *text, size_t length);

#endif

/*
 * rc_blocker - which session stands in the way of another
 */
#ifndef RC_BLOCKER_H
#define RC_BLOCKER_H

#include "rc_settings.h"

/*
 * Whose lock the server's process PID waits for, as words for a message:
 * `pid 7 (psql, user ann, idle in transaction for 9 s)`; the caller frees.
 * Asked on a connection of its own, for two seconds at most; NULL where that
 * can't be had or there is none.
 */
char *rc_blocker_find(const struct rc_settings *settings, int pid);

#endif

/*
 * rc_leftover - processes that a command has left behind
 *
 * A process whose parent has ended comes to us, where the command was started
 * as a process group (rc_child.h).
 */
#ifndef RC_LEFTOVER_H
#define RC_LEFTOVER_H

#include "rc_child.h"
#include "rc_tail.h"

/* While the command runs: takes the ends of such that have ended, but not that of the command. */
void rc_leftover_reap(const struct rc_child *child);

/*
 * After the command's end: what is left gets TERM, and after GRACE milliseconds
 * KILL; none is left when this returns.  TAIL, where their output goes (NULL: to
 * none), is read meanwhile.
 */
void rc_leftover_end(const struct rc_child *child, long grace, struct rc_tail *tail);

#endif

/*
 * rc_guard - a command that runs only as long as the session lives
 *
 * For what a transaction holds for others: a lock, a snapshot.
 */
#ifndef RC_GUARD_H
#define RC_GUARD_H

#include "rc_session.h"

/*
 * Runs COMMAND, ended by NULL, while the session's transaction stays open, and
 * passes signals on to it; then rolls back and closes the session.  Where the
 * connection is lost meanwhile, a warning says that HELD is lost with it, and the
 * command is ended.  Its status as a shell has it: 128 and the signal's number
 * where one ended it, 127 where it was not found, 126 where it can't be run;
 * RC_RETRY where the connection was lost.  It ends with us, even if we are killed.
 */
int rc_guard_run(struct rc_session *session, char *command[], const char *held);

#endif

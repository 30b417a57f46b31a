/*
 * rc_wish - settings of a session that are only wished for
 *
 * The server shall find out, while it works and while it waits, that this host
 * is gone: a statement of a client that is gone ends, and an idle session is
 * known to be dead after 45 seconds, so that its locks are free.  A server may
 * refuse such a setting, and then it is done without.
 */
#ifndef RC_WISH_H
#define RC_WISH_H

#include <stdbool.h>

#include "rc_connection.h"

/* Which of the server's time limits a transaction is freed of, as it waits for what they do not mean. */
enum rc_patience {
	RC_LIMITS_KEPT,
	RC_NO_IDLE_LIMIT,	/* others are at work between its statements: idle_in_transaction_session_timeout, transaction_timeout */
	RC_NO_LIMIT,		/* and its statement waits for others: statement_timeout too */
};

enum { RC_WISHES = 8 };

/* The wishes in one script. */
struct rc_wishes {
	int before;		/* statements that stand before the first; for the caller to set */
	int count;
	size_t sent[RC_WISHES];
};

/* Adds those to SQL that a server of this version knows and has not REFUSED (a bit each); SET is "set" or "set local". */
void rc_wishes_add(struct rc_wishes *wishes, struct rc_buf *sql, const char *set, int version, enum rc_patience patience, unsigned refused);

/* Whether the script's error is that of a wish, which is then in REFUSED: the script without it may be good. */
bool rc_wishes_refuse(const struct rc_wishes *wishes, const struct rc_answer *answer, unsigned *refused);

#endif

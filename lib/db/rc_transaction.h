/*
 * rc_transaction - the one transaction of a session at a time
 *
 * What it sets, it sets for itself only, in the round trip that begins it: what
 * is needed (time zone UTC, standard strings, lock_timeout, with RC_SCHEMA the
 * search_path "$RC_SCHEMA, public, pg_temp", and that no rows are hidden), and what is only wished for: that
 * the server finds out, while it works and while it waits, that this host is
 * gone.  A wish that a server refuses is dropped, and costs one more round trip
 * there.
 */
#ifndef RC_TRANSACTION_H
#define RC_TRANSACTION_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_output.h"
#include "rc_session.h"
#include "rc_wish.h"

struct rc_transaction {
	bool read_only;		/* then it sees one moment (repeatable read) */
	bool many_moments;	/* or, with this, each statement its own: what was committed while it waited for a lock, too */
	enum rc_patience patience;
	bool visible_rows;	/* where row level security hides rows, the others will do; else the server refuses (42501) */
	const char *first;	/* simple SQL that is run in the same round trip, or NULL */
};

/* Begins one, or ends the process. */
void rc_transaction_begin(struct rc_session *session, const struct rc_transaction *transaction);

/*
 * The last statement before the commit or, on a dry run, the rollback: checks
 * what the transaction put off (Django's foreign keys are deferred), and notes
 * what rc_transaction_commit() needs to ask what became of it.  NULL, or the
 * error, which the caller clears.
 */
PGresult *rc_transaction_settle(struct rc_session *session);

/*
 * Commits, or ends the process where nothing was changed.  Where the answer
 * does not come or is not clear, a new connection asks the server for up to ten
 * seconds; false where it does not say, which is to be told with RC_RETRY and
 * the words of rc_transaction_unknown(), a static text, or by
 * rc_transaction_tell_unknown().  From here on TERM,
 * INT, HUP and SIGPIPE are held, and any failure is told together with what was
 * committed.
 */
bool rc_transaction_commit(struct rc_session *session);
const char *rc_transaction_unknown(const struct rc_session *session);

/* Warns with these words, writes them as a record that is refused (commit_unknown), in a file instead of the results, and makes the output's answer RC_RETRY. */
void rc_transaction_tell_unknown(const struct rc_session *session, struct rc_output *output);

void rc_transaction_rollback(struct rc_session *session);

/*
 * Calls ATTEMPT until it gives NULL, at most RC_LOCK_TRIES times.  It begins a
 * transaction and does its work; where something stood in its way that may go
 * away (a lock), it rolls back and gives the server's error.  From the second
 * time on the session looks for who holds the lock.  NULL, or the last error,
 * which the caller clears; but where that one is a lock, the process ends, and
 * WHAT and the holder are named.
 */
PGresult *rc_transaction_retry(struct rc_session *session, const char *what,
    PGresult *(*attempt)(struct rc_session *session, void *context), void *context);

#endif

/*
 * rc_session - the one session of a filter, which ends the process where nothing can be done
 *
 * It ends it with the right class: RC_RETRY for a server that is away or busy,
 * RC_FATAL for the rest (rc_sqlstate_class()), and after a COMMIT with a word
 * that the changes stay.  A filter that must go on uses rc_connection itself.
 *
 * Work is done in a transaction (rc_transaction), which sets what it needs for
 * itself, so that nothing stays behind in a pooler.
 */
#ifndef RC_SESSION_H
#define RC_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_connection.h"
#include "rc_err.h"
#include "rc_fate.h"
#include "rc_result.h"
#include "rc_settings.h"
#include "rc_str.h"

enum { RC_JSONB = 3802, RC_LOCK_TIMEOUT = 5000, RC_LOCK_TRIES = 3 };

struct rc_session {
	long lock_timeout;	/* milliseconds; set by the caller before a transaction begins, 0 is for ever */
	int lock_tries;		/* how often the caller waits that long, for the message */
	bool find_blocker;	/* while a statement waits, look for the session that holds the lock */
	bool report_blocker;	/* and name it in a warning, once, as soon as it is known */
	bool tells_commits;	/* the caller tells by itself what was committed before a failure */

	struct rc_connection connection;	/* from here on not for the caller */
	struct rc_settings settings;
	char *blocker;		/* what find_blocker found last, or NULL */
	bool read_only;		/* the transaction that is open is */
	bool pooled;		/* the server's process is not the one that the login named */
	unsigned refused;	/* wishes that the server does not grant, a bit each */
	const void *unnamed;	/* whose statement the server's unnamed one is, or NULL (rc_statement) */
	bool settled;		/* the mark is that of the transaction */
	struct rc_fate_mark mark;
	bool unclear;		/* COMMIT had an answer that says nothing */
};

/* Logs in, or ends the process.  The session is closed when the process ends, and its statement cancelled by a signal. */
void rc_session_open(struct rc_session *session);
void rc_session_close(struct rc_session *session);

/*
 * Run one statement with text parameters; NULL is none.  rc_session_exec()
 * gives any answer of the server's, an error too; rc_session_query() one
 * without an error.  The caller clears it.
 */
PGresult *rc_session_exec(struct rc_session *session, const char *sql, const struct rc_parameters *parameters);
PGresult *rc_session_query(struct rc_session *session, const char *what, const char *sql, const struct rc_parameters *parameters);

/* Prepare a statement under NAME ("" is the unnamed one), describe it, or run it; like rc_session_exec(). */
PGresult *rc_session_prepare(struct rc_session *session, const char *name, const char *sql, const struct rc_parameters *parameters);
PGresult *rc_session_describe(struct rc_session *session, const char *name);
PGresult *rc_session_exec_prepared(struct rc_session *session, const char *name, const struct rc_parameters *parameters);

/* Sends likewise, and then gives the rows one by one, each as a result that the caller clears; NULL at the end. */
void rc_session_start(struct rc_session *session, const char *sql, const struct rc_parameters *parameters);
void rc_session_start_prepared(struct rc_session *session, const char *name, const struct rc_parameters *parameters);
PGresult *rc_session_next_row(struct rc_session *session, const char *what);

/*
 * Sends a script (several statements without parameters) and waits for its
 * answer; ANSWER is {0}.  RC_FAILED where the connection has failed.
 */
enum rc_progress rc_session_try_script(struct rc_session *session, const char *sql, struct rc_answer *answer);

/* The same, or the end of the process where the connection has failed; WHAT is NULL where there is no word for it. */
void rc_session_run_script(struct rc_session *session, const char *what, const char *sql, struct rc_answer *answer);

/* The same where the answer matters only if it is an error, which ends the process, too. */
void rc_session_do_script(struct rc_session *session, const char *what, const char *sql);

/* Ends the process with the server's words on WHAT in RESULT, an error, but without those that show a whole row. */
_Noreturn void rc_session_die(struct rc_session *session, const PGresult *result, const char *what);

/* Ends the process where the answer on WHAT has not the form that the statement gives it. */
_Noreturn void rc_session_misled(const char *what);

/* Add IDENTIFIER, or a literal of TEXT, in quotes. */
void rc_session_add_identifier(struct rc_session *session, struct rc_buf *sql, const char *identifier);
void rc_session_add_literal(struct rc_session *session, struct rc_buf *sql, const char *text);

#endif

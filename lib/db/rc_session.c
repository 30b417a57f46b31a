#include "rc_session.h"

#include <stdlib.h>
#include <string.h>

#include "rc_blocker.h"
#include "rc_login.h"
#include "rc_mem.h"
#include "rc_signal.h"

enum { LOOK_EVERY = 1000 };	/* ms between two looks at who blocks us */

static const struct rc_parameters no_parameters;
static struct rc_session *open_session;	/* for the exit hook */
static PGcancel *volatile cancel;	/* for the signal hook */

/* ---- open and close ---- */

static void
cancel_at_signal(void)
{
	char error[256];

	if (cancel != NULL)
		PQcancel(cancel, error, sizeof error);
}

static void
close_at_exit(int code)
{
	(void)code;
	if (open_session != NULL)
		rc_session_close(open_session);
}

void
rc_session_open(struct rc_session *session)
{
	static const struct rc_login_limits limits = {0};
	const struct rc_failure *failure = &session->connection.failure;

	*session = (struct rc_session){ .lock_timeout = RC_LOCK_TIMEOUT, .lock_tries = RC_LOCK_TRIES };
	rc_login_read(&session->settings);
	if (!rc_connection_open(&session->connection, &session->settings, &limits))
		rc_die(rc_failure_class(failure), "%s: %s", failure->where.bytes, failure->words.bytes);
	open_session = session;
	rc_at_exit(close_at_exit);
	cancel = PQgetCancel(session->connection.libpq);
	rc_at_signal(cancel_at_signal);
}

void
rc_session_close(struct rc_session *session)
{
	PGcancel *old = cancel;

	cancel = NULL;
	PQfreeCancel(old);
	rc_connection_close(&session->connection);
	rc_settings_wipe(&session->settings);
	free(session->blocker);
	*session = (struct rc_session){0};
	open_session = NULL;
}

/* ---- failures ---- */

/* Whether a table or column is missing that a product's migrations make, as the SQL of a command expects. */
static bool
is_without_tables(const char *sqlstate)
{
	return getenv("RC_COMMAND") != NULL && (strcmp(sqlstate, "42P01") == 0 || strcmp(sqlstate, "42703") == 0 || strcmp(sqlstate, "3F000") == 0);
}

void
rc_session_die(struct rc_session *session, const PGresult *result, const char *what)
{
	const char *sqlstate = rc_result_sqlstate(result), *detail = NULL;
	enum rc_exit class = rc_sqlstate_class(sqlstate);
	struct rc_buf words = {0};

	rc_result_add_line(&words, rc_result_words(result));
	if (*sqlstate == '\0')
		rc_die(RC_RETRY, "%s: %s", what, words.bytes);
	if (session->read_only && strcmp(sqlstate, "25006") == 0)	/* elsewhere a standby, here our own transaction */
		class = RC_FATAL;
	if (rc_result_is_locked(result) && session->blocker != NULL)
		rc_die(RC_RETRY, "%s: no lock after %d %s of %ld ms: it is held by %s (%s)", what, session->lock_tries,
		    session->lock_tries == 1 ? "try" : "tries", session->lock_timeout, session->blocker, sqlstate);
	/* The detail of a column that is null and of a CHECK is the whole row, hashes of passwords and all. */
	if (strcmp(sqlstate, "23502") != 0 && strcmp(sqlstate, "23514") != 0 && (detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)) != NULL) {
		rc_buf_add_text(&words, ": ");
		rc_result_add_line(&words, detail);
	}
	rc_die(class, "%s: %s (%s)%s", what, words.bytes, sqlstate, is_without_tables(sqlstate) ?
	    ": is this the right database, and has every migration of the product run?" : "");
}

void
rc_session_misled(const char *what)
{
	rc_die(RC_FATAL, "%s: the server's answer has not the form that was asked for", what);
}

/* The connection failed: ends the process; WHAT is NULL where the caller has no word for what was done. */
static _Noreturn void
die_of_failure(const struct rc_session *session, const char *what)
{
	const struct rc_failure *failure = &session->connection.failure;

	if (what == NULL)
		what = failure->hopeless ? "a statement" : "the connection broke";
	rc_die(rc_failure_class(failure), "%s: %s", what, failure->words.bytes);
}

/* ---- answers ---- */

static void
look_for_blocker(struct rc_session *session)
{
	char *found = rc_blocker_find(&session->settings, PQbackendPID(session->connection.libpq));

	if (found == NULL)
		return;
	if (session->report_blocker)
		rc_warn("waiting for a lock that %s holds", found);
	session->report_blocker = false;
	free(session->blocker);
	session->blocker = found;
}

/* Waits until the connection can go on; meanwhile looks who is in the way, where that is wanted. */
static void
wait_for_server(struct rc_session *session)
{
	long half = session->lock_timeout / 2, every = half == 0 || half > LOOK_EVERY ? LOOK_EVERY : half;

	if (!rc_connection_wait(&session->connection, session->find_blocker ? every : -1))
		look_for_blocker(session);
}

/* The whole answer to what was sent. */
static enum rc_progress
wait_for_answer(struct rc_session *session, struct rc_answer *answer)
{
	enum rc_progress progress;

	while ((progress = rc_connection_answer(&session->connection, answer)) == RC_BUSY)
		wait_for_server(session);
	return progress;
}

/* The same, or the end of the process where there is none. */
static PGresult *
need_answer(struct rc_session *session, const char *what)
{
	struct rc_answer answer = {0};

	if (wait_for_answer(session, &answer) == RC_FAILED)
		die_of_failure(session, what);
	return answer.result;
}

PGresult *
rc_session_next_row(struct rc_session *session, const char *what)
{
	enum rc_progress progress;
	PGresult *result;

	for (;;) {
		while ((progress = rc_connection_next(&session->connection, &result)) == RC_BUSY)
			wait_for_server(session);
		if (progress == RC_FAILED)
			die_of_failure(session, what);
		if (result == NULL || PQresultStatus(result) == PGRES_SINGLE_TUPLE)
			return result;
		if (!rc_result_is_good(result))
			rc_session_die(session, result, what);
		PQclear(result);	/* the end of the rows */
	}
}

/* ---- statements ---- */

PGresult *
rc_session_exec(struct rc_session *session, const char *sql, const struct rc_parameters *parameters)
{
	session->unnamed = NULL;
	rc_connection_send(&session->connection, sql, parameters == NULL ? &no_parameters : parameters);
	return need_answer(session, NULL);
}

PGresult *
rc_session_query(struct rc_session *session, const char *what, const char *sql, const struct rc_parameters *parameters)
{
	PGresult *result = rc_session_exec(session, sql, parameters);

	if (!rc_result_is_good(result))
		rc_session_die(session, result, what);
	return result;
}

enum rc_progress
rc_session_try_script(struct rc_session *session, const char *sql, struct rc_answer *answer)
{
	session->unnamed = NULL;
	rc_connection_send_script(&session->connection, sql);
	return wait_for_answer(session, answer);
}

void
rc_session_run_script(struct rc_session *session, const char *what, const char *sql, struct rc_answer *answer)
{
	if (rc_session_try_script(session, sql, answer) == RC_FAILED)
		die_of_failure(session, what);
}

void
rc_session_do_script(struct rc_session *session, const char *what, const char *sql)
{
	struct rc_answer answer = {0};

	rc_session_run_script(session, what, sql, &answer);
	if (!rc_result_is_good(answer.result))
		rc_session_die(session, answer.result, what);
	PQclear(answer.result);
}

PGresult *
rc_session_prepare(struct rc_session *session, const char *name, const char *sql, const struct rc_parameters *parameters)
{
	if (*name == '\0')
		session->unnamed = NULL;
	rc_connection_send_prepare(&session->connection, name, sql, parameters);
	return need_answer(session, NULL);
}

PGresult *
rc_session_describe(struct rc_session *session, const char *name)
{
	rc_connection_send_describe(&session->connection, name);
	return need_answer(session, NULL);
}

PGresult *
rc_session_exec_prepared(struct rc_session *session, const char *name, const struct rc_parameters *parameters)
{
	rc_connection_send_prepared(&session->connection, name, parameters);
	return need_answer(session, NULL);
}

void
rc_session_start(struct rc_session *session, const char *sql, const struct rc_parameters *parameters)
{
	session->unnamed = NULL;
	rc_connection_send(&session->connection, sql, parameters);
	rc_connection_want_single_rows(&session->connection);
}

void
rc_session_start_prepared(struct rc_session *session, const char *name, const struct rc_parameters *parameters)
{
	rc_connection_send_prepared(&session->connection, name, parameters);
	rc_connection_want_single_rows(&session->connection);
}

/* Adds what libpq has put into quotes, and frees it; NULL: WHAT is not UTF-8. */
static void
add_quoted(struct rc_buf *sql, char *quoted, const char *what)
{
	if (quoted == NULL)
		rc_die(RC_FATAL, "a %s that is not UTF-8", what);
	rc_buf_add_text(sql, quoted);
	PQfreemem(quoted);
}

void
rc_session_add_identifier(struct rc_session *session, struct rc_buf *sql, const char *identifier)
{
	add_quoted(sql, PQescapeIdentifier(session->connection.libpq, identifier, strlen(identifier)), "name");
}

void
rc_session_add_literal(struct rc_session *session, struct rc_buf *sql, const char *text)
{
	add_quoted(sql, PQescapeLiteral(session->connection.libpq, text, strlen(text)), "value");
}

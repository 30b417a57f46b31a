#include "rc_db.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_event.h"
#include "rc_mem.h"
#include "rc_secret.h"
#include "rc_signal.h"

enum { LOOK_EVERY = 1000 };	/* ms between two looks at who blocks us */

static struct rc_db *open_db;		/* for the exit hook */
static PGcancel *volatile cancel;	/* for the signal hook */

/* ---- messages ---- */

/* Adds libpq's TEXT as one line: without LOCATION lines, runs of blanks as one. */
static void
add_one_line(struct rc_buf *out, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (strncmp(text, "LOCATION:", 9) != 0)
			for (size_t i = 0; i <= length; i++) {
				char c = i == length || text[i] == '\t' ? ' ' : text[i];

				if (c != ' ' || (out->length > 0 && out->bytes[out->length - 1] != ' '))
					rc_buf_add(out, &c, 1);
			}
		text += length + (text[length] == '\n');
	}
	while (out->length > 0 && out->bytes[out->length - 1] == ' ')
		out->length--;
	rc_buf_text(out);
}

/* Takes the SQLSTATE out of WORDS, where a verbose message has it: `FATAL: 28P01: password ...`. */
static void
take_sqlstate(struct rc_buf *words, char *sqlstate)
{
	char *found = NULL;

	for (char *p = words->bytes; (p = strstr(p, ": ")) != NULL; p++)
		if (strspn(p + 2, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && strncmp(p + 7, ": ", 2) == 0)
			found = p + 2;
	if (found == NULL)
		return;
	memcpy(sqlstate, found, 5);
	sqlstate[5] = '\0';
	memmove(found, found + 7, strlen(found + 7) + 1);
	words->length -= 7;
}

void
rc_db_where(const PGconn *conn, struct rc_buf *where)
{
	const char *host = PQhost(conn), *port = PQport(conn), *dbname = PQdb(conn), *user = PQuser(conn);

	rc_buf_printf(where, host != NULL && *host != '/' && strchr(host, ':') != NULL ? "[%s]:%s/%s as %s" : "%s:%s/%s as %s",
	    host == NULL || *host == '\0' ? "localhost" : host,
	    port == NULL || *port == '\0' ? "5432" : port, dbname == NULL ? "" : dbname, user == NULL ? "" : user);
	rc_buf_text(where);
}

const char *
rc_db_sqlstate(const PGresult *result)
{
	const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return sqlstate == NULL ? "" : sqlstate;
}

bool
rc_db_is_locked(const PGresult *result)
{
	return strcmp(rc_db_sqlstate(result), "55P03") == 0;
}

enum rc_exit
rc_db_class(const char *sqlstate)
{
	/* Classes and codes that say "later": connection, rollback, resources, read-only standby, lock, shutdown. */
	static const char *const later[] = { "08", "40", "53", "25006", "25P03", "55P03",
	    "57P01", "57P02", "57P03", "57P04", "57P05" };

	if (*sqlstate == '\0')
		return RC_RETRY;
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strncmp(sqlstate, later[i], strlen(later[i])) == 0)
			return RC_RETRY;
	return RC_FATAL;
}

void
rc_db_die(struct rc_db *db, const PGresult *result, const char *what)
{
	const char *sqlstate = rc_db_sqlstate(result), *detail = NULL;
	struct rc_buf words = {0};

	if (*sqlstate == '\0') {	/* libpq's own words: the connection broke */
		add_one_line(&words, result == NULL ? PQerrorMessage(db->conn) : PQresultErrorMessage(result));
		rc_die(RC_RETRY, "%s: %s", what, words.bytes);
	}
	add_one_line(&words, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	if (rc_db_is_locked(result) && db->blocker != NULL)
		rc_die(RC_RETRY, "%s: no lock after %d %s of %ld ms: it is held by %s (%s)",
		    what, db->lock_tries, db->lock_tries == 1 ? "try" : "tries", db->lock_timeout, db->blocker, sqlstate);
	/* The detail of a column that is null and of a CHECK is the whole row, hashes of passwords and all. */
	if (strcmp(sqlstate, "23502") != 0 && strcmp(sqlstate, "23514") != 0 && (detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)) != NULL) {
		rc_buf_add_text(&words, ": ");
		add_one_line(&words, detail);
	}
	rc_die(rc_db_class(sqlstate), "%s: %s (%s)", what, words.bytes, sqlstate);
}

/* ---- logging in ---- */

static void
settings(const char **keywords, const char **values, struct rc_arena *arena)
{
	static char application[64];
	static struct rc_secret url;	/* read once: its file may be a pipe */
	static bool looked;
	int n = 0;

	keywords[0] = NULL;
	if (!looked)
		rc_secret_find_line("DATABASE_URL", &url);
	looked = true;
	if (url.bytes != NULL)
		rc_db_parse_url(url.bytes, keywords, values, arena);
	while (keywords[n] != NULL)
		if (strcmp(keywords[n++], "host") == 0)
			unsetenv("PGHOSTADDR");	/* or libpq would go there instead */
	if (n > RC_DB_SETTINGS_MAX - 3)
		rc_die(RC_FATAL, "DATABASE_URL: too many parameters");
	application[0] = '\0';
	strncat(application, rc_err_tool(), sizeof application - 2 - RC_RUN_ID_LENGTH);
	strcat(application, " ");
	strcat(application, rc_run_id());
	keywords[n] = "application_name";
	values[n++] = application;
	keywords[n] = "client_encoding";
	values[n++] = "UTF8";
	keywords[n] = NULL;
	values[n] = NULL;
}

static void
ignore_notice(void *ignored, const char *message)
{
	(void)ignored;
	(void)message;
}

/* Waits until the socket is ready; false at the DEADLINE (0: none). */
static bool
wait_for(int fd, short events, long long deadline)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int n;

	do {
		long long left = deadline == 0 ? -1 : deadline - rc_clock_ms();

		if (deadline != 0 && left <= 0)
			return false;
		n = poll(&ready, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

/* How far one call of libpq came. */
enum progress { CONNECTED, FAILED, STALLED };

/* Drives a connection that was started until it is made, fails, or one of its hosts takes longer than TIMEOUT, or till END. */
static enum progress
drive(PGconn *conn, long timeout, long long end)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	const char *host = NULL;
	long long deadline = 0;

	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (PQhost(conn) != host) {	/* the next one, which has its own time */
			host = PQhost(conn);
			deadline = timeout == 0 ? 0 : rc_clock_ms() + timeout;
			if (end != 0 && (deadline == 0 || deadline > end))
				deadline = end;
		}
		if (!wait_for(PQsocket(conn), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
			return STALLED;
		state = PQconnectPoll(conn);
	}
	return state == PGRES_POLLING_OK ? CONNECTED : FAILED;
}

/* Says in FAILURE why CONN is not connected. */
static void
explain(const PGconn *conn, enum progress progress, long timeout, struct rc_db_failure *failure)
{
	const char *words = PQerrorMessage(conn);

	rc_db_where(conn, &failure->where);
	if (progress == STALLED) {
		rc_buf_printf(&failure->words, "no answer within %g s", (double)timeout / 1000);
		rc_buf_text(&failure->words);
		return;
	}
	add_one_line(&failure->words, words);
	take_sqlstate(&failure->words, failure->sqlstate);
	if (*failure->sqlstate == '\0' && PQconnectionNeedsPassword(conn))
		strcpy(failure->sqlstate, "28P01");	/* libpq gave up before the server could say it */
}

PGconn *
rc_db_connect(long timeout, long limit, struct rc_db_failure *failure)
{
	const char *keywords[RC_DB_SETTINGS_MAX], *values[RC_DB_SETTINGS_MAX];
	long long end = limit == 0 ? 0 : rc_clock_ms() + limit;
	struct rc_arena arena = {0};
	enum progress progress;
	bool another;
	PGconn *conn;

	*failure = (struct rc_db_failure){0};
	settings(keywords, values, &arena);
	do {
		conn = PQconnectStartParams(keywords, values, 0);
		if (conn == NULL)
			rc_die(RC_RETRY, "out of memory");
		PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);	/* or there would be no SQLSTATE */
		PQsetNoticeProcessor(conn, ignore_notice, NULL);
		if (PQstatus(conn) == CONNECTION_BAD) {
			progress = FAILED;
			failure->settings = strncmp(PQerrorMessage(conn), "connection to server", 20) != 0 &&
			    strncmp(PQerrorMessage(conn), "could not translate host name", 29) != 0;
		} else {
			progress = drive(conn, timeout, end);
		}
		another = progress == STALLED && (end == 0 || rc_clock_ms() < end) && rc_db_skip_host(conn, keywords, values, &arena);
		if (another)
			PQfinish(conn);
	} while (another);
	rc_arena_wipe(&arena);
	if (progress == CONNECTED) {
		PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
		return conn;
	}
	explain(conn, progress, limit > 0 && limit < timeout ? limit : timeout, failure);
	PQfinish(conn);
	return NULL;
}

PGresult *
rc_db_ask(PGconn *conn, const char *sql, long timeout)
{
	long long deadline = rc_clock_ms() + timeout;
	PGresult *result = NULL, *next;

	if (PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
		return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	do {
		while (PQisBusy(conn)) {
			if (!wait_for(PQsocket(conn), POLLIN, deadline)) {
				PQclear(result);
				return NULL;
			}
			if (PQconsumeInput(conn) != 1)
				break;
		}
		if ((next = PQgetResult(conn)) != NULL) {
			PQclear(result);
			result = next;
		}
	} while (next != NULL);
	return result;
}

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
	if (open_db != NULL)
		rc_db_close(open_db);
}

void
rc_db_open(struct rc_db *db)
{
	struct rc_db_failure failure;
	long timeout = RC_DB_CONNECT_TIMEOUT;
	const char *wanted = getenv("PGCONNECT_TIMEOUT");
	long seconds;

	if (wanted != NULL && rc_parse_long(wanted, 1, 86400, &seconds))
		timeout = seconds * 1000;
	*db = (struct rc_db){ .lock_timeout = RC_DB_LOCK_TIMEOUT, .lock_tries = RC_DB_LOCK_TRIES };
	db->conn = rc_db_connect(timeout, 0, &failure);
	if (db->conn == NULL)
		rc_die(failure.settings ? RC_FATAL : rc_db_class(failure.sqlstate), "%s: %s",
		    failure.where.bytes, failure.words.bytes);
	open_db = db;
	rc_at_exit(close_at_exit);
	cancel = PQgetCancel(db->conn);
	rc_at_signal(cancel_at_signal);
}

void
rc_db_close(struct rc_db *db)
{
	PGcancel *old = cancel;

	cancel = NULL;
	PQfreeCancel(old);
	PQfinish(db->conn);
	free(db->blocker);
	*db = (struct rc_db){0};
	open_db = NULL;
}

/* ---- statements ---- */

/* Notes which session our statement waits for, by a second connection; where that can't be had, nothing is noted. */
static void
look_for_blocker(struct rc_db *db)
{
	static const char form[] =
	    "select format('pid %%s (%%s, user %%s, %%s for %%s s)', pid, coalesce(nullif(application_name, ''), 'no name'),"
	    " usename, state, extract(epoch from now() - coalesce(xact_start, query_start))::int)"
	    " from pg_stat_activity where pid = any(pg_blocking_pids(%d)) order by xact_start limit 1";
	struct rc_db_failure failure;
	PGconn *conn = rc_db_connect(LOOK_EVERY, LOOK_EVERY, &failure);
	char sql[sizeof form + 16];
	PGresult *result;

	rc_buf_free(&failure.words);
	rc_buf_free(&failure.where);
	if (conn == NULL)
		return;
	snprintf(sql, sizeof sql, form, PQbackendPID(db->conn));
	result = rc_db_ask(conn, sql, LOOK_EVERY);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0)) {
		const char *found = PQgetvalue(result, 0, 0);

		if (db->tell)
			rc_warn("waiting for a lock that %s holds", found);
		db->tell = false;
		free(db->blocker);
		db->blocker = rc_strndup(found, strlen(found));
	}
	PQclear(result);
	PQfinish(conn);
}

/* Waits for the results of what was sent; the last one, or the first that is an error. */
static PGresult *
collect(struct rc_db *db)
{
	long half = db->lock_timeout / 2, every = half == 0 || half > LOOK_EVERY ? LOOK_EVERY : half;
	PGresult *kept = NULL, *next;

	for (;;) {
		while (PQisBusy(db->conn)) {
			long long deadline = db->watch ? rc_clock_ms() + every : 0;

			if (!wait_for(PQsocket(db->conn), POLLIN, deadline))
				look_for_blocker(db);
			else if (PQconsumeInput(db->conn) != 1)
				break;
		}
		if ((next = PQgetResult(db->conn)) == NULL)
			return kept;
		if (PQresultStatus(next) == PGRES_COPY_OUT || PQresultStatus(next) == PGRES_COPY_IN)
			rc_die(RC_FATAL, "COPY to or from the client has no place here");
		if (kept != NULL && *rc_db_sqlstate(kept) != '\0') {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
}

static bool
is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* The answer to a statement; SENT is what libpq said of sending it. */
static PGresult *
answer(struct rc_db *db, int sent)
{
	PGresult *result;

	if (sent != 1)
		rc_db_die(db, NULL, "cannot send a statement");
	result = collect(db);
	if (!is_good(result) && *rc_db_sqlstate(result) == '\0')
		rc_db_die(db, result, "the connection broke");
	return result;
}

PGresult *
rc_db_exec(struct rc_db *db, const char *sql, int count, const Oid *types, const char *const *values)
{
	return answer(db, PQsendQueryParams(db->conn, sql, count, types, values, NULL, NULL, 0));
}

PGresult *
rc_db_prepare(struct rc_db *db, const char *name, const char *sql, int count, const Oid *types)
{
	return answer(db, PQsendPrepare(db->conn, name, sql, count, types));
}

PGresult *
rc_db_describe(struct rc_db *db, const char *name)
{
	return answer(db, PQsendDescribePrepared(db->conn, name));
}

PGresult *
rc_db_run(struct rc_db *db, const char *name, int count, const char *const *values)
{
	return answer(db, PQsendQueryPrepared(db->conn, name, count, values, NULL, NULL, 0));
}

PGresult *
rc_db_query(struct rc_db *db, const char *what, const char *sql, int count, const char *const *values)
{
	PGresult *result = rc_db_exec(db, sql, count, NULL, values);

	if (!is_good(result))
		rc_db_die(db, result, what);
	return result;
}

static void
simple(struct rc_db *db, const char *what, const char *sql)
{
	PGresult *result;

	if (PQsendQuery(db->conn, sql) != 1)
		rc_db_die(db, NULL, what);
	result = collect(db);
	if (!is_good(result))
		rc_db_die(db, result, what);
	PQclear(result);
}

void
rc_db_add_identifier(struct rc_db *db, struct rc_buf *sql, const char *identifier)
{
	char *quoted = PQescapeIdentifier(db->conn, identifier, strlen(identifier));

	if (quoted == NULL)
		rc_die(RC_FATAL, "a name that is not UTF-8");
	rc_buf_add_text(sql, quoted);
	PQfreemem(quoted);
}

void
rc_db_begin(struct rc_db *db, enum rc_db_mode mode, const char *and_then)
{
	const char *schema = getenv("RC_SCHEMA");
	struct rc_buf sql = {0};

	rc_buf_add_text(&sql, mode == RC_DB_READ_ONLY ?
	    "begin isolation level repeatable read read only;" : "begin isolation level read committed read write;");
	rc_buf_printf(&sql, "set local timezone = 'UTC'; set local standard_conforming_strings = on; set local lock_timeout = %ld;", db->lock_timeout);
	if (PQserverVersion(db->conn) >= 140000)
		rc_buf_add_text(&sql, "set local client_connection_check_interval = 1000;");
	if (schema != NULL && *schema != '\0') {
		rc_buf_add_text(&sql, "set local search_path = ");
		rc_db_add_identifier(db, &sql, schema);
		rc_buf_add_text(&sql, ", public, pg_temp;");
	}
	if (and_then != NULL)
		rc_buf_add_text(&sql, and_then);
	simple(db, "cannot begin a transaction", rc_buf_text(&sql));
	rc_buf_free(&sql);
}

PGresult *
rc_db_settle(struct rc_db *db)
{
	PGresult *result = answer(db, PQsendQuery(db->conn, "set constraints all immediate;"
	    "select txid_current_if_assigned(), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"));

	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		snprintf(db->transaction, sizeof db->transaction, "%s", PQgetvalue(result, 0, 0));
		snprintf(db->timeline, sizeof db->timeline, "%s", PQgetvalue(result, 0, 1));
	}
	return result;
}

/* Whether the server went away before it could say what became of the COMMIT. */
static bool
is_unanswered(const PGresult *result)
{
	const char *sqlstate = rc_db_sqlstate(result);

	return !is_good(result) && (*sqlstate == '\0' || strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0);
}

bool
rc_db_commit(struct rc_db *db)
{
	PGresult *result = NULL;

	rc_signal_hold();
	if (PQsendQuery(db->conn, "commit") == 1)
		result = collect(db);
	if (is_unanswered(result)) {
		PQclear(result);
		if (*db->transaction == '\0')
			return true;	/* it had changed nothing */
		switch (rc_db_ask_fate(db->transaction, db->timeline)) {
		case RC_DB_COMMITTED:
			rc_warn("the connection broke during COMMIT; the server says that it took place");
			return true;
		case RC_DB_ABORTED:
			rc_die(RC_RETRY, "the connection broke during COMMIT; the server says that nothing was changed");
		case RC_DB_NOT_KNOWN:
			return false;
		}
	}
	if (!is_good(result))
		rc_db_die(db, result, "cannot commit, nothing was changed");
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		rc_die(RC_FATAL, "the server answered COMMIT with %s, nothing was changed", PQcmdStatus(result));
	PQclear(result);
	return true;
}

void
rc_db_rollback(struct rc_db *db)
{
	simple(db, "cannot roll back", "rollback");
}

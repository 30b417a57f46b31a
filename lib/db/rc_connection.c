#include "rc_connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rc_address.h"
#include "rc_clock.h"

/* ---- failures ---- */

void
rc_connection_add_where(const struct rc_connection *connection, struct rc_buf *where)
{
	const PGconn *libpq = connection->libpq;
	const char *host = PQhost(libpq), *port = PQport(libpq), *dbname = PQdb(libpq), *user = PQuser(libpq);

	rc_buf_printf(where, host != NULL && *host != '/' && strchr(host, ':') != NULL ? "[%s]:%s/%s as %s" : "%s:%s/%s as %s",
	    host == NULL || *host == '\0' ? "localhost" : host,
	    port == NULL || *port == '\0' ? "5432" : port, dbname == NULL ? "" : dbname, user == NULL ? "" : user);
	rc_buf_text(where);
}

enum rc_exit
rc_failure_class(const struct rc_failure *failure)
{
	return failure->hopeless ? RC_FATAL : rc_sqlstate_class(failure->sqlstate);
}

/* Notes that the connection is of no more use, with WORDS, or where they are NULL libpq's own. */
static enum rc_progress
fail(struct rc_connection *connection, const char *words)
{
	struct rc_failure *failure = &connection->failure;

	if (connection->failed)
		return RC_FAILED;
	connection->failed = true;
	rc_result_add_line(&failure->words, words != NULL ? words : PQerrorMessage(connection->libpq));
	if (failure->words.length == 0)
		rc_result_add_line(&failure->words, "the server's answer broke off");
	return RC_FAILED;
}

static bool
contains_any(const char *text, const char *const *parts)
{
	for (; *parts != NULL; parts++)
		if (strstr(text, *parts) != NULL)
			return true;
	return false;
}

/* Whether a login that failed in the STATE before would always fail: libpq has no code for that, only words. */
static bool
is_hopeless(const struct rc_connection *connection, ConnStatusType state)
{
	static const char *const of_the_network[] = { "SYSCALL", "eof", "EOF", "could not receive", "could not send",
	    "closed the connection", "Connection reset", NULL };
	static const char *const of_the_login[] = { "authentication method requirement", "channel binding",
	    "did not request an SSL certificate", NULL };
	static const char *const of_the_server[] = { "connection to server", "could not translate host name", NULL };
	const char *words = PQerrorMessage(connection->libpq);

	if (strcmp(connection->failure.sqlstate, "08P01") == 0)
		return true;	/* a pooler that refuses a parameter, or knows neither database nor user */
	if (contains_any(words, of_the_login))
		return true;	/* require_auth and sslcertmode (libpq 16), channel_binding: the server does not do what was asked for */
	if (state == CONNECTION_SSL_STARTUP || strstr(words, "SSL error:") != NULL)
		return !contains_any(words, of_the_network);	/* a certificate, a key, a name: wrong here or there */
	return state == CONNECTION_BAD && strncmp(words, of_the_server[0], strlen(of_the_server[0])) != 0 &&
	    strncmp(words, of_the_server[1], strlen(of_the_server[1])) != 0;
}

static void
add_hint(struct rc_connection *connection)
{
	if (connection->settings.hint != NULL)
		rc_buf_printf(&connection->failure.words, " (%s)", connection->settings.hint);
	rc_buf_text(&connection->failure.words);
}

/* A login failed in the STATE before. */
static enum rc_progress
fail_login(struct rc_connection *connection, ConnStatusType state)
{
	struct rc_failure *failure = &connection->failure;

	rc_connection_add_where(connection, &failure->where);
	fail(connection, NULL);
	rc_result_take_sqlstate(&failure->words, failure->sqlstate);
	if (*failure->sqlstate == '\0' && PQconnectionNeedsPassword(connection->libpq))
		strcpy(failure->sqlstate, "28P01");	/* libpq gave up before the server could say it */
	failure->hopeless = is_hopeless(connection, state);
	add_hint(connection);
	return RC_FAILED;
}

/* ---- logging in ---- */

static void
ignore_notice(void *ignored, const char *message)
{
	(void)ignored;
	(void)message;
}

/* How long each address has: what was asked for, else what the settings or the environment say as psql takes it. */
static long
address_limit(const struct rc_connection *connection)
{
	const char *wanted = rc_settings_find(&connection->settings, "connect_timeout");
	long seconds;

	if (connection->limits.address > 0)
		return connection->limits.address;
	if (wanted == NULL)
		wanted = getenv("PGCONNECT_TIMEOUT");
	return wanted != NULL && rc_parse_long(wanted, 1, 86400, &seconds) ? seconds * 1000 : RC_CONNECT_TIMEOUT;
}

static void
begin_login(struct rc_connection *connection)
{
	connection->libpq = PQconnectStartParams(connection->settings.keywords, connection->settings.values, 0);
	if (connection->libpq == NULL)
		rc_die(RC_RETRY, "out of memory");
	PQsetErrorVerbosity(connection->libpq, PQERRORS_VERBOSE);	/* or there would be no SQLSTATE */
	PQsetNoticeProcessor(connection->libpq, ignore_notice, NULL);
	connection->events = POLLOUT;
	connection->host = NULL;
}

/* libpq goes from one address to the next by itself where one refuses; each has its own time. */
static void
set_deadline(struct rc_connection *connection)
{
	const char *host = PQhost(connection->libpq), *address = PQhostaddr(connection->libpq);

	if (address == NULL)
		address = "";
	if (host == connection->host && strncmp(address, connection->address, sizeof connection->address - 1) == 0)
		return;
	connection->host = host;
	connection->address[0] = '\0';
	strncat(connection->address, address, sizeof connection->address - 1);
	connection->deadline = rc_clock_ms() + address_limit(connection);
	if (connection->end != 0 && connection->deadline > connection->end)
		connection->deadline = connection->end;
}

void
rc_connection_start(struct rc_connection *connection, const struct rc_settings *settings, const struct rc_login_limits *limits)
{
	*connection = (struct rc_connection){ .limits = *limits };
	rc_settings_copy(&connection->settings, settings);
	if (limits->all > 0)
		connection->end = rc_clock_ms() + limits->all;
	begin_login(connection);
	if (PQstatus(connection->libpq) == CONNECTION_BAD)
		fail_login(connection, CONNECTION_BAD);
	else
		set_deadline(connection);
}

/* An address did not answer in time: on to the next one, as libpq itself would with a connect_timeout. */
static enum rc_progress
go_on_elsewhere(struct rc_connection *connection)
{
	long all = connection->limits.all, limit = address_limit(connection);
	bool over = connection->end != 0 && rc_clock_ms() >= connection->end;

	if (!over && rc_address_skip(&connection->settings, connection->libpq)) {
		PQfinish(connection->libpq);
		begin_login(connection);
		if (PQstatus(connection->libpq) == CONNECTION_BAD)
			return fail_login(connection, CONNECTION_BAD);
		set_deadline(connection);
		return RC_BUSY;
	}
	rc_connection_add_where(connection, &connection->failure.where);
	rc_buf_printf(&connection->failure.words, "no answer within %g s", (double)(all > 0 && all < limit ? all : limit) / 1000);
	add_hint(connection);
	connection->failed = true;
	return RC_FAILED;
}

/* Whether the socket is ready; false at TIMEOUT milliseconds (-1: none). */
static bool
is_ready(const struct rc_connection *connection, long timeout)
{
	struct pollfd ready = { .fd = PQsocket(connection->libpq), .events = connection->events };
	long long end = rc_clock_ms() + timeout;
	int n;

	while ((n = poll(&ready, 1, timeout < 0 ? -1 : (int)timeout)) < 0 && errno == EINTR)
		if (timeout >= 0 && (timeout = (long)(end - rc_clock_ms())) < 0)
			timeout = 0;
	return n != 0;
}

enum rc_progress
rc_connection_login(struct rc_connection *connection)
{
	ConnStatusType before = PQstatus(connection->libpq);

	if (connection->failed)
		return RC_FAILED;
	if (before == CONNECTION_OK)
		return RC_READY;
	if (rc_clock_ms() >= connection->deadline)	/* first, or a server that sends for ever would be read for ever */
		return go_on_elsewhere(connection);
	if (!is_ready(connection, 0))
		return RC_BUSY;
	switch (PQconnectPoll(connection->libpq)) {
	case PGRES_POLLING_OK:
		PQsetErrorVerbosity(connection->libpq, PQERRORS_DEFAULT);
		PQsetnonblocking(connection->libpq, 1);
		rc_settings_wipe(&connection->settings);
		connection->deadline = 0;
		connection->events = POLLIN;
		return RC_READY;
	case PGRES_POLLING_READING: connection->events = POLLIN; break;
	case PGRES_POLLING_WRITING: connection->events = POLLOUT; break;
	default: return fail_login(connection, before);
	}
	set_deadline(connection);
	return RC_BUSY;
}

bool
rc_connection_wait(struct rc_connection *connection, long timeout)
{
	if (connection->deadline != 0) {
		long long left = connection->deadline - rc_clock_ms();

		if (timeout < 0 || left < timeout)
			timeout = left < 0 ? 0 : (long)left;
	}
	return is_ready(connection, timeout);
}

bool
rc_connection_open(struct rc_connection *connection, const struct rc_settings *settings, const struct rc_login_limits *limits)
{
	enum rc_progress progress;

	rc_connection_start(connection, settings, limits);
	while ((progress = rc_connection_login(connection)) == RC_BUSY)
		rc_connection_wait(connection, -1);
	return progress == RC_READY;
}

void
rc_connection_close(struct rc_connection *connection)
{
	PQfinish(connection->libpq);
	rc_settings_wipe(&connection->settings);
	rc_buf_free(&connection->failure.words);
	rc_buf_free(&connection->failure.where);
	*connection = (struct rc_connection){0};
}

/* ---- statements ---- */

/* Notes that something was SENT, as libpq has it. */
static void
note_sent(struct rc_connection *connection, int sent)
{
	connection->ended = false;
	connection->fresh = true;
	connection->events = POLLIN;
	if (sent != 1)
		fail(connection, NULL);
	else if (PQflush(connection->libpq) == 1)
		connection->events = POLLIN | POLLOUT;
}

void
rc_connection_send_script(struct rc_connection *connection, const char *sql)
{
	note_sent(connection, PQsendQuery(connection->libpq, sql));
}

void
rc_connection_send(struct rc_connection *connection, const char *sql, const struct rc_parameters *parameters)
{
	note_sent(connection, PQsendQueryParams(connection->libpq, sql, parameters->count, parameters->types, parameters->values, NULL, NULL, 0));
}

void
rc_connection_send_prepare(struct rc_connection *connection, const char *name, const char *sql, const struct rc_parameters *parameters)
{
	note_sent(connection, PQsendPrepare(connection->libpq, name, sql, parameters->count, parameters->types));
}

void
rc_connection_send_describe(struct rc_connection *connection, const char *name)
{
	note_sent(connection, PQsendDescribePrepared(connection->libpq, name));
}

void
rc_connection_send_prepared(struct rc_connection *connection, const char *name, const struct rc_parameters *parameters)
{
	note_sent(connection, PQsendQueryPrepared(connection->libpq, name, parameters->count, parameters->values, NULL, NULL, 0));
}

void
rc_connection_want_single_rows(struct rc_connection *connection)
{
	if (!connection->failed && PQsetSingleRowMode(connection->libpq) != 1)
		fail(connection, NULL);
}

/* What a result of libpq's means for the connection. */
static enum rc_progress
take(struct rc_connection *connection, PGresult *got, PGresult **result)
{
	if (rc_result_is_copy(got)) {
		PQclear(got);
		connection->failure.hopeless = true;
		return fail(connection, RC_NO_COPY);
	}
	if (PQresultStatus(got) == PGRES_FATAL_ERROR && PQresultErrorField(got, PG_DIAG_SEVERITY) == NULL && *rc_result_sqlstate(got) == '\0') {
		fail(connection, PQresultErrorMessage(got));	/* libpq's own: the connection broke */
		PQclear(got);
		return RC_FAILED;
	}
	connection->ended = PQresultStatus(got) != PGRES_SINGLE_TUPLE;
	*result = got;
	return RC_READY;
}

enum rc_progress
rc_connection_next(struct rc_connection *connection, PGresult **result)
{
	PGresult *got;

	*result = NULL;
	if (connection->failed)
		return RC_FAILED;
	if ((connection->events & POLLOUT) != 0)
		connection->events = PQflush(connection->libpq) == 1 ? POLLIN | POLLOUT : POLLIN;
	if (connection->fresh) {	/* it can't be here yet: no system call to see that */
		connection->fresh = false;
		return RC_BUSY;
	}
	if (PQisBusy(connection->libpq)) {
		/* Where that fails, PQgetResult() has what came before, and then the failure. */
		if (PQconsumeInput(connection->libpq) == 1 && PQisBusy(connection->libpq))
			return RC_BUSY;
	}
	if ((got = PQgetResult(connection->libpq)) != NULL)
		return take(connection, got, result);
	return connection->ended ? RC_READY : fail(connection, NULL);
}

enum rc_progress
rc_connection_answer(struct rc_connection *connection, struct rc_answer *answer)
{
	enum rc_progress progress;
	PGresult *next;

	while ((progress = rc_connection_next(connection, &next)) == RC_READY && next != NULL) {
		if (answer->result != NULL && !rc_result_is_good(answer->result)) {
			PQclear(next);
			continue;
		}
		answer->good += rc_result_is_good(next);
		PQclear(answer->result);
		answer->result = next;
	}
	if (progress == RC_FAILED && answer->result != NULL && !rc_result_is_good(answer->result))
		return RC_READY;	/* what the server said before it went */
	return progress;
}

bool
rc_connection_is_alive(struct rc_connection *connection)
{
	if (PQconsumeInput(connection->libpq) != 1 || PQstatus(connection->libpq) != CONNECTION_OK)
		fail(connection, NULL);
	return !connection->failed;
}

enum rc_progress
rc_connection_ask(struct rc_connection *connection, const char *sql, long timeout, PGresult **result)
{
	static const struct rc_parameters none = {0};
	long long end = rc_clock_ms() + timeout;
	struct rc_answer answer = {0};
	enum rc_progress progress;

	rc_connection_send(connection, sql, &none);
	while ((progress = rc_connection_answer(connection, &answer)) == RC_BUSY) {
		long long left = end - rc_clock_ms();

		if (left <= 0)
			break;
		rc_connection_wait(connection, (long)left);
	}
	if (progress != RC_READY) {
		PQclear(answer.result);
		answer.result = NULL;
	}
	*result = answer.result;
	return progress;
}

#include "rc_copy_out.h"

#include <poll.h>
#include <time.h>

enum { PATIENCE = 5 };	/* ms before what waits is written out */

/*
 * The server sends 8 kB at a time, and where we sleep in poll(2), each time wakes us: a tenth of its time.  So while rows
 * flow we sleep by the clock, for as long as so many bytes take.  They are well below what a socket holds (208 kB unless
 * the system says otherwise), so that the server never waits for us.
 */
enum {
	NAP_BYTES = 64 * 1024,
	FLOWING = 16,		/* bytes a microsecond from which on rows flow */
	NAP_MAX = 1000,		/* us */
};

/* Ends the process where the server's RESULT is not of the kind that the stream is at. */
static void
need_status(const struct rc_copy_out *copy, PGresult *result, ExecStatusType status)
{
	struct rc_buf words = {0}, what = {0};

	rc_buf_add_text(&what, copy->what);
	if (copy->messages > 0)
		rc_buf_printf(&what, ", after %llu rows", copy->messages);
	rc_buf_text(&what);
	if (PQresultErrorField(result, PG_DIAG_SEVERITY) != NULL)
		rc_session_die(copy->session, result, what.bytes);
	if (result == NULL || PQresultStatus(result) == PGRES_FATAL_ERROR) {	/* libpq's own: the connection broke */
		rc_result_add_line(&words, PQerrorMessage(copy->session->connection.libpq));
		rc_die(RC_RETRY, "%s: %s", what.bytes, words.length > 0 ? words.bytes : "the connection broke");
	}
	if (PQresultStatus(result) != status)
		rc_session_misled(what.bytes);
	rc_buf_free(&what);
}

void
rc_copy_out_start(struct rc_copy_out *copy, struct rc_session *session, const char *what, const char *sql)
{
	PGconn *conn = session->connection.libpq;
	PGresult *result = NULL;

	*copy = (struct rc_copy_out){ .session = session, .what = what };
	session->unnamed = NULL;
	/* The protocol for statements with parameters takes one statement only. */
	if (PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 1)
		result = PQgetResult(conn);
	need_status(copy, result, PGRES_COPY_OUT);
	if (PQbinaryTuples(result) != 1)
		rc_session_misled(what);
	PQclear(result);
}

/* Sleeps for a moment where rows flow. */
static void
nap(struct rc_copy_out *copy)
{
	struct timespec now;
	long long passed, sleep = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = (long long)(now.tv_sec - copy->waited.tv_sec) * 1000000 + (now.tv_nsec - copy->waited.tv_nsec) / 1000;
	if (copy->flow > 0 && (long long)copy->flow >= passed * FLOWING)
		sleep = passed * NAP_BYTES / (long long)copy->flow;
	copy->flow = 0;
	copy->waited = now;
	if (sleep > 0)
		nanosleep(&(struct timespec){ .tv_nsec = (sleep < NAP_MAX ? sleep : NAP_MAX) * 1000 }, NULL);
}

/*
 * The next message or the stream's end.  What libpq has is taken without a
 * system call; then the server has a moment for more, before OUTPUT is written
 * out and libpq waits.  With TLS there may be bytes that poll(2) doesn't see.
 */
static int
get_message(struct rc_copy_out *copy, struct rc_output *output)
{
	PGconn *conn = copy->session->connection.libpq;
	struct pollfd ready = { .fd = PQsocket(conn), .events = POLLIN };
	int length;

	while ((length = PQgetCopyData(conn, &copy->message, 1)) == 0 && PQsslInUse(conn) == 0) {
		if (poll(&ready, 1, 0) == 0) {
			nap(copy);
			if (poll(&ready, 1, PATIENCE) == 0) {
				rc_output_flush(output);
				break;
			}
		}
		if (PQconsumeInput(conn) != 1)
			break;
	}
	return length != 0 ? length : PQgetCopyData(conn, &copy->message, 0);
}

const char *
rc_copy_out_next(struct rc_copy_out *copy, struct rc_output *output, size_t *length)
{
	PGconn *conn = copy->session->connection.libpq;
	PGresult *result;
	int got;

	PQfreemem(copy->message);
	copy->message = NULL;
	got = get_message(copy, output);
	if (got > 0) {
		copy->messages++;
		copy->flow += (size_t)got;
		*length = (size_t)got;
		return copy->message;
	}
	result = got == -1 ? PQgetResult(conn) : NULL;	/* -2: libpq has no result for it */
	need_status(copy, result, PGRES_COMMAND_OK);
	PQclear(result);
	while ((result = PQgetResult(conn)) != NULL)
		PQclear(result);
	return NULL;
}

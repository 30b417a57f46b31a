/*
 * rc_connection - a connection to the server that never ends the process
 *
 * As many at once as one likes.  Each call does what can be done without a
 * wait and says RC_BUSY where something must come first: PQsocket(libpq) must
 * be ready for `events`, or the clock must have come to `deadline`.  So one
 * poll(2) serves many, and rc_connection_wait() one.  (Name look-ups are
 * libpq's own and do wait.)
 *
 *	rc_connection_start(&connection, &settings, &limits);
 *	while ((progress = rc_connection_login(&connection)) == RC_BUSY)
 *		rc_connection_wait(&connection, -1);
 *
 * What went wrong stands in `failure`, and then the connection is of no more
 * use.  An answer is over only when the server has ended it: one that breaks
 * off is a failure, and so is COPY, whose bytes no one here sends or takes.
 */
#ifndef RC_CONNECTION_H
#define RC_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_err.h"
#include "rc_result.h"
#include "rc_settings.h"
#include "rc_str.h"

enum { RC_CONNECT_TIMEOUT = 10000 };	/* milliseconds for an address, where no one has said otherwise */

enum rc_progress { RC_BUSY, RC_READY, RC_FAILED };

/* Why a connection could not be made or used.  The texts end with a NUL and belong to the connection. */
struct rc_failure {
	char sqlstate[RC_SQLSTATE_SIZE];	/* "" where the server said nothing */
	bool hopeless;		/* the fault is in the settings or in what was asked; trying again can't help */
	struct rc_buf words;	/* the server's or libpq's, one line */
	struct rc_buf where;	/* of a failed login: host:port/dbname as user */
};

/* In milliseconds; {0} is what the settings or PGCONNECT_TIMEOUT say for each address, and no end for all together. */
struct rc_login_limits {
	long address, all;
};

struct rc_connection {
	PGconn *libpq;		/* NULL only before rc_connection_start() */
	short events;		/* of poll(2) */
	long long deadline;	/* of rc_clock_ms(), 0: none; only a login has one */
	struct rc_failure failure;

	struct rc_settings settings;	/* from here on for this file alone: what is still to be tried */
	struct rc_login_limits limits;
	long long end;		/* of the whole login, 0: none */
	const char *host;	/* that the deadline is for, and its address */
	char address[64];
	bool failed;		/* nothing more will come */
	bool fresh, ended;	/* nothing of the answer was looked at yet; it has its last result */
};

/* Begins a login; {0} becomes a connection that is RC_BUSY.  SETTINGS are copied. */
void rc_connection_start(struct rc_connection *connection, const struct rc_settings *settings, const struct rc_login_limits *limits);

/* Goes on with the login. */
enum rc_progress rc_connection_login(struct rc_connection *connection);

/* Waits until the connection can go on, for TIMEOUT milliseconds (-1: with no end); false where that time is over. */
bool rc_connection_wait(struct rc_connection *connection, long timeout);

/* Both, to the end of the login; whether it succeeded. */
bool rc_connection_open(struct rc_connection *connection, const struct rc_settings *settings, const struct rc_login_limits *limits);

/* Ends the session and frees all; nothing happens to {0}. */
void rc_connection_close(struct rc_connection *connection);

/* The parameters of a statement, all of them text; TYPES may be NULL, and so may be a value (null). */
struct rc_parameters {
	int count;
	const Oid *types;
	const char *const *values;
};

/*
 * Send one thing, after which rc_connection_next() is called until the answer
 * is over: a script (statements without parameters), a statement, or what a
 * statement is prepared, described or run by under NAME ("" is the unnamed
 * one, which the next script or statement replaces).  Where that can't be sent
 * rc_connection_next() says so.
 */
void rc_connection_send_script(struct rc_connection *connection, const char *sql);
void rc_connection_send(struct rc_connection *connection, const char *sql, const struct rc_parameters *parameters);
void rc_connection_send_prepare(struct rc_connection *connection, const char *name, const char *sql, const struct rc_parameters *parameters);
void rc_connection_send_describe(struct rc_connection *connection, const char *name);
void rc_connection_send_prepared(struct rc_connection *connection, const char *name, const struct rc_parameters *parameters);

/* After a statement was sent: a result for each of its rows, and one without rows for the end. */
void rc_connection_want_single_rows(struct rc_connection *connection);

/* The next result of the answer, which the caller clears; RC_READY with NULL where the answer is over. */
enum rc_progress rc_connection_next(struct rc_connection *connection, PGresult **result);

/* An answer as a whole: of its results the last one, or the first that is an error; {0} is the begin. */
struct rc_answer {
	PGresult *result;	/* the caller clears it, whatever the progress */
	int good;		/* how many came before an error, or at all */
};
enum rc_progress rc_connection_answer(struct rc_connection *connection, struct rc_answer *answer);

/*
 * Runs one statement without parameters and waits for its answer, at most
 * TIMEOUT milliseconds: RC_BUSY where it did not come by then.  The caller
 * clears RESULT, which is NULL unless it is RC_READY.
 */
enum rc_progress rc_connection_ask(struct rc_connection *connection, const char *sql, long timeout, PGresult **result);

/* While nothing is asked and the socket is ready to be read: whether the connection still stands. */
bool rc_connection_is_alive(struct rc_connection *connection);

/* Adds where the connection leads or would lead, as `host:port/dbname as user`, ended by a NUL. */
void rc_connection_add_where(const struct rc_connection *connection, struct rc_buf *where);

/* What FAILURE means to who may try again. */
enum rc_exit rc_failure_class(const struct rc_failure *failure);

#endif

/*
 * rc_db - the one way to a PostgreSQL database
 *
 * Where it is: DATABASE_URL (read as a secret, so DATABASE_URL_FILE too), as
 * Django's tools write it; what it leaves open, and all without it, is libpq's
 * own (PG*, service file, defaults).  It is shown only as
 * `host:port/dbname as user`.
 *
 * What a session sets, it sets for its transaction only, in the round trip that
 * begins it: time zone UTC, standard strings, lock_timeout, with RC_SCHEMA the search_path
 * "$RC_SCHEMA, public, pg_temp", and from server 14 on a check that ends the
 * statement of a client that is gone.  Nothing stays behind in a pooler.
 *
 * All of it ends the process where nothing can be done: RC_RETRY for a server
 * that is away or busy, RC_FATAL for the rest (rc_db_class()).
 */
#ifndef RC_DB_H
#define RC_DB_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

enum { RC_DB_JSONB = 3802, RC_DB_LOCK_TIMEOUT = 5000, RC_DB_CONNECT_TIMEOUT = 10000, RC_DB_LOCK_TRIES = 3 };

/* Why a connection could not be made. */
struct rc_db_failure {
	char sqlstate[6];	/* "" where the server said nothing */
	bool settings;		/* the fault is in the settings; trying again can't help */
	struct rc_buf words;	/* the server's or libpq's, one line, ended by a NUL; freed by the caller */
	struct rc_buf where;	/* host:port/dbname as user, likewise */
};

struct rc_db {
	PGconn *conn;
	long lock_timeout;	/* milliseconds */
	int lock_tries;		/* how often the caller waits that long, for the message */
	bool watch;		/* look for the session that blocks us while a statement waits */
	bool tell;		/* and print it as soon as it is known */
	char *blocker;		/* what that found last, or NULL */
	char transaction[24];	/* its id as rc_db_settle() found it, "" where it has changed nothing */
	char timeline[16];	/* the server's at that moment */
};

enum rc_db_mode { RC_DB_READ_ONLY, RC_DB_READ_WRITE };

/*
 * Tries once to log in, at one host after the other as libpq does, each for
 * TIMEOUT milliseconds, all together for LIMIT (0: no limit).  NULL, with
 * FAILURE set, where none would.
 */
PGconn *rc_db_connect(long timeout, long limit, struct rc_db_failure *failure);

/*
 * Runs one statement outside a transaction on a connection of rc_db_connect(),
 * for at most TIMEOUT milliseconds; NULL if there is no answer by then.
 */
PGresult *rc_db_ask(PGconn *conn, const char *sql, long timeout);

/* Adds where CONN leads or would lead, as `host:port/dbname as user`, ended by a NUL. */
void rc_db_where(const PGconn *conn, struct rc_buf *where);

/* Logs in, or ends the process. */
void rc_db_open(struct rc_db *db);
void rc_db_close(struct rc_db *db);

/*
 * Begins a transaction; read-only ones see one moment (repeatable read).
 * AND_THEN, simple SQL or NULL, is run in the same round trip.
 */
void rc_db_begin(struct rc_db *db, enum rc_db_mode mode, const char *and_then);

/*
 * The last statement before rc_db_commit() or, on a dry run, rc_db_rollback():
 * checks what the transaction put off (Django's foreign keys are deferred), and
 * notes what rc_db_commit() needs to ask what became of it.  Like rc_db_exec().
 */
PGresult *rc_db_settle(struct rc_db *db);

/*
 * Commits, or ends the process where nothing was changed.  Where the connection
 * breaks, a new one asks the server (txid_status, which all versions have) for up to ten seconds; false
 * where it does not say.  TERM, INT and HUP are held from here on: what was
 * committed will be told.
 */
bool rc_db_commit(struct rc_db *db);

/* What to say where rc_db_commit() is false, with RC_RETRY. */
#define RC_DB_UNKNOWN "the connection broke during COMMIT, and whether it took place is not known: look before you run it again"
void rc_db_rollback(struct rc_db *db);

/*
 * Runs one statement with COUNT text parameters (NULL is null; TYPES may be
 * NULL).  rc_db_exec() gives any result, rc_db_query() one without an error.
 * The caller clears it.
 */
PGresult *rc_db_exec(struct rc_db *db, const char *sql, int count, const Oid *types, const char *const *values);
PGresult *rc_db_query(struct rc_db *db, const char *what, const char *sql, int count, const char *const *values);

/* Prepares the statement NAME ("" is the unnamed one), describes it, or runs it; like rc_db_exec(). */
PGresult *rc_db_prepare(struct rc_db *db, const char *name, const char *sql, int count, const Oid *types);
PGresult *rc_db_describe(struct rc_db *db, const char *name);
PGresult *rc_db_run(struct rc_db *db, const char *name, int count, const char *const *values);

/* The result's SQLSTATE, or "" where it has none. */
const char *rc_db_sqlstate(const PGresult *result);

/* Whether another session's lock stood in the way, after lock_timeout. */
bool rc_db_is_locked(const PGresult *result);

/* RC_RETRY or RC_FATAL. */
enum rc_exit rc_db_class(const char *sqlstate);

/* Ends the process with the server's words on WHAT, without those that show a whole row; RESULT may be NULL (the connection broke). */
_Noreturn void rc_db_die(struct rc_db *db, const PGresult *result, const char *what);

/* What became of a transaction whose COMMIT was not answered: asked on new connections for up to ten seconds. */
enum rc_db_fate { RC_DB_COMMITTED, RC_DB_ABORTED, RC_DB_NOT_KNOWN };
enum rc_db_fate rc_db_ask_fate(const char *transaction, const char *timeline);

/* Adds IDENTIFIER in quotes. */
void rc_db_add_identifier(struct rc_db *db, struct rc_buf *sql, const char *identifier);

/*
 * Takes URL apart into libpq's keywords and values (arrays of RC_DB_SETTINGS_MAX,
 * ended by a NULL keyword), the texts in ARENA.
 * The rules are those of Python's urllib, as dj-database-url and django-environ
 * use it: schemes postgres, postgresql, psql, pgsql, postgis, pgx; the last '@'
 * ends the password; a stray '%' is itself; unknown parameters are passed over
 * with a warning.  No message shows the password.
 */
enum { RC_DB_SETTINGS_MAX = 64 };
void rc_db_parse_url(const char *url, const char **keywords, const char **values, struct rc_arena *arena);

/*
 * Takes out of KEYWORDS and VALUES the hosts up to the one that CONN, made of
 * them, is at; false where no other is left.
 */
bool rc_db_skip_host(const PGconn *conn, const char **keywords, const char **values, struct rc_arena *arena);

#endif

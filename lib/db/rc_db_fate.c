#include "rc_db.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "rc_clock.h"

enum { ASK_FOR = 10000, ASK_EVERY = 200, CONNECT = 2000 };	/* ms */

/* One question on a new connection; false where there is no answer yet, and it is worth to ask again. */
static bool
ask_once(const char *sql, const char *timeline, enum rc_db_fate *fate)
{
	struct rc_db_failure failure;
	PGconn *conn = rc_db_connect(CONNECT, CONNECT, &failure);
	PGresult *result;
	bool answered = false;

	rc_buf_free(&failure.words);
	rc_buf_free(&failure.where);
	if (conn == NULL)
		return false;
	result = rc_db_ask(conn, sql, CONNECT);
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		const char *status = PQgetvalue(result, 0, 0);

		answered = true;
		/* Another timeline: a standby took over, and its transaction of that number may be another one. */
		if (strcmp(PQgetvalue(result, 0, 1), timeline) != 0)
			*fate = RC_DB_NOT_KNOWN;
		else if (strcmp(status, "committed") == 0)
			*fate = RC_DB_COMMITTED;
		else if (strcmp(status, "aborted") == 0)
			*fate = RC_DB_ABORTED;
		else if (strcmp(status, "in progress") == 0)
			answered = false;
		else
			*fate = RC_DB_NOT_KNOWN;
	}
	PQclear(result);
	PQfinish(conn);
	return answered;
}

enum rc_db_fate
rc_db_ask_fate(const char *transaction, const char *timeline)
{
	static const char form[] = "select txid_status(%s), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)";
	enum rc_db_fate fate = RC_DB_NOT_KNOWN;
	long long end = rc_clock_ms() + ASK_FOR;
	char sql[sizeof form + 24];

	snprintf(sql, sizeof sql, form, transaction);
	while (!ask_once(sql, timeline, &fate) && rc_clock_ms() < end)
		poll(NULL, 0, ASK_EVERY);
	return fate;
}

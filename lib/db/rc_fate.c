#include "rc_fate.h"

#include <poll.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_connection.h"

enum { ASK_FOR = 10000, ASK_EVERY = 200, CONNECT = 2000 };	/* ms */

/* What an answer says; false where it says nothing yet, and it is worth to ask again. */
static bool
read_answer(const PGresult *result, const struct rc_fate_mark *mark, enum rc_fate *fate)
{
	const char *status = rc_result_text(result, 0, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK || strcmp(status, "in progress") == 0)
		return false;
	/* Another timeline: a standby took over, and its transaction of that number may be another one. */
	if (strcmp(rc_result_text(result, 0, 1), mark->timeline) != 0)
		*fate = RC_FATE_UNKNOWN;
	else if (strcmp(status, "committed") == 0)
		*fate = RC_FATE_COMMITTED;
	else if (strcmp(status, "aborted") == 0)
		*fate = RC_FATE_ABORTED;
	else
		*fate = RC_FATE_UNKNOWN;
	return true;
}

static bool
ask_once(const struct rc_settings *settings, const char *sql, const struct rc_fate_mark *mark, enum rc_fate *fate)
{
	static const struct rc_login_limits limits = { .address = CONNECT, .all = CONNECT };
	struct rc_connection connection;
	PGresult *result;
	bool answered = false;

	if (rc_connection_open(&connection, settings, &limits)) {
		rc_connection_ask(&connection, sql, CONNECT, &result);
		answered = read_answer(result, mark, fate);
		PQclear(result);
	}
	rc_connection_close(&connection);
	return answered;
}

enum rc_fate
rc_fate_ask(const struct rc_settings *settings, const struct rc_fate_mark *mark)
{
	enum rc_fate fate = RC_FATE_UNKNOWN;
	long long end = rc_clock_ms() + ASK_FOR;
	struct rc_buf sql = {0};

	rc_buf_printf(&sql, "select pg_catalog.txid_status(%s), pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)", mark->transaction);
	rc_buf_text(&sql);
	while (!ask_once(settings, sql.bytes, mark, &fate) && rc_clock_ms() < end)
		poll(NULL, 0, ASK_EVERY);
	rc_buf_free(&sql);
	return fate;
}

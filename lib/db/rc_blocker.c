#include "rc_blocker.h"

#include <string.h>

#include "rc_connection.h"

enum { LIMIT = 1000 };	/* ms for the login, and for the answer */

char *
rc_blocker_find(const struct rc_settings *settings, int pid)
{
	static const struct rc_login_limits limits = { .address = LIMIT, .all = LIMIT };
	struct rc_connection connection;
	struct rc_buf sql = {0};
	PGresult *result = NULL;
	char *found = NULL;

	rc_buf_printf(&sql, "select pg_catalog.format('pid %%s (%%s, user %%s, %%s for %%s s)', pid, coalesce(nullif(application_name, ''), 'no name'),"
	    " usename, state, extract(epoch from pg_catalog.now() - coalesce(xact_start, query_start))::int)"
	    " from pg_stat_activity where pid = any(pg_catalog.pg_blocking_pids(%d)) order by xact_start limit 1", pid);
	if (rc_connection_open(&connection, settings, &limits))
		rc_connection_ask(&connection, rc_buf_text(&sql), LIMIT, &result);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && *rc_result_text(result, 0, 0) != '\0')
		found = rc_strndup(rc_result_text(result, 0, 0), strlen(rc_result_text(result, 0, 0)));
	PQclear(result);
	rc_connection_close(&connection);
	rc_buf_free(&sql);
	return found;
}

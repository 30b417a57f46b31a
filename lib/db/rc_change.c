#include "rc_change.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"

static char *
copy_of(const char *text)
{
	return rc_strndup(text, strlen(text));
}

char *
rc_change_find_type(struct rc_session *session, const char *table, const char *column)
{
	static const char sql[] =
	    "select pg_catalog.format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid"
	    " where c.relname = $1 and c.relkind in ('r', 'p') and pg_catalog.pg_table_is_visible(c.oid)"
	    " and a.attname = $2 and a.attnum > 0 and not a.attisdropped";
	const char *values[] = { table, column };
	const struct rc_parameters parameters = { .count = 2, .values = values };
	PGresult *result = rc_session_query(session, table, sql, &parameters);
	char *type = PQntuples(result) == 1 ? copy_of(rc_result_text(result, 0, 0)) : NULL;

	PQclear(result);
	return type;
}

bool
rc_change_has_table(struct rc_session *session, const char *table)
{
	const struct rc_parameters parameters = { .count = 1, .values = &table };
	PGresult *result = rc_session_query(session, table, "select 1 from pg_class c where c.relname = $1"
	    " and c.relkind in ('r', 'p') and pg_catalog.pg_table_is_visible(c.oid)", &parameters);
	bool found = PQntuples(result) == 1;

	PQclear(result);
	return found;
}

/* The count that an answer tells, whose TEXT must be a number. */
static unsigned long long
read_count(const struct rc_change *change, const char *text)
{
	if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
		rc_session_misled(change->table);
	return strtoull(text, NULL, 10);
}

bool
rc_change_run(struct rc_session *session, const struct rc_change *change, const char *sql, PGresult **result)
{
	bool stopped;

	*result = rc_session_exec(session, sql, &change->values);
	stopped = rc_result_is_locked(*result) || strcmp(rc_result_sqlstate(*result), "23505") == 0;
	if (!stopped && !rc_result_is_good(*result))
		rc_session_die(session, *result, change->table);
	return stopped;
}

/* The same, and frees SQL. */
static PGresult *
run(struct rc_session *session, const struct rc_change *change, struct rc_buf *sql, bool *stopped)
{
	PGresult *result;

	*stopped = rc_change_run(session, change, rc_buf_text(sql), &result);
	rc_buf_free(sql);
	return result;
}

PGresult *
rc_change_count(struct rc_session *session, const struct rc_change *change, const char *limit, unsigned long long *count)
{
	struct rc_buf sql = {0};
	PGresult *result;
	bool stopped;

	rc_buf_add_text(&sql, "select pg_catalog.count(*) from (select from ");
	rc_session_add_identifier(session, &sql, change->table);
	/* $1 must have a type even where the statement only counts. */
	rc_buf_printf(&sql, " where %s and $1::%s is not null limit %s) as rc_rows", change->rows, change->type, limit);
	result = run(session, change, &sql, &stopped);
	if (stopped)
		return result;
	*count = read_count(change, rc_result_text(result, 0, 0));
	PQclear(result);
	return NULL;
}

PGresult *
rc_change_make(struct rc_session *session, const struct rc_change *change, unsigned long long *count)
{
	struct rc_buf sql = {0};
	PGresult *result;
	bool stopped;

	rc_buf_add_text(&sql, "update ");
	rc_session_add_identifier(session, &sql, change->table);
	rc_buf_add_text(&sql, " set ");
	rc_session_add_identifier(session, &sql, change->column);
	rc_buf_printf(&sql, " = $1::%s where %s", change->type, change->rows);
	result = run(session, change, &sql, &stopped);
	if (stopped)
		return result;
	*count = read_count(change, PQcmdTuples(result));
	PQclear(result);
	return NULL;
}

PGresult *
rc_change_verify(struct rc_session *session, const struct rc_change *change, bool *left)
{
	struct rc_change rest = *change;
	struct rc_buf rows = {0};
	unsigned long long count = 0;
	PGresult *stopped;

	/* Rows that another session has made since we began to write are not ours to judge. */
	rc_buf_printf(&rows, "%s and pg_catalog.age(xmin) >= pg_catalog.age(pg_catalog.pg_current_xact_id()::xid)", change->rows);
	rest.rows = rc_buf_text(&rows);
	stopped = rc_change_count(session, &rest, "1", &count);
	rc_buf_free(&rows);
	*left = count > 0;
	return stopped;
}

/* The part of rc_capture that knows what the change itself makes: tables, and rows that it goes on to change. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rc_capture_table.h"
#include "rc_err.h"
#include "rc_result.h"

static void
take_awaited(struct rc_capture *capture, const char *name)
{
	struct rc_capture_table *table = &capture->tables[capture->count++];
	struct rc_buf sql = {0};

	*table = (struct rc_capture_table){0};
	rc_relation_find(&table->relation, capture->session, name);
	rc_capture_read_table(capture, table, name);
	rc_capture_add_store(&sql, table, capture->count);
	rc_buf_add_text(&sql, "create function pg_temp." RC_CAPTURE_NAME "_made() returns void language plpgsql"
	    RC_CAPTURE_SETTINGS " as $rc_capture$\ndeclare rc_step pg_catalog.int8; begin\n"
	    "insert into pg_temp." RC_CAPTURE_NAME "_steps default values returning step into rc_step;\n");
	rc_capture_add_insertion(&sql, table, capture->count, "a");
	rc_capture_add_stored(&sql, table, 'n', '\0');
	rc_buf_printf(&sql, " from %s n;\nend $rc_capture$;\nselect pg_temp." RC_CAPTURE_NAME "_made(); drop function pg_temp." RC_CAPTURE_NAME "_made()",
	    table->relation.sql);
	rc_session_do_script(capture->session, name, rc_buf_text(&sql));
	rc_buf_free(&sql);
}

void
rc_capture_take_awaited(struct rc_capture *capture)
{
	struct rc_buf watched = {0};

	if (capture->awaited_count == 0)
		return;
	rc_buf_add(&watched, capture->watched, strlen(capture->watched) - 1);
	for (size_t i = 0; i < capture->awaited_count; i++) {
		const PGresult *parts;

		take_awaited(capture, capture->awaited[i]);
		parts = capture->tables[capture->count - 1].parts;
		for (int k = 0; k < PQntuples(parts); k++)
			rc_buf_printf(&watched, "%s%s", watched.length == 1 ? "" : ",", rc_result_text(parts, k, 0));
	}
	rc_buf_add_text(&watched, "}");
	free(capture->watched);
	capture->watched = rc_buf_text(&watched);
}

void
rc_capture_look_for_new(struct rc_capture *capture)
{
	static const char what[] = "the tables with new rows";
	PGresult *result = rc_session_query(capture->session, what,
	    "select distinct made from pg_temp." RC_CAPTURE_NAME "_steps where made is not null", NULL);

	for (int row = 0; row < PQntuples(result); row++) {
		long number;

		if (!rc_parse_long(rc_result_text(result, row, 0), 1, (long)capture->count, &number))
			rc_session_misled(what);
		capture->tables[number - 1].has_new = true;
	}
	PQclear(result);
}

void
rc_capture_add_first_only(struct rc_buf *sql, const struct rc_capture_table *table, size_t number, const char *word)
{
	if (!table->has_new)
		return;
	rc_buf_printf(sql, " %s not exists (select from pg_temp." RC_CAPTURE_NAME "_%zu m where m.b%zu is null and m.step operator(pg_catalog.<) c.step",
	    word, number, table->key + 1);
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].place > 0)
			rc_buf_printf(sql, " and m.a%zu operator(pg_catalog.=) coalesce(c.b%zu, c.a%zu)", i + 1, i + 1, i + 1);
	rc_buf_add_text(sql, ")");
}

unsigned long long
rc_capture_count_new(const struct rc_capture *capture, size_t i)
{
	static const char what[] = "the new rows";
	const struct rc_capture_table *table = &capture->tables[i];
	struct rc_buf sql = {0};
	PGresult *result;
	long count;

	if (!table->has_new)
		return 0;
	rc_buf_printf(&sql, "select pg_catalog.count(*) from pg_temp." RC_CAPTURE_NAME "_%zu c where c.b%zu is null", i + 1, table->key + 1);
	rc_capture_add_first_only(&sql, table, i + 1, "and");
	result = rc_session_query(capture->session, what, rc_buf_text(&sql), NULL);
	if (PQntuples(result) != 1 || !rc_parse_long(rc_result_text(result, 0, 0), 0, LONG_MAX, &count))
		rc_session_misled(what);
	PQclear(result);
	rc_buf_free(&sql);
	return (unsigned long long)count;
}

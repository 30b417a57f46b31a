#include "rc_plan_differ.h"

#include <stdlib.h>
#include <string.h>

#include "rc_copy_in.h"
#include "rc_image.h"
#include "rc_json_write.h"
#include "rc_result.h"
#include "rc_table.h"
#include "rc_utf8.h"

/* ---- reading ---- */

/* The oid of a table that is watched. */
static const char *
oid_of_table(const struct rc_plan_file *file, const struct rc_capture *capture, const char *name)
{
	for (size_t i = 0; i < capture->count; i++)
		if (strcmp(rc_capture_table_name(capture, i), name) == 0)
			return rc_capture_table_oid(capture, i);
	rc_input_fail(&file->in, "the table %s is not one of the plan's", name);
}

static void
add_row(struct rc_plan_file *file, const struct rc_capture *capture, struct rc_copy_in *copy, const struct rc_plan_row *row)
{
	bool is_new = *row->digest == '\0';

	rc_copy_in_row(copy, 5);
	rc_copy_in_number(copy, file->in.records, 8);
	rc_copy_in_number(copy, strtoul(oid_of_table(file, capture, file->head.tables[row->place]), NULL, 10), 4);
	rc_copy_in_bytes(copy, row->key, row->key_length);
	rc_copy_in_bytes(copy, is_new ? NULL : row->digest, is_new ? 0 : RC_DIGEST_HEX);
	rc_copy_in_bytes(copy, row->gone ? "\1" : "\0", 1);
	rc_copy_in_flush(copy);
}

/*
 * Makes rc_planned and rc_done, all rows with a number for their order; rc_left,
 * of each row that was planned and not changed the first one; and rc_found, for
 * what these are.
 */
static void
read_rows(struct rc_plan_file *file, const struct rc_capture *capture)
{
	static const char what[] = "temporary tables";
	struct rc_plan_row row;
	struct rc_copy_in copy = {0};
	struct rc_buf sql = {0};
	PGresult *error;

	rc_session_do_script(capture->session, what, "create temporary table rc_planned (n pg_catalog.int8, relation pg_catalog.oid,"
	    " key pg_catalog.json, before pg_catalog.text, gone pg_catalog.bool) on commit drop");
	error = rc_copy_in_start(&copy, capture->session, "copy pg_temp.rc_planned (n, relation, key, before, gone) from stdin (format binary)");
	if (error == NULL) {
		while (rc_plan_file_next(file, &row))
			add_row(file, capture, &copy, &row);
		error = rc_copy_in_end(&copy);
	}
	if (error != NULL)
		rc_session_die(capture->session, error, file->in.name);
	rc_copy_in_free(&copy);
	rc_buf_add_text(&sql, "create temporary table rc_done on commit drop as select r.* from ");
	rc_capture_add_rows(capture, &sql);
	rc_buf_add_text(&sql, " r; create temporary table rc_left on commit drop as select distinct on (p.relation, p.key::pg_catalog.text) p.*"
	    " from pg_temp.rc_planned p where p.before is not null and not exists (select from pg_temp.rc_done d"
	    " where not d.is_new and d.relation operator(pg_catalog.=) p.relation and d.key operator(pg_catalog.=) p.key::pg_catalog.text)"
	    " order by p.relation, p.key::pg_catalog.text, p.n;"
	    " create temporary table rc_found (n pg_catalog.int8, digest pg_catalog.text) on commit drop;"
	    " analyze pg_temp.rc_planned; analyze pg_temp.rc_done; analyze pg_temp.rc_left");
	rc_session_do_script(capture->session, what, rc_buf_text(&sql));
	rc_buf_free(&sql);
}

/* ---- looking ---- */

/* Notes what those rows of a table are now that were planned and not changed; a function, for its settings are its own. */
static void
look_at_table(const struct rc_capture *capture, size_t i)
{
	const char *name = rc_capture_table_name(capture, i);
	struct rc_table table;
	struct rc_image image = { capture->session, &table };
	struct rc_buf sql = {0};

	rc_table_read(&table, capture->session, name);
	rc_image_need_key(&table, name);
	rc_buf_printf(&sql, "create function pg_temp.rc_plan_look() returns void language sql" RC_CAPTURE_SETTINGS " as $rc_plan$\n"
	    "insert into pg_temp.rc_found select u.n, "
	    RC_CAPTURE_DIGEST("(select pg_catalog.to_json(o.*)::pg_catalog.text from (select %s from (select t.*) t) o)")
	    " from pg_temp.rc_left u", rc_capture_table_columns(capture, i));
	rc_image_add_record(&image, &sql, "key", "k", true);
	rc_buf_printf(&sql, " join %s t on ", name);
	rc_image_add_same_key(&image, &sql, "k");
	rc_buf_printf(&sql, " where u.relation operator(pg_catalog.=) %s\n$rc_plan$;"
	    " select pg_temp.rc_plan_look(); drop function pg_temp.rc_plan_look()", rc_capture_table_oid(capture, i));
	rc_session_do_script(capture->session, name, rc_buf_text(&sql));
	rc_buf_free(&sql);
	rc_table_free(&table);
}

/* Adds a refusal for each row that SQL gives: its table, key, code and message. */
static void
refuse_rows(const struct rc_capture *capture, const char *sql, struct rc_spool *refusals)
{
	static const struct rc_parameters none;
	static const char what[] = "the rows of the plan";
	struct rc_buf line = {0};
	PGresult *row;

	rc_session_start(capture->session, sql, &none);
	while ((row = rc_session_next_row(capture->session, what)) != NULL) {
		const char *table = rc_result_text(row, 0, 0), *key = rc_result_text(row, 0, 1);

		if (*key != '{' || strchr(key, '\n') != NULL || !rc_utf8_valid(key, strlen(key)))
			rc_session_misled(what);
		line.length = 0;
		rc_json_open_refusal(&line, rc_result_text(row, 0, 2), rc_result_text(row, 0, 3));
		rc_json_add_text(&line, "table", table);
		rc_json_add_value(&line, "key", key);
		rc_json_close(&line);
		rc_spool_add(refusals, line.bytes, line.length);
		PQclear(row);
	}
	rc_buf_free(&line);
}

#define TABLE_NAME "(select pg_catalog.concat(pg_catalog.quote_ident(s.nspname), '.', pg_catalog.quote_ident(c.relname)) from pg_catalog.pg_class c" \
	" join pg_catalog.pg_namespace s on s.oid operator(pg_catalog.=) c.relnamespace where c.oid operator(pg_catalog.=) x.relation)"

void
rc_plan_differ(struct rc_plan_file *file, const struct rc_capture *capture, struct rc_spool *refusals)
{
	static const char changed[] = "with planned as (select distinct on (relation, key::pg_catalog.text) n, relation, key::pg_catalog.text as key, before"
	    " from pg_temp.rc_planned where before is not null order by relation, key::pg_catalog.text, n),"
	    " done as (select distinct on (relation, key) relation, key, before from pg_temp.rc_done where not is_new order by relation, key, step)"
	    " select " TABLE_NAME ", x.key, case when x.found is null then 'row_missing' else 'row_changed' end,"
	    " case when x.found is null then 'the row is gone since the plan was made' else 'the row was changed since the plan was made' end from ("
	    "select p.*, d.before as found from planned p join done d on d.relation operator(pg_catalog.=) p.relation and d.key operator(pg_catalog.=) p.key"
	    " union all select l.n, l.relation, l.key::pg_catalog.text, l.before, f.digest from pg_temp.rc_left l"
	    " left join pg_temp.rc_found f on f.n operator(pg_catalog.=) l.n) x where x.found is distinct from x.before order by x.n";
	static const char others[] = "with planned as (select distinct relation, key::pg_catalog.text as key, gone from pg_temp.rc_planned where before is not null),"
	    " done as (select distinct relation, key, is_gone from pg_temp.rc_done where not is_new)"
	    " select " TABLE_NAME ", x.key, x.code, case x.code when 'not_planned' then 'the change is not in the plan' else 'the planned change did not happen' end"
	    " from (select p.*, 'not_done' as code from (select * from planned except select * from done) p union all"
	    " select d.*, 'not_planned' from (select * from done except select * from planned) d) x order by 1, 2";
	static const char insertions[] = "select " TABLE_NAME ", '{}', 'insertions_differ',"
	    " pg_catalog.concat(x.planned, ' new rows are planned, but there would be ', x.done)"
	    " from (select relation, pg_catalog.sum(planned) as planned, pg_catalog.sum(done) as done from ("
	    "select relation, 1 as planned, 0 as done from pg_temp.rc_planned where before is null"
	    " union all select relation, 0, 1 from pg_temp.rc_done where is_new) r group by relation) x where x.planned operator(pg_catalog.<>) x.done";

	read_rows(file, capture);
	for (size_t i = 0; i < capture->count; i++)
		look_at_table(capture, i);
	refuse_rows(capture, changed, refusals);
	if (refusals->records > 0)
		return;
	refuse_rows(capture, others, refusals);
	refuse_rows(capture, insertions, refusals);
}

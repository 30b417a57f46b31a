#include "rc_plan.h"

#include <stdlib.h>
#include <string.h>

#include "rc_copy_in.h"
#include "rc_err.h"
#include "rc_image.h"
#include "rc_json.h"
#include "rc_json_write.h"
#include "rc_result.h"
#include "rc_table.h"
#include "rc_utf8.h"

static const char making[] = "create temporary table rc_plan (n pg_catalog.int8, relation pg_catalog.oid, key pg_catalog.json, before pg_catalog.text,"
    " gone pg_catalog.bool) on commit drop; create temporary table rc_plan_found (n pg_catalog.int8, digest pg_catalog.text) on commit drop";

void
rc_plan_open(struct rc_plan *plan, struct rc_capture *capture)
{
	char *files[] = { NULL };

	if (plan->write == NULL && plan->apply == NULL)
		return;
	plan->change = rc_digest_new();
	if (plan->write != NULL) {
		rc_output_create(&plan->out, plan->write, 0600);
		plan->out.digest = rc_digest_new();
		return;
	}
	files[0] = rc_strndup(plan->apply, strlen(plan->apply));
	rc_input_open(&plan->in, 1, files);
	plan->in.digest = rc_digest_new();
	rc_log_head_read(&plan->head, &plan->in, "plan");
	for (size_t i = 0; i < plan->head.table_count; i++)
		rc_capture_add(capture, plan->head.tables[i]);
	rc_plan_mark_open(&plan->mark, plan->apply);
}

static void
add(struct rc_plan *plan, const char *bytes, size_t length)
{
	plan->change->add(plan->change, bytes, length);
	plan->change->add(plan->change, "", 1);	/* so that two texts are not one in another place */
}

void
rc_plan_add_text(struct rc_plan *plan, const char *text)
{
	if (plan->change != NULL)
		add(plan, text, strlen(text));
}

void
rc_plan_add_record(struct rc_plan *plan, const struct rc_record *record)
{
	struct rc_buf text = {0};

	if (plan->change == NULL)
		return;
	rc_record_write(record, &text);
	add(plan, text.bytes, text.length);
	rc_buf_wipe(&text);
}

/* ---- reading ---- */

/* A digest, or NULL where the value is null. */
static const char *
read_digest(struct rc_plan *plan, struct rc_record *record, const char *name)
{
	size_t length;
	const char *value = rc_record_value(record, name, &length), *digest;

	if (value != NULL && rc_json_type(value) == RC_JSON_NULL)
		return NULL;
	digest = rc_input_need_string(&plan->in, record, name);
	if (strlen(digest) != RC_DIGEST_HEX)
		rc_input_fail(&plan->in, "expected a SHA-256 in the field '%s'", name);
	return digest;
}

/* The number by which a table is known meanwhile: its oid, or of one that is awaited its place among these, counted from 1. */
static unsigned long
number_of_table(const struct rc_plan *plan, const struct rc_capture *capture, const char *name)
{
	for (size_t i = 0; i < capture->count; i++)
		if (strcmp(rc_capture_table_name(capture, i), name) == 0)
			return strtoul(rc_capture_table_oid(capture, i), NULL, 10);
	for (size_t i = 0; i < capture->awaited_count; i++)
		if (strcmp(capture->awaited[i], name) == 0)
			return i + 1;
	rc_input_fail(&plan->in, "the table %s is not one of the plan's", name);
}

static void
add_row(struct rc_plan *plan, const struct rc_capture *capture, struct rc_copy_in *copy, struct rc_record *record)
{
	const char *name = rc_input_need_string(&plan->in, record, "table"), *key, *before, *after;
	unsigned long number = number_of_table(plan, capture, name);
	size_t key_length;

	key = rc_record_value(record, "key", &key_length);
	if (key == NULL || rc_json_type(key) != RC_JSON_OBJECT)
		rc_input_fail(&plan->in, "expected an object in the field 'key'");
	before = read_digest(plan, record, "before");
	after = read_digest(plan, record, "after");
	rc_copy_in_row(copy, 5);
	rc_copy_in_number(copy, plan->in.records, 8);
	rc_copy_in_number(copy, number, 4);
	rc_copy_in_bytes(copy, key, key_length);
	rc_copy_in_bytes(copy, before, before == NULL ? 0 : strlen(before));
	rc_copy_in_bytes(copy, after == NULL ? "\1" : "\0", 1);
	rc_copy_in_flush(copy);
}

static void
read_rows(struct rc_plan *plan, const struct rc_capture *capture)
{
	struct rc_record record = {0};
	struct rc_copy_in copy = {0};
	PGresult *error;

	rc_session_do_script(capture->session, "temporary tables", making);
	error = rc_copy_in_start(&copy, capture->session, "copy pg_temp.rc_plan (n, relation, key, before, gone) from stdin (format binary)");
	if (error == NULL) {
		while (rc_input_next(&plan->in, &record))
			add_row(plan, capture, &copy, &record);
		rc_input_require_end(&plan->in);
		error = rc_copy_in_end(&copy);
	}
	if (error != NULL)
		rc_session_die(capture->session, error, plan->apply);
	rc_session_do_script(capture->session, "a temporary table", "analyze pg_temp.rc_plan");
	rc_copy_in_free(&copy);
	rc_record_free(&record);
}

/* ---- looking ---- */

/* Locks the planned rows of a table and notes what they are now; a function, for its settings are its own. */
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
	    "insert into pg_temp.rc_plan_found select u.n, "
	    RC_CAPTURE_DIGEST("(select pg_catalog.to_json(o.*)::pg_catalog.text from (select %s from (select t.*) t) o)")
	    " from pg_temp.rc_plan u", rc_capture_table_columns(capture, i));
	rc_image_add_record(&image, &sql, "key", "k", true);
	rc_buf_printf(&sql, " join %s t on ", name);
	rc_image_add_same_key(&image, &sql, "k");
	rc_buf_printf(&sql, " where u.relation operator(pg_catalog.=) %s and u.before is not null for update of t\n$rc_plan$;"
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
rc_plan_check(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals)
{
	static const char changed[] = "select " TABLE_NAME ", x.key, case when f.n is null then 'row_missing' else 'row_changed' end,"
	    " case when f.n is null then 'the row is gone since the plan was made' else 'the row was changed since the plan was made' end"
	    " from (select relation, key::pg_catalog.text as key, pg_catalog.min(n) as n from pg_temp.rc_plan where before is not null group by 1, 2) first"
	    " join pg_temp.rc_plan x on x.n operator(pg_catalog.=) first.n left join pg_temp.rc_plan_found f on f.n operator(pg_catalog.=) x.n"
	    " where f.digest is distinct from x.before order by x.n";
	const char *differs;

	if (plan->apply == NULL)
		return;
	if ((differs = rc_identity_differs(identity, &plan->head.record)) != NULL)
		rc_die(RC_FATAL, "%s: not of this database: %s", plan->apply, differs);
	read_rows(plan, capture);
	for (size_t i = 0; i < capture->count; i++)
		look_at_table(capture, i);
	refuse_rows(capture, changed, refusals);
}

/* ---- the end ---- */

static void
write_plan(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity)
{
	char change[RC_DIGEST_HEX + 1];
	struct rc_buf line = {0};

	plan->change->finish(plan->change, change);
	rc_log_head_begin(&line, "plan", capture, identity);
	rc_json_add_text(&line, "change", plan->rows_alone ? NULL : change);
	rc_json_close(&line);
	rc_output_line(&plan->out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_capture_write(capture, RC_CAPTURE_DIGESTS, &plan->out);
	rc_output_end_record(&plan->out);
	rc_output_keep(&plan->out);
}

/* Ends the process where the statements and records are others than those of the plan, unless it is of the rows alone. */
static void
compare_change(struct rc_plan *plan)
{
	const char *planned = rc_record_string(&plan->head.record, "change", NULL), *value;
	char change[RC_DIGEST_HEX + 1];
	size_t length;

	plan->change->finish(plan->change, change);
	value = rc_record_value(&plan->head.record, "change", &length);
	if (value != NULL && rc_json_type(value) == RC_JSON_NULL)
		return;
	if (planned == NULL || strcmp(planned, change) != 0)
		rc_die(RC_FATAL, "%s: a plan of another change: the statements or the records are not those that it was made with, so nothing was changed", plan->apply);
}

/* What was awaited is there by now, and known by its oid. */
static void
name_awaited(const struct rc_capture *capture)
{
	struct rc_buf sql = {0};

	for (size_t i = 0; i < capture->awaited_count; i++)
		rc_buf_printf(&sql, "update pg_temp.rc_plan set relation = %s where relation operator(pg_catalog.=) %zu;",
		    rc_capture_table_oid(capture, capture->count - capture->awaited_count + i), i + 1);
	if (sql.length > 0)
		rc_session_do_script(capture->session, "the rows of the plan", rc_buf_text(&sql));
	rc_buf_free(&sql);
}

static void
compare(struct rc_plan *plan, const struct rc_capture *capture, struct rc_spool *refusals)
{
	static const char others[] = " r where not r.is_new)"
	    " select " TABLE_NAME ", x.key, x.code, case x.code when 'not_planned' then 'the change is not in the plan' else 'the planned change did not happen' end"
	    " from (select p.*, 'not_done' as code from (select * from planned except select * from done) p union all"
	    " select d.*, 'not_planned' from (select * from done except select * from planned) d) x order by 1, 2";
	static const char insertions[] = " d where d.is_new) r group by relation) x where x.planned operator(pg_catalog.<>) x.done";
	struct rc_buf sql = {0};

	compare_change(plan);
	name_awaited(capture);
	rc_buf_add_text(&sql, "with planned as (select distinct relation, key::pg_catalog.text as key, gone from pg_temp.rc_plan where before is not null),"
	    " done as (select distinct r.relation, r.key, r.is_gone from ");
	rc_capture_add_rows(capture, &sql);
	rc_buf_add_text(&sql, others);
	refuse_rows(capture, rc_buf_text(&sql), refusals);
	sql.length = 0;
	rc_buf_add_text(&sql, "select " TABLE_NAME ", '{}', 'insertions_differ', pg_catalog.concat(x.planned, ' new rows are planned, but there would be ', x.done)"
	    " from (select relation, pg_catalog.sum(planned) as planned, pg_catalog.sum(done) as done from ("
	    "select relation, 1 as planned, 0 as done from pg_temp.rc_plan where before is null union all select d.relation, 0, 1 from ");
	rc_capture_add_rows(capture, &sql);
	rc_buf_add_text(&sql, insertions);
	refuse_rows(capture, rc_buf_text(&sql), refusals);
	rc_buf_free(&sql);
	if (refusals->records == 0)
		rc_plan_mark_write(&plan->mark);
}

void
rc_plan_end(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals)
{
	if (plan->write != NULL)
		write_plan(plan, capture, identity);
	else if (plan->apply != NULL)
		compare(plan, capture, refusals);
}

void
rc_plan_free(struct rc_plan *plan)
{
	if (plan->change != NULL)
		plan->change->free(plan->change);
	rc_log_head_free(&plan->head);
	rc_buf_free(&plan->in.buffer);
	rc_plan_mark_free(&plan->mark);
}

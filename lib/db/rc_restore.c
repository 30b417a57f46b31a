#include "rc_restore.h"

#include <stdlib.h>
#include <string.h>

#include "rc_image.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_result.h"
#include "rc_utf8.h"

static const char making[] = RC_IMAGE_SETTINGS "; create temporary table rc_undo_log (n pg_catalog.int8, step pg_catalog.int8,"
    " relation pg_catalog.int4, key pg_catalog.json, before pg_catalog.json, after pg_catalog.json) on commit drop;"
    "create temporary table rc_undone (n pg_catalog.int8) on commit drop";

/* What came of each key; those that are as they were at first need nothing. */
static const char net[] = "create temporary table rc_undo on commit drop as"
    " select x.*, case when before is null then 'i' when after is null then 'd' else 'u' end as kind from ("
    "select pg_catalog.min(n) as n, pg_catalog.max(step) as step, relation, key::pg_catalog.text::pg_catalog.json as key,"
    " (pg_catalog.array_agg(before order by n))[1] as before, (pg_catalog.array_agg(after order by n desc))[1] as after"
    " from (select n, step, relation, key::pg_catalog.text as key, before, after from pg_temp.rc_undo_log) l group by relation, l.key) x"
    " where before::pg_catalog.text is distinct from after::pg_catalog.text";

static void
run(struct rc_restore *restore, struct rc_buf *sql, const char *what)
{
	PQclear(rc_session_query(restore->session, what, rc_buf_text(sql), NULL));
	rc_buf_free(sql);
}

static void
start_copy(struct rc_restore *restore)
{
	PGresult *error = rc_copy_in_start(&restore->copy, restore->session,
	    "copy pg_temp.rc_undo_log (n, step, relation, key, before, after) from stdin (format binary)");

	if (error != NULL)
		rc_session_die(restore->session, error, "a temporary table");
}

void
rc_restore_begin(struct rc_restore *restore, struct rc_session *session, const char *const *names, size_t count)
{
	*restore = (struct rc_restore){ .session = session, .count = count };
	restore->tables = rc_alloc(rc_size_mul(count + 1, sizeof *restore->tables));
	rc_session_do_script(restore->session, "temporary tables", making);
	for (size_t i = 0; i < count; i++) {
		restore->tables[i] = (struct rc_restore_table){ .name = names[i] };
		rc_table_read(&restore->tables[i].table, session, names[i]);
		rc_image_need_key(&restore->tables[i].table, names[i]);
	}
	start_copy(restore);
}

int
rc_restore_find(const struct rc_restore *restore, const char *name)
{
	for (size_t i = 0; i < restore->count; i++)
		if (strcmp(restore->tables[i].name, name) == 0)
			return (int)i;
	return -1;
}

void
rc_restore_add(struct rc_restore *restore, long long step, int table, const struct rc_restore_text *key,
    const struct rc_restore_text *before, const struct rc_restore_text *after)
{
	struct rc_copy_in *copy = &restore->copy;

	rc_copy_in_row(copy, 6);
	rc_copy_in_number(copy, ++restore->rows, 8);
	rc_copy_in_number(copy, (unsigned long long)step, 8);
	rc_copy_in_number(copy, (unsigned long long)table, 4);
	rc_copy_in_bytes(copy, key->bytes, key->length);
	rc_copy_in_bytes(copy, before->bytes, before->length);
	rc_copy_in_bytes(copy, after->bytes, after->length);
	rc_copy_in_flush(&restore->copy);	/* what fails is told at the end */
}

/* ---- taking back ---- */

static struct rc_image
image_of(const struct rc_restore *restore, size_t i)
{
	return (struct rc_image){ restore->session, &restore->tables[i].table };
}

/* A column that came or went since would be lost or could not be told. */
static void
check_columns(struct rc_restore *restore, size_t i)
{
	struct rc_buf sql = {0};
	PGresult *result;

	rc_buf_printf(&sql, "with logged (name) as (select pg_catalog.json_object_keys(l.row) from (select coalesce(before, after) as row"
	    " from pg_temp.rc_undo where relation operator(pg_catalog.=) %zu limit 1) l), there (name) as (select a.attname::pg_catalog.text"
	    " from pg_catalog.pg_attribute a where a.attrelid operator(pg_catalog.=) %s and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped)"
	    " select name from ((select name from logged except select name from there) union all"
	    " (select name from there except select name from logged)) x where exists (select from logged) limit 1",
	    i, restore->tables[i].table.relation.oid);
	result = rc_session_query(restore->session, restore->tables[i].name, rc_buf_text(&sql), NULL);
	if (PQntuples(result) > 0)
		rc_die(RC_FATAL, "%s: the column %s came or went since the log was written", restore->tables[i].name, rc_result_text(result, 0, 0));
	PQclear(result);
	rc_buf_free(&sql);
}

static void
add_rows(struct rc_buf *sql, size_t i, char kind)
{
	rc_buf_printf(sql, " u.relation operator(pg_catalog.=) %zu and u.kind operator(pg_catalog.=) '%c'", i, kind);
}

/* Completes and runs a change of the rows `t` that are still what the log says they became, and notes which they were. */
static void
run_where_unchanged(struct rc_restore *restore, size_t i, char kind, struct rc_buf *sql)
{
	const struct rc_image image = image_of(restore, i);

	rc_image_add_record(&image, sql, "after", "a", false);
	rc_buf_add_text(sql, " where");
	add_rows(sql, i, kind);
	rc_buf_add_text(sql, " and ");
	rc_image_add_same_key(&image, sql, "a");
	rc_buf_add_text(sql, " and ");
	rc_image_add_same_row(&image, sql, "a");
	rc_buf_add_text(sql, " returning u.n) insert into pg_temp.rc_undone select n from done");
	run(restore, sql, restore->tables[i].name);
}

/* Rows that were changed: back to what they were. */
static void
take_back_updates(struct rc_restore *restore, size_t i)
{
	const struct rc_image image = image_of(restore, i);
	struct rc_buf sql = {0};

	rc_buf_printf(&sql, "with done as (update %s t set ", restore->tables[i].table.relation.sql);
	rc_image_add_assignments(&image, &sql, "b");
	rc_buf_add_text(&sql, " from pg_temp.rc_undo u");
	rc_image_add_record(&image, &sql, "before", "b", false);
	run_where_unchanged(restore, i, 'u', &sql);
}

/* Rows that were inserted: deleted. */
static void
take_back_insertions(struct rc_restore *restore, size_t i)
{
	struct rc_buf sql = {0};

	rc_buf_printf(&sql, "with done as (delete from %s t using pg_temp.rc_undo u", restore->tables[i].table.relation.sql);
	run_where_unchanged(restore, i, 'i', &sql);
}

/* Rows that were deleted: inserted, where no row has their key by now. */
static void
take_back_deletions(struct rc_restore *restore, size_t i)
{
	const struct rc_image image = image_of(restore, i);
	const char *name = restore->tables[i].table.relation.sql;
	struct rc_buf sql = {0};

	rc_buf_add_text(&sql, "insert into pg_temp.rc_undone select u.n from pg_temp.rc_undo u");
	rc_image_add_record(&image, &sql, "key", "k", true);
	rc_buf_add_text(&sql, " where");
	add_rows(&sql, i, 'd');
	rc_buf_printf(&sql, " and not exists (select from %s t where ", name);
	rc_image_add_same_key(&image, &sql, "k");
	rc_buf_add_text(&sql, ")");
	run(restore, &sql, restore->tables[i].name);
	rc_buf_printf(&sql, "insert into %s (", name);
	rc_image_add_names(&image, &sql, RC_IMAGE_INSERTED);
	rc_buf_add_text(&sql, ") overriding system value select ");
	rc_image_add_values(&image, &sql, RC_IMAGE_INSERTED, "b");
	rc_buf_add_text(&sql, " from pg_temp.rc_undo u join pg_temp.rc_undone d on d.n operator(pg_catalog.=) u.n");
	rc_image_add_record(&image, &sql, "before", "b", false);
	rc_buf_add_text(&sql, " where");
	add_rows(&sql, i, 'd');
	rc_buf_add_text(&sql, " order by u.n");
	run(restore, &sql, restore->tables[i].name);
}

/* ---- the order ---- */

/* What is taken back by one statement, the last first. */
struct group {
	size_t table;
	char kind;
	bool begun;
};

struct order {
	struct rc_restore *restore;
	struct group *groups;
	size_t count;
	bool *refers;	/* whether table I has a foreign key to table K, at I * tables + K */
};

static void
read_foreign_keys(struct order *order)
{
	static const char sql[] = "select f.conrelid, f.confrelid from pg_catalog.pg_constraint f where f.contype operator(pg_catalog.=) 'f'"
	    " and f.conrelid operator(pg_catalog.<>) f.confrelid";
	const struct rc_restore *restore = order->restore;
	PGresult *keys = rc_session_query(restore->session, "foreign keys", sql, NULL);

	order->refers = rc_alloc(rc_size_mul(restore->count + 1, rc_size_mul(restore->count + 1, sizeof *order->refers)));
	memset(order->refers, 0, (restore->count + 1) * (restore->count + 1) * sizeof *order->refers);
	for (int row = 0; row < PQntuples(keys); row++)
		for (size_t i = 0; i < restore->count; i++)
			for (size_t k = 0; k < restore->count; k++)
				if (strcmp(rc_result_text(keys, row, 0), restore->tables[i].table.relation.oid) == 0 &&
				    strcmp(rc_result_text(keys, row, 1), restore->tables[k].table.relation.oid) == 0)
					order->refers[i * restore->count + k] = true;
	PQclear(keys);
}

/*
 * Whether OTHER must come before GROUP, though it was not changed after it: what
 * a foreign key does (ON DELETE CASCADE, SET NULL) is a later statement, but rows
 * that refer to one can be back only after it, and it can go only after them.
 */
static bool
must_precede(const struct order *order, const struct group *other, const struct group *group)
{
	size_t tables = order->restore->count;

	if (group->kind != 'i' && other->kind != 'i')	/* an update may have changed a key */
		return order->refers[group->table * tables + other->table];
	return group->kind == 'i' && other->kind != 'd' && order->refers[other->table * tables + group->table];
}

static void
take_back(struct order *order, struct group *group)
{
	if (group->begun)
		return;
	group->begun = true;
	for (size_t i = 0; i < order->count; i++)
		if (must_precede(order, &order->groups[i], group))
			take_back(order, &order->groups[i]);
	switch (group->kind) {
	case 'u': take_back_updates(order->restore, group->table); break;
	case 'i': take_back_insertions(order->restore, group->table); break;
	default: take_back_deletions(order->restore, group->table);
	}
}

void
rc_restore_run(struct rc_restore *restore)
{
	static const char last_first[] = "select relation, kind from pg_temp.rc_undo group by relation, kind order by pg_catalog.max(step) desc, kind";
	PGresult *error = rc_copy_in_end(&restore->copy), *result;
	struct order order = { .restore = restore };

	if (error != NULL)
		rc_session_die(restore->session, error, "the log can't be read");
	rc_session_do_script(restore->session, "the log can't be read", net);
	rc_session_do_script(restore->session, "a temporary table", "analyze pg_temp.rc_undo");
	for (size_t i = 0; i < restore->count; i++)
		check_columns(restore, i);
	result = rc_session_query(restore->session, "the log", last_first, NULL);
	order.count = (size_t)PQntuples(result);
	order.groups = rc_alloc(rc_size_mul(order.count + 1, sizeof *order.groups));
	for (size_t g = 0; g < order.count; g++) {
		order.groups[g] = (struct group){ (size_t)atoi(rc_result_text(result, (int)g, 0)), *rc_result_text(result, (int)g, 1), false };
		if (order.groups[g].table >= restore->count)
			rc_session_misled("the log");
	}
	PQclear(result);
	read_foreign_keys(&order);
	for (size_t g = 0; g < order.count; g++)
		take_back(&order, &order.groups[g]);
	free(order.groups);
	free(order.refers);
}

/* ---- the report ---- */

static void
report_table(struct rc_restore *restore, size_t i, void (*take)(void *, const char *, size_t, const char *), void *context)
{
	const struct rc_image image = image_of(restore, i);
	const char *key = restore->tables[i].table.keys[0].column;
	struct rc_buf sql = {0}, same = {0}, line = {0};
	static const struct rc_parameters none;
	PGresult *row;

	rc_buf_add_text(&same, "case when u.before is null then t.");
	rc_session_add_identifier(restore->session, &same, key);
	rc_buf_add_text(&same, " is null else t.");
	rc_session_add_identifier(restore->session, &same, key);
	rc_buf_add_text(&same, " is not null and ");
	rc_image_add_same_row(&image, &same, "b");
	rc_buf_add_text(&same, " end");
	rc_buf_printf(&sql, "select u.key, case when d.n is not null then case when %s then 'restored' else 'differs' end"
	    " when %s then 'unchanged' when t.", rc_buf_text(&same), rc_buf_text(&same));
	rc_session_add_identifier(restore->session, &sql, key);
	rc_buf_printf(&sql, " is null and not exists (select from %s t where ", restore->tables[i].table.relation.sql);
	rc_image_add_same_key(&image, &sql, "k");
	rc_buf_add_text(&sql, ") then 'missing' else 'changed' end from"
	    " (select *, coalesce(before, key) as there from pg_temp.rc_undo) u");	/* a key may have been changed */
	rc_image_add_record(&image, &sql, "key", "k", true);
	rc_image_add_record(&image, &sql, "there", "p", true);
	rc_image_add_record(&image, &sql, "before", "b", false);
	rc_buf_printf(&sql, " left join %s t on ", restore->tables[i].table.relation.sql);
	rc_image_add_same_key(&image, &sql, "p");
	rc_buf_printf(&sql, " left join pg_temp.rc_undone d on d.n operator(pg_catalog.=) u.n where u.relation operator(pg_catalog.=) %zu order by u.n", i);
	rc_session_start(restore->session, rc_buf_text(&sql), &none);
	while ((row = rc_session_next_row(restore->session, restore->tables[i].name)) != NULL) {
		const char *found = rc_result_text(row, 0, 0);

		if (*found != '{' || strchr(found, '\n') != NULL || !rc_utf8_valid(found, strlen(found)))
			rc_session_misled(restore->tables[i].name);
		line.length = 0;
		rc_json_open(&line);
		rc_json_add_text(&line, "table", restore->tables[i].name);
		rc_json_add_value(&line, "key", found);	/* the object is left open for the status */
		take(context, line.bytes, line.length, rc_result_text(row, 0, 1));
		PQclear(row);
	}
	rc_buf_free(&sql);
	rc_buf_free(&same);
	rc_buf_free(&line);
}

void
rc_restore_report(struct rc_restore *restore, void (*take)(void *context, const char *line, size_t length, const char *status), void *context)
{
	rc_session_do_script(restore->session, "a temporary table", "analyze pg_temp.rc_undone");
	for (size_t i = 0; i < restore->count; i++)
		report_table(restore, i, take, context);
}

void
rc_restore_free(struct rc_restore *restore)
{
	for (size_t i = 0; i < restore->count; i++)
		rc_table_free(&restore->tables[i].table);
	free(restore->tables);
	rc_copy_in_free(&restore->copy);
	*restore = (struct rc_restore){0};
}

#include "rc_capture.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_relation.h"
#include "rc_result.h"
#include "rc_utf8.h"

#define TRIGGER "rc_capture"
#define DIGEST(text) "pg_catalog.to_json(" RC_CAPTURE_DIGEST(text) ")::pg_catalog.text"
#define OLD_ROW "pg_catalog.to_json(o.*)::pg_catalog.text"
#define NEW_ROW "pg_catalog.to_json(n.*)::pg_catalog.text"

/* A table that is watched, and what must be known of it. */
struct rc_capture_table {
	struct rc_relation relation;
	char *columns;		/* what is selected of it */
	char *same;		/* that o and n have one key */
	char *old_key, *new_key, *any_key;	/* the key's columns as k1, k2 ... of o, of n, or of the one that there is */
	char *key;		/* the key's fields as JSON, from x.k1 ... */
	char *key_name;		/* the first column of the key, quoted */
	PGresult *parts;	/* it and its partitions or children, as SQL */
};

void
rc_capture_add(struct rc_capture *capture, const char *name)
{
	if (capture->count == RC_CAPTURE_TABLES_MAX)
		rc_die(RC_FATAL, "more than %d tables to watch", RC_CAPTURE_TABLES_MAX);
	capture->names[capture->count++] = name;
}

/* ---- what must be known ---- */

static const char columns_sql[] =
    "select pg_catalog.string_agg(case when n.nspname operator(pg_catalog.=) 'pg_catalog' and t.typcategory not in ('A', 'C')"
    "   and t.typname not in ('json', 'jsonb') then q.name"
    "   else pg_catalog.concat(q.name, '::pg_catalog.text as ', q.name) end, ', ' order by a.attnum),"
    " pg_catalog.string_agg(pg_catalog.concat('o.', q.name, ' operator(pg_catalog.=) n.', q.name), ' and ' order by k.place)"
    "   filter (where k.place is not null),"
    " pg_catalog.string_agg(pg_catalog.concat('o.', q.name, ' as k', k.place), ', ' order by k.place) filter (where k.place is not null),"
    " pg_catalog.string_agg(pg_catalog.concat('n.', q.name, ' as k', k.place), ', ' order by k.place) filter (where k.place is not null),"
    " pg_catalog.string_agg(pg_catalog.concat('coalesce(o.', q.name, ', n.', q.name, ') as k', k.place), ', ' order by k.place)"
    "   filter (where k.place is not null),"
    " pg_catalog.string_agg(pg_catalog.concat(pg_catalog.quote_literal(pg_catalog.concat(pg_catalog.to_json(a.attname::pg_catalog.text), ':')),"
    "   ', pg_catalog.to_json(x.k', k.place, ')'), ', '','', ' order by k.place) filter (where k.place is not null),"
    " (pg_catalog.array_agg(q.name order by k.place) filter (where k.place is not null))[1],"
    " pg_catalog.pg_has_role(c.relowner, 'usage')"
    " from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid"
    " join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace"
    " cross join lateral pg_catalog.quote_ident(a.attname) q (name)"
    " left join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid and i.indisprimary"
    " left join lateral pg_catalog.unnest(i.indkey) with ordinality k (attnum, place) on k.attnum operator(pg_catalog.=) a.attnum"
    "   and k.place operator(pg_catalog.<=) i.indnkeyatts"
    " where c.oid operator(pg_catalog.=) $1::pg_catalog.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped"
    " group by c.oid, c.relowner";

static const char parts_sql[] =
    "with recursive parts (oid) as (select $1::pg_catalog.oid union"
    " select i.inhrelid from pg_catalog.pg_inherits i join parts p on i.inhparent operator(pg_catalog.=) p.oid)"
    " select p.oid, pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)), c.relkind"
    " from parts p join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) p.oid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace order by p.oid";

static char *
copy(const PGresult *result, int column)
{
	const char *text = rc_result_text(result, 0, column);

	return rc_strndup(text, strlen(text));
}

static void
read_table(struct rc_capture *capture, struct rc_capture_table *table, const char *name)
{
	struct rc_parameters parameters = { .count = 1 };
	const char *oid;
	PGresult *result;

	rc_relation_find(&table->relation, capture->session, name);
	if (strchr("rp", table->relation.kind) == NULL)
		rc_die(RC_FATAL, "%s: only tables can be watched", name);
	oid = table->relation.oid;
	parameters.values = &oid;
	result = rc_session_query(capture->session, name, columns_sql, &parameters);
	if (PQntuples(result) != 1 || PQnfields(result) != 8)
		rc_session_misled(name);
	if (PQgetisnull(result, 0, 1))
		rc_die(RC_FATAL, "%s: it has no primary key, by which a row could be known", name);
	if (strcmp(rc_result_text(result, 0, 7), "t") != 0)
		rc_die(RC_FATAL, "%s: only its owner can watch it: it needs triggers, and the right to take them away again", name);
	table->columns = copy(result, 0);
	table->same = copy(result, 1);
	table->old_key = copy(result, 2);
	table->new_key = copy(result, 3);
	table->any_key = copy(result, 4);
	table->key = copy(result, 5);
	table->key_name = copy(result, 6);
	PQclear(result);
	table->parts = rc_session_query(capture->session, name, parts_sql, &parameters);
	for (int i = 0; i < PQntuples(table->parts); i++)
		if (strchr("rp", *rc_result_text(table->parts, i, 2)) == NULL)
			rc_die(RC_FATAL, "%s: its part %s is no table, and can't be watched", name, rc_result_text(table->parts, i, 1));
}

/* ---- the triggers ---- */

/* Adds the insertion of rows into the capture: what they were and are, as SQL, and the columns of their key.  OFFSET 0: the texts are made once. */
static void
add_insertion(struct rc_buf *sql, const struct rc_capture_table *table, const char *before, const char *after, const char *key, const char *from)
{
	rc_buf_printf(sql, "insert into pg_temp.rc_capture select rc_step, %s::pg_catalog.oid, pg_catalog.concat('{', %s, '}'), x.before, x.after"
	    " from (select %s as before, %s as after, %s from %s offset 0) x where x.before is distinct from x.after",
	    table->relation.oid, table->key, before, after, key, from);
}

static void
add_function(struct rc_buf *sql, const struct rc_capture_table *table, size_t number)
{
	struct rc_buf old = {0}, new = {0}, both = {0}, was = {0}, is = {0};

	rc_buf_printf(&old, "(select %s from rc_old) o", table->columns);
	rc_buf_printf(&new, "(select %s from rc_new) n", table->columns);
	rc_buf_printf(&both, "%s full join %s on %s", rc_buf_text(&old), rc_buf_text(&new), table->same);
	rc_buf_printf(sql, "create function pg_temp." TRIGGER "_%zu() returns trigger language plpgsql security definer"
	    RC_CAPTURE_SETTINGS " as $rc_capture$\ndeclare rc_step pg_catalog.int8; rc_moved pg_catalog.bool; begin\n"
	    "if tg_op operator(pg_catalog.=) 'TRUNCATE' then raise exception 'TRUNCATE can''t be taken back, so it has no place in a change that is logged'"
	    " using errcode = '0A000'; end if;\n"
	    "insert into pg_temp.rc_capture_steps default values returning step into rc_step;\n"
	    "if tg_op operator(pg_catalog.=) 'INSERT' then ", number);
	add_insertion(sql, table, "null::pg_catalog.text", NEW_ROW, table->new_key, rc_buf_text(&new));
	rc_buf_add_text(sql, ";\nelsif tg_op operator(pg_catalog.=) 'DELETE' then ");
	add_insertion(sql, table, OLD_ROW, "null::pg_catalog.text", table->old_key, rc_buf_text(&old));
	rc_buf_add_text(sql, ";\n");
	rc_buf_printf(&was, "case when o.%s is not null then " OLD_ROW " end", table->key_name);
	rc_buf_printf(&is, "case when n.%s is not null then " NEW_ROW " end", table->key_name);
	rc_buf_add_text(sql, "else with rc_done as (");
	add_insertion(sql, table, rc_buf_text(&was), rc_buf_text(&is), table->any_key, rc_buf_text(&both));
	rc_buf_printf(sql, " returning before is null as is_new) select pg_catalog.bool_or(is_new) into rc_moved from rc_done;\n"
	    "if rc_moved then\n"	/* keys were changed; which old row is which new one does not matter, for all are put back */
	    "with o as (delete from pg_temp.rc_capture where step operator(pg_catalog.=) rc_step and after is null returning before),\n"
	    "n as (delete from pg_temp.rc_capture where step operator(pg_catalog.=) rc_step and before is null returning key, after)\n"
	    "insert into pg_temp.rc_capture select rc_step, %s::pg_catalog.oid, n.key, o.before, n.after"
	    " from (select before, pg_catalog.row_number() over () as place from o) o"
	    " join (select key, after, pg_catalog.row_number() over () as place from n) n on n.place operator(pg_catalog.=) o.place;\n"
	    "end if;\n", table->relation.oid);
	rc_buf_add_text(sql, "end if; return null; end $rc_capture$;\n");
	rc_buf_free(&old);
	rc_buf_free(&new);
	rc_buf_free(&both);
	rc_buf_free(&was);
	rc_buf_free(&is);
}

static void
add_triggers(struct rc_buf *sql, const char *part, size_t number)
{
	static const struct { const char *name, *event, *tables; } triggers[] = {
		{ "i", "after insert", " referencing new table as rc_new" }, { "u", "after update", " referencing old table as rc_old new table as rc_new" },
		{ "d", "after delete", " referencing old table as rc_old" }, { "t", "before truncate", "" } };

	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++)
		rc_buf_printf(sql, "create trigger " TRIGGER "_%s %s on %s%s for each statement execute function pg_temp." TRIGGER "_%zu();\n",
		    triggers[i].name, triggers[i].event, part, triggers[i].tables, number);
}

static void
free_table(struct rc_capture_table *table)
{
	rc_relation_free(&table->relation);
	free(table->columns);
	free(table->same);
	free(table->old_key);
	free(table->new_key);
	free(table->any_key);
	free(table->key);
	free(table->key_name);
	PQclear(table->parts);
	*table = (struct rc_capture_table){0};
}

/* Reads what was asked for; a table that was named twice is watched once. */
static void
read_tables(struct rc_capture *capture)
{
	size_t kept = 0;

	capture->tables = rc_alloc(rc_size_mul(capture->count + 1, sizeof *capture->tables));
	for (size_t i = 0; i < capture->count; i++) {
		struct rc_capture_table *table = &capture->tables[kept++];

		*table = (struct rc_capture_table){0};
		read_table(capture, table, capture->names[i]);
		for (size_t k = 0; k + 1 < kept; k++)
			if (strcmp(capture->tables[k].relation.oid, table->relation.oid) == 0) {
				free_table(table);
				kept--;
				break;
			}
	}
	capture->count = kept;
}

void
rc_capture_begin(struct rc_capture *capture, struct rc_session *session)
{
	struct rc_buf sql = {0}, watched = {0};

	capture->session = session;
	read_tables(capture);
	rc_buf_add_text(&sql, "create temporary table rc_capture (step pg_catalog.int8, relation pg_catalog.oid, key pg_catalog.text,"
	    " before pg_catalog.text, after pg_catalog.text) on commit drop;\n"
	    "create temporary table rc_capture_steps (step pg_catalog.int8 generated always as identity) on commit drop;\n");
	for (size_t i = 0; i < capture->count; i++) {
		const struct rc_capture_table *table = &capture->tables[i];

		add_function(&sql, table, i + 1);
		for (int k = 0; k < PQntuples(table->parts); k++) {
			add_triggers(&sql, rc_result_text(table->parts, k, 1), i + 1);
			rc_buf_printf(&watched, "%s%s", watched.length == 0 ? "{" : ",", rc_result_text(table->parts, k, 0));
		}
	}
	rc_buf_add_text(&watched, watched.length == 0 ? "{}" : "}");
	capture->watched = rc_buf_text(&watched);
	rc_session_do_script(session, "cannot watch the tables", rc_buf_text(&sql));
	rc_buf_free(&sql);
}

/* ---- the end ---- */

/* Whether only tables that are watched were changed, by the server's counts of this transaction. */
static void
check_others(const struct rc_capture *capture)
{
	static const char sql[] =
	    "select pg_catalog.concat(s.schemaname, '.', s.relname), pg_catalog.current_setting('track_counts')"
	    " from (select 1) one left join pg_catalog.pg_stat_xact_user_tables s"
	    " on s.n_tup_ins operator(pg_catalog.+) s.n_tup_upd operator(pg_catalog.+) s.n_tup_del operator(pg_catalog.>) 0"
	    " and s.relid operator(pg_catalog.<>) all ($1::pg_catalog.oid[])"
	    " and exists (select from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) s.relid and c.relpersistence operator(pg_catalog.<>) 't')"
	    " order by 1 limit 1";
	const char *value = capture->watched;
	const struct rc_parameters parameters = { .count = 1, .values = &value };
	PGresult *result = rc_session_query(capture->session, "the tables that were changed", sql, &parameters);

	if (PQntuples(result) != 1 || strcmp(rc_result_text(result, 0, 1), "on") != 0)
		rc_die(RC_FATAL, "which tables were changed can't be known: the server's track_counts is off");
	if (strcmp(rc_result_text(result, 0, 0), ".") != 0)
		rc_die(RC_FATAL, "%s was changed, too, and is not watched, so nothing was changed; --watch %s", rc_result_text(result, 0, 0),
		    rc_result_text(result, 0, 0));
	PQclear(result);
}

void
rc_capture_end(struct rc_capture *capture)
{
	static const char letters[] = "iudt";
	struct rc_buf sql = {0};

	check_others(capture);
	for (size_t i = 0; i < capture->count; i++) {
		const PGresult *parts = capture->tables[i].parts;

		for (int k = 0; k < PQntuples(parts); k++)
			for (const char *letter = letters; *letter != '\0'; letter++)
				rc_buf_printf(&sql, "drop trigger " TRIGGER "_%c on %s;\n", *letter, rc_result_text(parts, k, 1));
		rc_buf_printf(&sql, "drop function pg_temp." TRIGGER "_%zu();\n", i + 1);
	}
	if (sql.length > 0)
		rc_session_do_script(capture->session, "cannot take the triggers away", rc_buf_text(&sql));
	rc_buf_free(&sql);
}

const char *
rc_capture_table_name(const struct rc_capture *capture, size_t i)
{
	return capture->tables[i].relation.sql;
}

const char *
rc_capture_table_oid(const struct rc_capture *capture, size_t i)
{
	return capture->tables[i].relation.oid;
}

const char *
rc_capture_table_columns(const struct rc_capture *capture, size_t i)
{
	return capture->tables[i].columns;
}

void
rc_capture_write(struct rc_capture *capture, enum rc_capture_form form, struct rc_output *out)
{
	static const struct rc_parameters none;
	static const char what[] = "the rows that were changed";
	struct rc_buf sql = {0};
	PGresult *row;

	rc_buf_printf(&sql, "select pg_catalog.concat('{\"step\":', c.step, ',\"table\":', t.name, ',\"key\":', c.key, ',\"before\":',"
	    " coalesce(%s, 'null'), ',\"after\":', coalesce(%s, 'null'), '}') from pg_temp.rc_capture c"
	    " join (select r.oid, pg_catalog.to_json(pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(r.relname))) as name"
	    "  from pg_catalog.pg_class r join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) r.relnamespace) t"
	    " on t.oid operator(pg_catalog.=) c.relation", form == RC_CAPTURE_ROWS ? "c.before" : DIGEST("c.before"),
	    form == RC_CAPTURE_ROWS ? "c.after" : DIGEST("c.after"));
	rc_session_start(capture->session, rc_buf_text(&sql), &none);
	while ((row = rc_session_next_row(capture->session, what)) != NULL) {
		const char *line = rc_result_text(row, 0, 0);
		size_t length = strlen(line);

		if (length == 0 || memchr(line, '\n', length) != NULL || !rc_utf8_valid(line, length))
			rc_session_misled(what);
		rc_output_line(out, line, length);
		PQclear(row);
	}
	rc_buf_free(&sql);
}

void
rc_capture_free(struct rc_capture *capture)
{
	for (size_t i = 0; capture->tables != NULL && i < capture->count; i++)
		free_table(&capture->tables[i]);
	free(capture->tables);
	free(capture->watched);
	*capture = (struct rc_capture){0};
}

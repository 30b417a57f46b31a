#include "rc_capture.h"

#include <stdlib.h>
#include <string.h>

#include "rc_capture_table.h"
#include "rc_copy_out.h"
#include "rc_digest.h"
#include "rc_mem.h"
#include "rc_result.h"
#include "rc_row_decode.h"

#define TRIGGER RC_CAPTURE_NAME

enum { COLUMNS_MAX = 750 };	/* the server's limit is 1,664 in a row of an answer, which has each column twice */

void
rc_capture_add(struct rc_capture *capture, const char *name)
{
	if (capture->count == RC_CAPTURE_TABLES_MAX)
		rc_die(RC_FATAL, "more than %d tables to watch", RC_CAPTURE_TABLES_MAX);
	capture->names[capture->count++] = name;
}

/* ---- what must be known ---- */

static const char columns_sql[] =
    "select a.attname, pg_catalog.quote_ident(a.attname), pg_catalog.quote_literal(pg_catalog.concat(pg_catalog.to_json(a.attname::pg_catalog.text), ':')),"
    " a.atttypid, coalesce(k.place, 0), pg_catalog.pg_has_role(c.relowner, 'usage')"
    " from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid"
    " left join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid and i.indisprimary"
    " left join lateral pg_catalog.unnest(i.indkey) with ordinality k (attnum, place) on k.attnum operator(pg_catalog.=) a.attnum"
    "   and k.place operator(pg_catalog.<=) i.indnkeyatts"
    " where c.oid operator(pg_catalog.=) $1::pg_catalog.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped"
    " order by a.attnum";

static const char parts_sql[] =
    "with recursive parts (oid) as (select $1::pg_catalog.oid union"
    " select i.inhrelid from pg_catalog.pg_inherits i join parts p on i.inhparent operator(pg_catalog.=) p.oid)"
    " select p.oid, pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)), c.relkind"
    " from parts p join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) p.oid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace order by p.oid";

static char *
copy(const PGresult *result, int row, int column)
{
	const char *text = rc_result_text(result, row, column);

	return rc_strndup(text, strlen(text));
}

/* A row's text has a value as the decoder gives it, or where that would not be read back as the same one, as the server's text in a string. */
static void
read_column(struct rc_capture_column *column, const PGresult *result, int row, const char *table)
{
	static const char scalars[] = { RC_ROW_BOOL, RC_ROW_INT2, RC_ROW_INT4, RC_ROW_INT8, RC_ROW_FLOAT8, RC_ROW_DATE, RC_ROW_TIMESTAMP, RC_ROW_TIMESTAMPTZ };
	struct rc_row_shape shape;
	long type;

	*column = (struct rc_capture_column){ .name = copy(result, row, 0), .sql = copy(result, row, 1), .label = copy(result, row, 2) };
	if (!rc_parse_long(rc_result_text(result, row, 3), 1, UINT32_MAX, &type) ||
	    !rc_parse_long(rc_result_text(result, row, 4), 0, COLUMNS_MAX, &column->place))
		rc_session_misled(table);
	column->type = (Oid)type;
	shape = rc_row_shape_of(column->type);
	column->as_text = shape.kind == RC_ROW_OTHER || shape.is_array || shape.kind == RC_ROW_JSON || shape.kind == RC_ROW_JSONB;
	column->is_scalar = !shape.is_array && memchr(scalars, (char)shape.kind, sizeof scalars) != NULL;
}

static void
read_columns(struct rc_capture_table *table, const PGresult *result, const char *name)
{
	struct rc_buf texts = {0};

	if (PQntuples(result) == 0 || PQnfields(result) != 6)
		rc_session_misled(name);
	if (PQntuples(result) > COLUMNS_MAX)
		rc_die(RC_FATAL, "%s: a table of more than %d columns can't be watched", name, COLUMNS_MAX);
	if (strcmp(rc_result_text(result, 0, 5), "t") != 0)
		rc_die(RC_FATAL, "%s: only its owner can watch it: it needs triggers, and the right to take them away again", name);
	table->count = (size_t)PQntuples(result);
	table->columns = rc_alloc(rc_size_mul(table->count, sizeof *table->columns));
	for (size_t i = 0; i < table->count; i++) {
		struct rc_capture_column *column = &table->columns[i];

		read_column(column, result, (int)i, name);
		rc_buf_printf(&texts, column->as_text ? "%s%s::pg_catalog.text as %s" : "%s%s", i == 0 ? "" : ", ", column->sql, column->sql);
		if (column->place > 0) {
			table->key = i;
			table->key_count++;
		}
	}
	if (table->key_count == 0)
		rc_die(RC_FATAL, "%s: it has no primary key, by which a row could be known", name);
	table->texts = rc_buf_text(&texts);
}

void
rc_capture_read_table(struct rc_capture *capture, struct rc_capture_table *table, const char *name)
{
	struct rc_parameters parameters = { .count = 1 };
	const char *oid;
	PGresult *result;

	if (strchr("rp", table->relation.kind) == NULL)
		rc_die(RC_FATAL, "%s: only tables can be watched", name);
	oid = table->relation.oid;
	parameters.values = &oid;
	result = rc_session_query(capture->session, name, columns_sql, &parameters);
	read_columns(table, result, name);
	PQclear(result);
	table->parts = rc_session_query(capture->session, name, parts_sql, &parameters);
	if (table->relation.kind == 'r' && PQntuples(table->parts) > 1)
		rc_die(RC_FATAL, "%s: other tables inherit from it, and their rows can't be told from its own", name);
	for (int i = 0; i < PQntuples(table->parts); i++)
		if (strchr("rp", *rc_result_text(table->parts, i, 2)) == NULL)
			rc_die(RC_FATAL, "%s: its part %s is no table, and can't be watched", name, rc_result_text(table->parts, i, 1));
}

/* ---- the triggers ---- */

void
rc_capture_add_stored(struct rc_buf *sql, const struct rc_capture_table *table, char alias, char letter)
{
	for (size_t i = 0; i < table->count; i++) {
		rc_buf_printf(sql, table->columns[i].as_text ? ", %c.%s::pg_catalog.text" : ", %c.%s", alias, table->columns[i].sql);
		if (letter != '\0')
			rc_buf_printf(sql, " as %c%zu", letter, i + 1);
	}
}

/* Adds the names of the stored columns. */
static void
add_names(struct rc_buf *sql, const struct rc_capture_table *table, const char *prefix, char letter)
{
	for (size_t i = 0; i < table->count; i++)
		rc_buf_printf(sql, ", %s%c%zu", prefix, letter, i + 1);
}

void
rc_capture_add_store(struct rc_buf *sql, const struct rc_capture_table *table, size_t number)
{
	rc_buf_printf(sql, "create temporary table " TRIGGER "_%zu on commit drop as select 0::pg_catalog.int8 as step", number);
	rc_capture_add_stored(sql, table, 'o', 'b');
	rc_capture_add_stored(sql, table, 'n', 'a');
	rc_buf_printf(sql, " from %s o, %s n with no data;\n", table->relation.sql, table->relation.sql);
}

void
rc_capture_add_insertion(struct rc_buf *sql, const struct rc_capture_table *table, size_t number, const char *letters)
{
	rc_buf_printf(sql, "insert into pg_temp." TRIGGER "_%zu (step", number);
	for (; *letters != '\0'; letters++)
		add_names(sql, table, "", *letters);
	rc_buf_add_text(sql, ") select rc_step");
}

/* Rows whose keys were changed are stored as ones that went and ones that came; which old one is which new one does not matter, for all are put back. */
static void
add_pairing(struct rc_buf *sql, const struct rc_capture_table *table, size_t number)
{
	rc_buf_printf(sql, "with o as (delete from pg_temp." TRIGGER "_%zu where step operator(pg_catalog.=) rc_step and a%zu is null returning step",
	    number, table->key + 1);
	add_names(sql, table, "", 'b');
	rc_buf_printf(sql, "), n as (delete from pg_temp." TRIGGER "_%zu where step operator(pg_catalog.=) rc_step and b%zu is null returning step",
	    number, table->key + 1);
	add_names(sql, table, "", 'a');
	rc_buf_add_text(sql, ")\n");
	rc_capture_add_insertion(sql, table, number, "ba");
	add_names(sql, table, "o.", 'b');
	add_names(sql, table, "n.", 'a');
	rc_buf_add_text(sql, " from (select o.*, pg_catalog.row_number() over () as place from o) o"
	    " join (select n.*, pg_catalog.row_number() over () as place from n) n on n.place operator(pg_catalog.=) o.place;\n");
}

/*
 * A row that is as it was is not stored.  To compare two rows whole takes the server as long as to store them, so scalar columns
 * come first: most changes are in one of them.  That a row was moved to another key is told by a setting, which costs only where
 * there is one.
 */
static void
add_update(struct rc_buf *sql, const struct rc_capture_table *table, size_t number)
{
	const char *key = table->columns[table->key].sql, *and = "";

	rc_capture_add_insertion(sql, table, number, "ba");
	rc_capture_add_stored(sql, table, 'o', '\0');
	rc_capture_add_stored(sql, table, 'n', '\0');
	rc_buf_add_text(sql, " from rc_old o full join rc_new n on ");
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].place > 0) {
			rc_buf_printf(sql, "%so.%s operator(pg_catalog.=) n.%s", and, table->columns[i].sql, table->columns[i].sql);
			and = " and ";
		}
	rc_buf_add_text(sql, " where ");
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].is_scalar && table->columns[i].place == 0)
			rc_buf_printf(sql, "o.%s operator(pg_catalog.<>) n.%s or ", table->columns[i].sql, table->columns[i].sql);
	rc_buf_printf(sql, "(o.%s is null or n.%s is null) and pg_catalog.set_config('" TRIGGER ".moved', rc_step::pg_catalog.text, true) is not null"
	    " or (o.*) operator(pg_catalog.*<>) (n.*);\n"
	    "if pg_catalog.current_setting('" TRIGGER ".moved', true) operator(pg_catalog.=) rc_step::pg_catalog.text then\n", key, key);
	add_pairing(sql, table, number);
	rc_buf_add_text(sql, "end if;\n");
}

static void
add_function(struct rc_buf *sql, const struct rc_capture_table *table, size_t number)
{
	rc_buf_printf(sql, "create function pg_temp." TRIGGER "_%zu() returns trigger language plpgsql security definer"
	    RC_CAPTURE_SETTINGS " as $rc_capture$\ndeclare rc_step pg_catalog.int8; begin\n"
	    "if tg_op operator(pg_catalog.=) 'TRUNCATE' then raise exception 'TRUNCATE can''t be taken back, so it has no place in a change that is logged'"
	    " using errcode = '0A000'; end if;\n"
	    "insert into pg_temp.rc_capture_steps (made) values (case when tg_op operator(pg_catalog.=) 'INSERT' then %zu end) returning step into rc_step;\n"
	    "if tg_op operator(pg_catalog.=) 'INSERT' then ", number, number);
	rc_capture_add_insertion(sql, table, number, "a");
	rc_capture_add_stored(sql, table, 'n', '\0');
	rc_buf_add_text(sql, " from rc_new n;\nelsif tg_op operator(pg_catalog.=) 'DELETE' then ");
	rc_capture_add_insertion(sql, table, number, "b");
	rc_capture_add_stored(sql, table, 'o', '\0');
	rc_buf_add_text(sql, " from rc_old o;\nelse ");
	add_update(sql, table, number);
	rc_buf_add_text(sql, "end if; return null; end $rc_capture$;\n");
}

static void
add_triggers(struct rc_buf *sql, const char *part, size_t number)
{
	static const struct { const char *name, *event, *tables; } triggers[] = {
		{ "i", "after insert", " referencing new table as rc_new" }, { "u", "after update", " referencing old table as rc_old new table as rc_new" },
		{ "d", "after delete", " referencing old table as rc_old" }, { "t", "before truncate", "" } };

	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++)
		rc_buf_printf(sql, "create trigger " TRIGGER "_%s %s on %s%s for each statement execute function pg_temp." TRIGGER "_%zu();\n"
		    "alter table only %s enable always trigger " TRIGGER "_%s;\n",
		    triggers[i].name, triggers[i].event, part, triggers[i].tables, number, part, triggers[i].name);
}

static void
free_table(struct rc_capture_table *table)
{
	rc_relation_free(&table->relation);
	for (size_t i = 0; i < table->count; i++) {
		free(table->columns[i].name);
		free(table->columns[i].sql);
		free(table->columns[i].label);
	}
	free(table->columns);
	free(table->texts);
	PQclear(table->parts);
	*table = (struct rc_capture_table){0};
}

/* Reads what was asked for; a table that is not there is awaited. */
static void
read_tables(struct rc_capture *capture)
{
	size_t named = capture->count;

	capture->tables = rc_alloc(rc_size_mul(named + 1, sizeof *capture->tables));
	capture->count = 0;
	for (size_t i = 0; i < named; i++) {
		struct rc_capture_table *table = &capture->tables[capture->count];

		*table = (struct rc_capture_table){0};
		if (rc_relation_try(&table->relation, capture->session, capture->names[i])) {
			capture->count++;
			rc_capture_read_table(capture, table, capture->names[i]);
		} else {
			capture->awaited[capture->awaited_count++] = capture->names[i];
		}
	}
	for (size_t i = capture->count; i-- > 0; )
		if (rc_capture_is_twice(capture, i)) {
			free_table(&capture->tables[i]);
			capture->count--;
			memmove(&capture->tables[i], &capture->tables[i + 1], (capture->count - i) * sizeof *capture->tables);
		}
}

void
rc_capture_begin(struct rc_capture *capture, struct rc_session *session)
{
	struct rc_buf sql = {0}, watched = {0};

	capture->session = session;
	read_tables(capture);
	rc_buf_add_text(&sql, "create temporary table rc_capture_steps (step pg_catalog.int8 generated always as identity, made pg_catalog.int4) on commit drop;\n");
	for (size_t i = 0; i < capture->count; i++) {
		const struct rc_capture_table *table = &capture->tables[i];

		rc_capture_add_store(&sql, table, i + 1);
		add_function(&sql, table, i + 1);
		for (int k = 0; k < PQntuples(table->parts); k++) {
			add_triggers(&sql, rc_result_text(table->parts, k, 1), i + 1);
			rc_buf_printf(&watched, "%s%s", watched.length == 0 ? "{" : ",", rc_result_text(table->parts, k, 0));
		}
	}
	rc_buf_add_text(&watched, watched.length == 0 ? "{}" : "}");
	capture->watched = rc_buf_text(&watched);
	rc_capture_add_guards(&sql, capture);
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
		rc_die(RC_FATAL, "%s was changed, too, and is not watched, so nothing was changed%s%s", rc_result_text(result, 0, 0),
		    capture->by_option ? "; --watch " : "", capture->by_option ? rc_result_text(result, 0, 0) : "");
	PQclear(result);
}

void
rc_capture_end(struct rc_capture *capture)
{
	static const char letters[] = "iudt";
	struct rc_buf sql = {0};
	size_t with_triggers = capture->count;
	long triggers = 0;

	for (size_t i = 0; i < with_triggers; i++)
		triggers += PQntuples(capture->tables[i].parts) * (long)strlen(letters);
	rc_capture_check_guards(capture, triggers);
	rc_capture_take_awaited(capture);
	rc_capture_look_for_new(capture);
	check_others(capture);
	for (size_t i = 0; i < with_triggers; i++) {
		const PGresult *parts = capture->tables[i].parts;

		for (int k = 0; k < PQntuples(parts); k++)
			for (const char *letter = letters; *letter != '\0'; letter++)
				rc_buf_printf(&sql, "drop trigger " TRIGGER "_%c on %s;\n", *letter, rc_result_text(parts, k, 1));
		rc_buf_printf(&sql, "drop function pg_temp." TRIGGER "_%zu();\n", i + 1);
	}
	rc_capture_add_guards_away(&sql, capture);
	rc_buf_add_text(&sql, "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local bytea_output = 'hex'; set local extra_float_digits = '1'");
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
	return capture->tables[i].texts;
}

void
rc_capture_add_rows(const struct rc_capture *capture, struct rc_buf *sql)
{
	const char *word = "(";

	if (capture->count == 0)
		rc_buf_add_text(sql, "(select 0::pg_catalog.oid as relation, '' as key, 0::pg_catalog.int8 as step, '' as before, true as is_new, true as is_gone where false");
	for (size_t i = 0; i < capture->count; i++, word = " union all ") {
		const struct rc_capture_table *table = &capture->tables[i];
		struct rc_buf was = {0};

		for (size_t k = 0; k < table->count; k++)
			rc_buf_printf(&was, "%sb%zu as %s", k == 0 ? "" : ", ", k + 1, table->columns[k].sql);
		rc_buf_printf(sql, "%sselect %s::pg_catalog.oid as relation, pg_catalog.concat('{'", word, table->relation.oid);
		for (size_t k = 0, shown = 0; k < table->count; k++)
			if (table->columns[k].place > 0)
				rc_buf_printf(sql, ", %s%s, pg_catalog.to_json(coalesce(b%zu, a%zu))", shown++ == 0 ? "" : "',', ", table->columns[k].label, k + 1, k + 1);
		rc_buf_printf(sql, ", '}') as key, step, case when b%zu is not null then "
		    RC_CAPTURE_DIGEST("(select pg_catalog.to_json(o.*)::pg_catalog.text from (select %s) o)") " end as before,"
		    " b%zu is null as is_new, a%zu is null as is_gone from pg_temp." TRIGGER "_%zu c", table->key + 1, rc_buf_text(&was), table->key + 1,
		    table->key + 1, i + 1);
		rc_capture_add_first_only(sql, table, i + 1, "where");
		rc_buf_free(&was);
	}
	rc_buf_add_text(sql, ")");
}

/* One column of a line; FIELDS is not 0 for an object of the columns that follow. */
static void
add_column(struct rc_row_column *columns, size_t *count, const char *name, Oid type, size_t fields)
{
	columns[(*count)++] = (struct rc_row_column){ .name = name, .shape = rc_row_shape_of(type), .fields = fields };
}

static void
add_columns(struct rc_row_column *columns, size_t *count, const struct rc_capture_table *table, bool key_only)
{
	for (size_t i = 0; i < table->count; i++)
		if (!key_only || table->columns[i].place > 0)
			add_column(columns, count, table->columns[i].name, table->columns[i].as_text ? RC_OID_TEXT : table->columns[i].type, 0);
}

/* The lines of one table, by COPY in its binary form, which the server makes three times as fast as JSON. */
static void
write_table(struct rc_capture *capture, size_t number, enum rc_capture_form form, struct rc_digest *digest, struct rc_output *out)
{
	static const char what[] = "the rows that were changed";
	const struct rc_capture_table *table = &capture->tables[number];
	struct rc_row_column *columns = rc_alloc(rc_size_mul(2 * table->count + table->key_count + 5, sizeof *columns));
	struct rc_row_decoder decoder;
	struct rc_copy_out stream;
	struct rc_buf sql = {0};
	const char *message;
	size_t count = 0, length;
	bool is_short = form == RC_CAPTURE_WHAT_WAS;

	if (!is_short)
		add_column(columns, &count, "step", RC_OID_INT8, 0);
	add_column(columns, &count, "table", RC_OID_TEXT, 0);
	add_column(columns, &count, "key", RC_OID_BOOL, table->key_count);
	add_columns(columns, &count, table, true);
	for (int half = 0; half < (is_short ? 1 : 2); half++) {
		add_column(columns, &count, half == 0 ? "before" : "after", RC_OID_BOOL, table->count);
		columns[count - 1].digest = digest;
		add_columns(columns, &count, table, false);
	}
	if (is_short)
		add_column(columns, &count, "gone", RC_OID_BOOL, 0);
	rc_buf_add_text(&sql, is_short ? "copy (select " : "copy (select step, ");
	rc_session_add_literal(capture->session, &sql, table->relation.sql);
	rc_buf_add_text(&sql, "::pg_catalog.text, true");
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].place > 0)
			rc_buf_printf(&sql, ", coalesce(b%zu, a%zu)", i + 1, i + 1);
	rc_buf_printf(&sql, ", b%zu is not null", table->key + 1);
	add_names(&sql, table, "", 'b');
	rc_buf_printf(&sql, is_short ? ", a%zu is null" : ", a%zu is not null", table->key + 1);
	if (!is_short)
		add_names(&sql, table, "", 'a');
	rc_buf_printf(&sql, " from pg_temp." TRIGGER "_%zu c", number + 1);
	if (is_short)
		rc_buf_printf(&sql, " where b%zu is not null", table->key + 1);
	if (form != RC_CAPTURE_ROWS)
		rc_capture_add_first_only(&sql, table, number + 1, is_short ? "and" : "where");
	rc_buf_add_text(&sql, ") to stdout (format binary)");

	rc_row_decoder_open(&decoder, columns, count, "");
	rc_copy_out_start(&stream, capture->session, what, rc_buf_text(&sql));
	while ((message = rc_copy_out_next(&stream, out, &length)) != NULL)
		rc_row_decode(&decoder, message, length, out);
	if (!decoder.ended)
		rc_session_misled(what);
	rc_row_decoder_free(&decoder);
	rc_buf_free(&sql);
	free(columns);
}

void
rc_capture_write(struct rc_capture *capture, enum rc_capture_form form, struct rc_output *out)
{
	struct rc_digest *digest = form == RC_CAPTURE_ROWS ? NULL : rc_digest_new();

	for (size_t i = 0; i < capture->count; i++)
		write_table(capture, i, form, digest, out);
	if (digest != NULL)
		digest->free(digest);
}

void
rc_capture_free(struct rc_capture *capture)
{
	for (size_t i = 0; capture->tables != NULL && i < capture->count; i++)
		free_table(&capture->tables[i]);
	free(capture->tables);
	free(capture->watched);
	PQclear(capture->above);
	*capture = (struct rc_capture){0};
}

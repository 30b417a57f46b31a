/* The part of rc_capture that finds what its triggers do not see, so that no change is told as none. */
#include <limits.h>
#include <string.h>

#include "rc_capture_table.h"
#include "rc_err.h"
#include "rc_result.h"

#define FILES RC_CAPTURE_NAME "_files"
#define ABOVE RC_CAPTURE_NAME "_above"

/* What the tables are parts of: a statement that names one of those fires its triggers, and not those of the part. */
static const char above_sql[] =
    "with recursive above (oid) as (select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid operator(pg_catalog.=) any ($1::pg_catalog.oid[])"
    " union select i.inhparent from pg_catalog.pg_inherits i join above a on i.inhrelid operator(pg_catalog.=) a.oid)"
    " select pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname))"
    " from above a join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.oid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace where a.oid operator(pg_catalog.<>) all ($1::pg_catalog.oid[])";

/* TRUNCATE and what writes a table anew are not in the server's counts; they give it another file. */
static const char files_sql[] =
    "create temporary table " FILES " on commit drop as select c.oid, c.relfilenode from pg_catalog.pg_class c"
    " where c.relkind operator(pg_catalog.=) 'r' and c.relpersistence operator(pg_catalog.<>) 't' and c.relfilenode operator(pg_catalog.<>) 0;\n";

static PGresult *
ask(const struct rc_capture *capture, const char *what, const char *sql)
{
	const char *value = capture->watched;
	const struct rc_parameters parameters = { .count = 1, .values = &value };

	return rc_session_query(capture->session, what, sql, &parameters);
}

/* Whether B is A, or a part of it. */
static bool
has_part(const struct rc_capture_table *a, const struct rc_capture_table *b)
{
	for (int i = 0; i < PQntuples(a->parts); i++)
		if (strcmp(rc_result_text(a->parts, i, 0), b->relation.oid) == 0)
			return true;
	return false;
}

bool
rc_capture_is_twice(const struct rc_capture *capture, size_t i)
{
	for (size_t k = 0; k < capture->count; k++)
		if (k != i && has_part(&capture->tables[k], &capture->tables[i]) && (k < i || !has_part(&capture->tables[i], &capture->tables[k])))
			return true;
	return false;
}

void
rc_capture_add_guards(struct rc_buf *sql, struct rc_capture *capture)
{
	capture->above = ask(capture, "the tables that those to watch are parts of", above_sql);
	rc_buf_add_text(sql, files_sql);
	if (PQntuples(capture->above) > 0)
		rc_buf_printf(sql, "create function pg_temp." ABOVE "() returns trigger language plpgsql as $rc_capture$ declare name text :="
		    " pg_catalog.concat(tg_table_schema, '.', tg_table_name); begin\n"
		    "raise exception '%% was changed, of which only a part is watched, so nothing was changed%%', name, %s using errcode = '0A000'; end $rc_capture$;\n",
		    capture->by_option ? "pg_catalog.concat('; --watch ', name)" : "''");
	for (int i = 0; i < PQntuples(capture->above); i++) {
		const char *name = rc_result_text(capture->above, i, 0);

		rc_buf_printf(sql, "create trigger " ABOVE " before insert or update or delete or truncate on %s for each statement execute function pg_temp."
		    ABOVE "();\nalter table only %s enable always trigger " ABOVE ";\n", name, name);
	}
}

void
rc_capture_add_guards_away(struct rc_buf *sql, const struct rc_capture *capture)
{
	for (int i = 0; i < PQntuples(capture->above); i++)
		rc_buf_printf(sql, "drop trigger " ABOVE " on %s;\n", rc_result_text(capture->above, i, 0));
	if (PQntuples(capture->above) > 0)
		rc_buf_add_text(sql, "drop function pg_temp." ABOVE "();\n");
}

/* Whether each of our triggers was there and fired, whatever the change did to the tables' triggers. */
static void
check_triggers(const struct rc_capture *capture, long triggers)
{
	static const char sql[] = "select pg_catalog.count(*) from pg_catalog.pg_trigger t where t.tgrelid operator(pg_catalog.=) any ($1::pg_catalog.oid[])"
	    " and t.tgname::pg_catalog.text operator(pg_catalog.=) any (array['" RC_CAPTURE_NAME "_i', '" RC_CAPTURE_NAME "_u', '" RC_CAPTURE_NAME "_d', '"
	    RC_CAPTURE_NAME "_t']) and t.tgenabled operator(pg_catalog.=) 'A'";
	PGresult *result = ask(capture, "the triggers that watch", sql);
	long there;

	if (!rc_parse_long(rc_result_text(result, 0, 0), 0, LONG_MAX, &there))
		rc_session_misled("the triggers that watch");
	if (there != triggers)
		rc_die(RC_FATAL, "the change has switched off the triggers of a table that is watched, so what it did is not known, and nothing was changed");
	PQclear(result);
}

static void
check_files(const struct rc_capture *capture)
{
	static const char sql[] = "select pg_catalog.concat(n.nspname, '.', c.relname) from pg_temp." FILES " f"
	    " join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) f.oid and c.relfilenode operator(pg_catalog.<>) f.relfilenode"
	    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace"
	    " where c.oid operator(pg_catalog.<>) all ($1::pg_catalog.oid[]) order by 1 limit 1";
	PGresult *result = ask(capture, "the tables that were truncated", sql);

	if (PQntuples(result) > 0)
		rc_die(RC_FATAL, "%s was truncated or written anew, which can't be taken back, so nothing was changed", rc_result_text(result, 0, 0));
	PQclear(result);
}

void
rc_capture_check_guards(const struct rc_capture *capture, long triggers)
{
	check_triggers(capture, triggers);
	check_files(capture);
}

#include "rc_relation.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"

/* With the schema of all operators, for search_path is the user's. */
#define EQUALS " operator(pg_catalog.=) "
#define AND_THEN " operator(pg_catalog.||) "
#define FULL_NAME "(n.nspname::pg_catalog.text" AND_THEN "'.'" AND_THEN "c.relname::pg_catalog.text)"
#define FROM " from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid" EQUALS "c.relnamespace" \
    " where c.relkind" EQUALS "any (array['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[]) and "
#define IDENTITY "select c.oid, pg_catalog.quote_ident(n.nspname)" AND_THEN "'.'" AND_THEN "pg_catalog.quote_ident(c.relname), c.relkind" FROM
#define VISIBLE "(c.relname::pg_catalog.text" EQUALS "$1::pg_catalog.text and pg_catalog.pg_table_is_visible(c.oid))"

static PGresult *
ask(struct rc_session *session, const char *name, const char *sql)
{
	const struct rc_parameters parameters = { .count = 1, .values = &name };

	return rc_session_query(session, name, sql, &parameters);
}

static _Noreturn void
die_of_missing(struct rc_session *session, const char *name)
{
	PGresult *near = ask(session, name, "select case when pg_catalog.pg_table_is_visible(c.oid) then c.relname::pg_catalog.text else " FULL_NAME " end" FROM
	    "pg_catalog.lower($1::pg_catalog.text)" EQUALS "any (array[pg_catalog.lower(c.relname::pg_catalog.text), pg_catalog.lower" FULL_NAME "])"
	    " order by 1 limit 1");

	if (PQntuples(near) == 1)
		rc_die(RC_FATAL, "%s: no such table; there is %s", name, rc_result_text(near, 0, 0));
	rc_die(RC_FATAL, "%s: no such table", name);
}

bool
rc_relation_try(struct rc_relation *relation, struct rc_session *session, const char *name)
{
	PGresult *found = ask(session, name, IDENTITY "(" VISIBLE " or " FULL_NAME EQUALS "$1::pg_catalog.text) order by " VISIBLE " desc limit 1");

	if (PQntuples(found) != 1 && strchr(name, '"') != NULL) {
		PQclear(found);
		found = ask(session, name, IDENTITY "c.oid" EQUALS "pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid");
	}
	rc_relation_free(relation);
	if (PQntuples(found) != 1) {
		PQclear(found);
		return false;
	}
	relation->oid = rc_strndup(rc_result_text(found, 0, 0), strlen(rc_result_text(found, 0, 0)));
	relation->sql = rc_strndup(rc_result_text(found, 0, 1), strlen(rc_result_text(found, 0, 1)));
	relation->kind = *rc_result_text(found, 0, 2);
	PQclear(found);
	return true;
}

void
rc_relation_find(struct rc_relation *relation, struct rc_session *session, const char *name)
{
	if (!rc_relation_try(relation, session, name))
		die_of_missing(session, name);
}

void
rc_relation_free(struct rc_relation *relation)
{
	free(relation->oid);
	free(relation->sql);
	*relation = (struct rc_relation){0};
}

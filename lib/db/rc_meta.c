#include "rc_meta.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_mem.h"
#include "rc_transaction.h"

enum { NAME_LENGTH_MAX = 63 };

/* What is asked first: whether the table is there, and whether this role may ask for the rest. */
static const char about[] =
    "select pg_catalog.current_database(), current_user,"
    " pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute'),"
    " c.oid is not null, coalesce(c.relkind::text, ''),"
    " c.oid is not null and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')"
    " from (select 1) one left join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) 'rc'"
    " left join pg_catalog.pg_class c on c.relnamespace operator(pg_catalog.=) n.oid and c.relname operator(pg_catalog.=) 'meta'";

static const char *const making[] = {
	"do $$ begin if pg_catalog.to_regnamespace('rc') is null then create schema rc; end if; end $$",
	"create table if not exists rc.meta (environment text not null, system_identifier text not null, database text not null,"
	" set_at timestamptz not null default pg_catalog.now(), set_by text not null default current_user)",
	"grant usage on schema rc to public",
	"grant select on rc.meta to public",
	"delete from rc.meta",
	NULL
};

static char *
copy(const char *text)
{
	return rc_strndup(text, strlen(text));
}

static bool
is_true(const PGresult *result, int column)
{
	return strcmp(rc_result_text(result, 0, column), "t") == 0;
}

static void
read_system(struct rc_session *session, struct rc_meta *meta)
{
	PGresult *result = rc_session_query(session, "the server's identifier", "select system_identifier from pg_catalog.pg_control_system()", NULL);

	meta->system = copy(rc_result_text(result, 0, 0));
	PQclear(result);
}

static void
read_row(struct rc_session *session, struct rc_meta *meta)
{
	PGresult *result = rc_session_query(session, "rc.meta", "select environment, system_identifier, database from rc.meta", NULL);
	bool here;

	if (PQntuples(result) > 1)
		rc_die(RC_FATAL, "rc.meta has more than one row; rc-environment set makes it one");
	if (PQntuples(result) == 1) {
		here = strcmp(rc_result_text(result, 0, 2), meta->database) == 0 &&
		    (meta->system == NULL || strcmp(rc_result_text(result, 0, 1), meta->system) == 0);
		meta->row = here ? RC_META_HERE : RC_META_ELSEWHERE;
		meta->environment = copy(rc_result_text(result, 0, 0));
		meta->row_database = copy(rc_result_text(result, 0, 2));
	}
	PQclear(result);
}

void
rc_meta_read(struct rc_session *session, struct rc_meta *meta)
{
	PGresult *result = rc_session_query(session, "rc.meta", about, NULL);
	bool there, readable, is_table;

	if (PQntuples(result) != 1)
		rc_session_misled("rc.meta");
	meta->database = copy(rc_result_text(result, 0, 0));
	meta->user = copy(rc_result_text(result, 0, 1));
	there = is_true(result, 3);
	is_table = strcmp(rc_result_text(result, 0, 4), "r") == 0;
	readable = is_true(result, 5);
	if (is_true(result, 2))
		read_system(session, meta);
	PQclear(result);
	if (there && !is_table)
		rc_die(RC_FATAL, "rc.meta is no table");
	if (there && !readable)
		rc_die(RC_FATAL, "this role may not read rc.meta, which says what environment this is: "
		    "grant usage on schema rc and select on rc.meta to \"%s\"", meta->user);
	if (there)
		read_row(session, meta);
}

void
rc_meta_lock(struct rc_session *session)
{
	PQclear(rc_session_query(session, "rc.meta", "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rc.meta'))", NULL));
}

void
rc_meta_write(struct rc_session *session, const char *environment, const struct rc_meta *meta)
{
	const char *values[] = { environment, meta->system == NULL ? "" : meta->system };
	const struct rc_parameters parameters = { .count = 2, .values = values };

	for (const char *const *sql = making; *sql != NULL; sql++)
		PQclear(rc_session_query(session, "rc.meta", *sql, NULL));
	PQclear(rc_session_query(session, "rc.meta", "insert into rc.meta (environment, system_identifier, database)"
	    " values ($1, $2, pg_catalog.current_database())", &parameters));
}

bool
rc_meta_is_production(const char *environment)
{
	static const char *const names[] = { "production", "prod" };
	const char *end;

	if (environment == NULL)
		return false;
	while (*environment != '\0' && !isalnum((unsigned char)*environment))
		environment++;
	end = environment + strlen(environment);
	while (end > environment && !isalnum((unsigned char)end[-1]))
		end--;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == (size_t)(end - environment) && strncasecmp(environment, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

void
rc_meta_warn_of_copy(const struct rc_meta *meta)
{
	if (meta->row == RC_META_ELSEWHERE && rc_meta_is_production(meta->environment))
		rc_warn("the row in rc.meta (%s) is of another server or database, %s, so this one is not taken for production; rc-environment set says what it is",
		    meta->environment, meta->row_database);
}

bool
rc_meta_says_production(struct rc_session *session)
{
	static const struct rc_transaction transaction = { .read_only = true };
	struct rc_meta meta = {0};
	bool says;

	rc_transaction_begin(session, &transaction);
	rc_meta_read(session, &meta);
	rc_transaction_rollback(session);
	rc_meta_warn_of_copy(&meta);
	says = (meta.row == RC_META_HERE && rc_meta_is_production(meta.environment)) || rc_meta_is_production(getenv("RC_ENVIRONMENT"));
	rc_meta_free(&meta);
	return says;
}

bool
rc_meta_is_name(const char *environment)
{
	size_t length = strlen(environment);

	return length > 0 && length <= NAME_LENGTH_MAX &&
	    strspn(environment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

void
rc_meta_free(struct rc_meta *meta)
{
	free(meta->database);
	free(meta->user);
	free(meta->system);
	free(meta->environment);
	free(meta->row_database);
	*meta = (struct rc_meta){0};
}

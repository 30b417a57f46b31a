#include "rc_resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_result.h"
#include "rc_transaction.h"

#define TABLE "rc_import_progress"

static void
make_digest(const char *text, size_t length, char *hex)
{
	struct rc_digest *digest = rc_digest_new();

	digest->add(digest, text, length);
	digest->finish(digest, hex);
	digest->free(digest);
}

/*
 * Ends the process where the table is someone's who may have made it for us to write into: its triggers and defaults
 * would run with our rights.  Who owns the schema or the database could do worse.
 */
static void
check_owner(const struct rc_resume *resume)
{
	PGresult *result = rc_session_query(resume->session, TABLE, "select o.rolname from pg_catalog.pg_class c"
	    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace join pg_catalog.pg_roles o on o.oid operator(pg_catalog.=) c.relowner"
	    " join pg_catalog.pg_roles me on me.rolname operator(pg_catalog.=) current_user"
	    " join pg_catalog.pg_database d on d.datname operator(pg_catalog.=) pg_catalog.current_database()"
	    " where c.oid operator(pg_catalog.=) pg_catalog.to_regclass('" TABLE "') and not (o.rolsuper or o.oid operator(pg_catalog.=) any (array[me.oid, n.nspowner, d.datdba])"
	    " or (not me.rolsuper and pg_catalog.pg_has_role(o.oid, 'usage')))", NULL);

	if (PQntuples(result) > 0)
		rc_die(RC_FATAL, "the table " TABLE " belongs to %s, whose triggers would run with your rights; make it your own (alter table " TABLE " owner to ...) or drop it",
		    rc_result_text(result, 0, 0));
	PQclear(result);
}

void
rc_resume_find(struct rc_resume *resume)
{
	struct rc_parameters parameters = { .count = 1, .values = &resume->name };
	PGresult *result;

	if (resume->name == NULL)
		return;
	rc_transaction_begin(resume->session, &(struct rc_transaction){ .read_only = true });
	result = rc_session_query(resume->session, TABLE, "select pg_catalog.to_regclass('" TABLE "') is not null", NULL);
	resume->has_table = *rc_result_text(result, 0, 0) == 't';
	if (resume->has_table) {
		check_owner(resume);
		PQclear(result);
		result = rc_session_query(resume->session, TABLE,
		    "select records, last_record from " TABLE " where name operator(pg_catalog.=) $1", &parameters);
		resume->has_row = PQntuples(result) == 1;
		if (resume->has_row) {
			resume->records = strtoull(rc_result_text(result, 0, 0), NULL, 10);
			snprintf(resume->digest, sizeof resume->digest, "%s", rc_result_text(result, 0, 1));
		}
	}
	PQclear(result);
	rc_transaction_rollback(resume->session);
}

bool
rc_resume_skip(const struct rc_resume *resume, struct rc_input *in, struct rc_record *record)
{
	if (in->records >= resume->records)
		return false;
	if (!rc_input_next(in, record))
		rc_die(RC_FATAL, "%s: only %llu records, but an earlier run of '%s' has committed %llu", in->name, in->records, resume->name, resume->records);
	return true;
}

void
rc_resume_check(const struct rc_resume *resume, const struct rc_input *in, const char *text, size_t length)
{
	char hex[RC_DIGEST_HEX + 1];

	if (resume->records == 0 || *resume->digest == '\0')
		return;
	make_digest(text, length, hex);
	if (strcmp(hex, resume->digest) != 0)
		rc_input_fail(in, "not the record that an earlier run of '%s' has ended with", resume->name);
}

void
rc_resume_keep(struct rc_resume *resume, unsigned long long records, const char *text, size_t length)
{
	char now[24], before[24];
	const char *values[] = { resume->name, now, resume->digest, before };
	struct rc_parameters parameters = { .count = resume->has_row ? 4 : 3, .values = values };
	PGresult *result;

	if (resume->name == NULL)
		return;
	snprintf(now, sizeof now, "%llu", records);
	snprintf(before, sizeof before, "%llu", resume->records);
	resume->digest[0] = '\0';
	if (text != NULL)
		make_digest(text, length, resume->digest);
	if (!resume->has_table) {	/* a role that may not make tables can use one that is there */
		/* Of two sessions that make it at once one would fail. */
		PQclear(rc_session_query(resume->session, TABLE, "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('" TABLE "'))", NULL));
		PQclear(rc_session_query(resume->session, TABLE, "create table if not exists " TABLE " (name text primary key,"
		    " records bigint not null, last_record text not null, at timestamptz not null default pg_catalog.now())", NULL));
		check_owner(resume);
	}
	result = rc_session_query(resume->session, TABLE, resume->has_row ?
	    "update " TABLE " set records = $2::pg_catalog.int8, last_record = $3, at = pg_catalog.now()"
	    " where name operator(pg_catalog.=) $1 and records operator(pg_catalog.=) $4::pg_catalog.int8" :
	    "insert into " TABLE " (name, records, last_record) values ($1, $2::pg_catalog.int8, $3) on conflict (name) do nothing", &parameters);
	if (strcmp(PQcmdTuples(result), "1") != 0)
		rc_die(RC_RETRY, "another run of '%s' is at work, or was meanwhile", resume->name);
	PQclear(result);
	resume->has_table = resume->has_row = true;
	resume->records = records;
}

void
rc_resume_forget(struct rc_resume *resume)
{
	char records[24];
	const char *values[] = { resume->name, records };
	struct rc_parameters parameters = { .count = 2, .values = values };

	if (resume->name == NULL || !resume->has_row)
		return;
	snprintf(records, sizeof records, "%llu", resume->records);
	rc_transaction_begin(resume->session, &(struct rc_transaction){ .read_only = false });
	PQclear(rc_session_query(resume->session, TABLE, "delete from " TABLE
	    " where name operator(pg_catalog.=) $1 and records operator(pg_catalog.=) $2::pg_catalog.int8", &parameters));
	if (!rc_transaction_commit(resume->session))
		rc_die(RC_RETRY, "all is committed, but whether '%s' is forgotten is not known: the same call finds nothing to do", resume->name);
	resume->has_row = false;
}

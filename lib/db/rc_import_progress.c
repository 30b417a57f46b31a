#include "rc_import_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_digest.h"
#include "rc_result.h"
#include "rc_transaction.h"

/* The SHA-256 of a record, by which a resumed import knows that it has the same input. */
static void
digest_of(const struct rc_record *record, char *hex)
{
	struct rc_digest *digest = rc_digest_new();

	digest->add(digest, record->text, record->length);
	digest->finish(digest, hex);
	digest->free(digest);
}

void
rc_import_progress_skip(const struct rc_import_progress *progress, struct rc_record *record)
{
	struct rc_parameters parameters = { .count = 1, .values = &progress->name };
	char hex[RC_DIGEST_HEX + 1];
	unsigned long long done = 0;
	PGresult *result;

	if (progress->name == NULL)
		return;
	rc_transaction_begin(progress->session, &(struct rc_transaction){ .read_only = true });
	result = rc_session_query(progress->session, "rc_import_progress", "select pg_catalog.to_regclass('rc_import_progress') is not null", NULL);
	if (*rc_result_text(result, 0, 0) == 't') {
		PQclear(result);
		result = rc_session_query(progress->session, "rc_import_progress",
		    "select records, last_record from rc_import_progress where name operator(pg_catalog.=) $1", &parameters);
		done = strtoull(rc_result_text(result, 0, 0), NULL, 10);
	}
	rc_transaction_rollback(progress->session);
	while (progress->in->records < done)
		if (!rc_input_next(progress->in, record))
			rc_die(RC_FATAL, "%s: only %llu records, but an earlier run of '%s' has committed %llu", progress->in->name, progress->in->records, progress->name, done);
	if (done > 0) {
		digest_of(record, hex);
		if (strcmp(hex, rc_result_text(result, 0, 1)) != 0)
			rc_input_fail(progress->in, "not the record that an earlier run of '%s' has ended with", progress->name);
	}
	PQclear(result);
}

void
rc_import_progress_keep(const struct rc_import_progress *progress, const struct rc_record *record, bool end)
{
	char number[24], hex[RC_DIGEST_HEX + 1] = "";
	const char *values[] = { progress->name, number, hex };
	struct rc_parameters parameters = { .count = end ? 1 : 3, .values = values };

	if (progress->name == NULL)
		return;
	snprintf(number, sizeof number, "%llu", progress->in->records);
	if (!end)
		digest_of(record, hex);
	PQclear(rc_session_query(progress->session, "rc_import_progress", "create table if not exists rc_import_progress (name text primary key,"
	    " records bigint not null, last_record text not null, at timestamptz not null default pg_catalog.now())", NULL));
	PQclear(rc_session_query(progress->session, "rc_import_progress", end ?
	    "delete from rc_import_progress where name operator(pg_catalog.=) $1" :
	    "insert into rc_import_progress (name, records, last_record) values ($1, $2::pg_catalog.int8, $3)"
	    " on conflict (name) do update set records = excluded.records, last_record = excluded.last_record, at = pg_catalog.now()",
	    &parameters));
}

#include "rc_identity.h"

#include <stdlib.h>
#include <string.h>

#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_result.h"

/* NULL where the value is null. */
static char *
copy(const PGresult *result, int column)
{
	const char *text = rc_result_text(result, 0, column);

	return PQgetisnull(result, 0, column) ? NULL : rc_strndup(text, strlen(text));
}

void
rc_identity_read(struct rc_session *session, struct rc_identity *identity)
{
	static const char what[] = "which database this is";
	static const char known[] = "select d.datname, d.oid, pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')"
	    " and pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute')"
	    " from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()";
	static const char control[] = "select s.system_identifier, c.timeline_id from pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c";
	PGresult *result = rc_session_query(session, what, known, NULL);

	if (PQntuples(result) != 1 || PQnfields(result) != 3)
		rc_session_misled(what);
	identity->database = copy(result, 0);
	identity->oid = copy(result, 1);
	if (strcmp(rc_result_text(result, 0, 2), "t") == 0) {
		PQclear(result);
		result = rc_session_query(session, what, control, NULL);
		if (PQntuples(result) != 1 || PQnfields(result) != 2)
			rc_session_misled(what);
		identity->system = copy(result, 0);
		identity->timeline = copy(result, 1);
	}
	PQclear(result);
}

void
rc_identity_add(const struct rc_identity *identity, struct rc_buf *out)
{
	rc_json_add_text(out, "database", identity->database);
	rc_json_add_text(out, "database_oid", identity->oid);
	rc_json_add_text(out, "system_identifier", identity->system);
	rc_json_add_text(out, "timeline", identity->timeline);
}

static bool
differs(struct rc_record *record, const char *name, const char *text)
{
	const char *there = rc_record_string(record, name, NULL);

	return text != NULL && there != NULL && strcmp(there, text) != 0;
}

const char *
rc_identity_differs(const struct rc_identity *identity, struct rc_record *record)
{
	if (differs(record, "database", identity->database))
		return "the database has another name";
	if (differs(record, "system_identifier", identity->system))
		return "it is a database of another server";
	if (differs(record, "database_oid", identity->oid))
		return "it is another database of the same name, such as a restored copy";
	if (differs(record, "timeline", identity->timeline))
		return "the server has begun another timeline since, as a restored copy or a promoted standby does";
	return NULL;
}

void
rc_identity_free(struct rc_identity *identity)
{
	free(identity->database);
	free(identity->oid);
	free(identity->system);
	free(identity->timeline);
	*identity = (struct rc_identity){0};
}

#include "rc_owner.h"

#include "rc_err.h"
#include "rc_json_write.h"

void
rc_owner_read(struct rc_owner *owner)
{
	rc_statement_read(&owner->query, RC_QUERY, owner->file, 2);
}

/* The text of a column that must be there and not be null; FIELD may be NULL. */
static const char *
need_text(struct rc_owner *owner, const char *name, const struct rc_json_field **field)
{
	const struct rc_json_field *found = rc_record_find(&owner->row, name);
	const char *text = rc_record_string(&owner->row, name, NULL);

	if (found == NULL || rc_json_type(found->value) == RC_JSON_NULL)
		rc_die(RC_FATAL, "%s: must give the columns id and name, neither of them null", owner->file);
	if (field != NULL)
		*field = found;
	return text != NULL ? text : rc_arena_copy(&owner->row.arena, found->value, found->value_length);
}

PGresult *
rc_owner_find(struct rc_owner *owner, struct rc_session *session)
{
	struct rc_buf parameter = {0};
	PGresult *result;

	rc_json_open(&parameter);
	rc_json_add_text(&parameter, "user", owner->user);
	rc_json_close(&parameter);
	result = rc_statement_run(&owner->query, session, rc_buf_text(&parameter));
	rc_buf_free(&parameter);
	if (rc_result_is_locked(result))
		return result;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		rc_session_die(session, result, owner->file);
	if (PQntuples(result) > 1)
		rc_die(RC_FATAL, "%s: more than one owner for '%s'", owner->file, owner->user);
	owner->id = NULL;
	if (PQntuples(result) == 1) {
		rc_statement_read_row(&owner->query, result, 0, &owner->row);
		owner->id = need_text(owner, "id", &owner->id_field);
		owner->name = need_text(owner, "name", NULL);
	}
	PQclear(result);
	return NULL;
}

void
rc_owner_report_absent(const struct rc_owner *owner, struct rc_output *out)
{
	struct rc_buf message = {0}, error = {0};
	struct rc_record answer = {0};

	rc_buf_printf(&message, "there is no user '%s'", owner->user);
	rc_json_open_error(&error, "no_owner", rc_buf_text(&message));
	rc_json_close(&error);
	rc_record_clear(&answer);
	rc_record_set_text(&answer, "user", owner->user);
	rc_record_set_text(&answer, "status", "error");
	rc_record_set_json(&answer, "error", error.bytes, error.length);
	rc_output_put(out, &answer);
	rc_record_free(&answer);
	rc_buf_free(&message);
	rc_buf_free(&error);
}

void
rc_owner_free(struct rc_owner *owner)
{
	rc_statement_free(&owner->query);
	rc_record_free(&owner->row);
}

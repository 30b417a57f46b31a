#include "rc_owner_target.h"

#include <stdlib.h>
#include <string.h>

#include "rc_clash.h"
#include "rc_json_write.h"
#include "rc_mem.h"

/* ---- results ---- */

void
rc_owner_target_set(struct rc_owner_target *target, const struct rc_owner *owner, const char *status)
{
	struct rc_record *record = &target->record;

	target->status = status;
	rc_record_set_text(record, "owner", owner->name);
	rc_record_set_json(record, "owner_id", owner->id_field->value, owner->id_field->value_length);
	rc_record_set_integer(record, "count", (long long)target->count);
	rc_record_set_text(record, "status", status);
}

void
rc_owner_target_fail(struct rc_owner_target *target, const struct rc_owner *owner, const char *code, const char *message,
    const char *constraint, const char *rows)
{
	struct rc_buf error = {0};

	rc_owner_target_set(target, owner, "error");
	rc_json_open_error(&error, code, message);
	if (constraint != NULL)
		rc_json_add_text(&error, "constraint", constraint);
	if (rows != NULL)
		rc_json_add_value(&error, "rows", rows);
	rc_json_close(&error);
	rc_record_set_json(&target->record, "error", error.bytes, error.length);
	rc_buf_free(&error);
}

bool
rc_owner_target_failed(const struct rc_owner_target *target)
{
	return target->status != NULL && strcmp(target->status, "error") == 0;
}

/* ---- looking ---- */

/* Makes the condition of the rows that would change; false where the target is not in all scopes. */
static bool
make_condition(struct rc_owner_target *target, struct rc_session *session, const struct rc_scope *scope, const struct rc_parameters *values)
{
	struct rc_buf sql = {0};

	rc_session_add_identifier(session, &sql, target->column);
	rc_buf_add_text(&sql, " is null");
	if (!rc_scope_add_sql(scope, session, target->table, 2, &sql)) {
		rc_buf_free(&sql);
		return false;
	}
	target->rows = rc_buf_text(&sql);
	target->change = (struct rc_change){ .table = target->table, .column = target->column, .type = target->type,
	    .rows = target->rows, .values = *values };
	return true;
}

/* Says which part of a target is not there. */
static void
fail_as_missing(struct rc_owner_target *target, struct rc_session *session, const struct rc_owner *owner)
{
	bool table = rc_change_has_table(session, target->table);
	struct rc_buf message = {0};

	if (table)
		rc_buf_printf(&message, "the table '%s' has no column '%s': has every migration run?",
		    target->table, target->column);
	else
		rc_buf_printf(&message, "there is no table '%s': is this the right database, and has every migration run?",
		    target->table);
	rc_owner_target_fail(target, owner, table ? "no_column" : "no_table", rc_buf_text(&message), NULL, NULL);
	rc_buf_free(&message);
}

/* What an earlier look has found. */
static void
forget(struct rc_owner_target *target)
{
	free(target->type);
	free(target->rows);
	target->type = target->rows = NULL;
	target->status = NULL;
	target->count = 0;
}

PGresult *
rc_owner_target_look(struct rc_owner_target *target, struct rc_session *session, const struct rc_owner *owner,
    const struct rc_scope *scope, const struct rc_parameters *values)
{
	PGresult *failed = NULL;

	forget(target);
	if ((target->type = rc_change_find_type(session, target->table, target->column)) == NULL)
		fail_as_missing(target, session, owner);
	else if (!make_condition(target, session, scope, values))
		rc_owner_target_set(target, owner, "out_of_scope");
	else if ((failed = rc_change_count(session, &target->change, "1", &target->count)) == NULL && target->count == 0)
		rc_owner_target_set(target, owner, "unchanged");
	return failed;
}

void
rc_owner_target_look_for_clash(struct rc_owner_target *target, struct rc_session *session, const struct rc_owner *owner)
{
	struct rc_clash clash = {0};
	struct rc_buf message = {0};

	if (rc_clash_find(session, &target->change, &clash)) {
		rc_buf_printf(&message, "%s: two rows would have the same (%s) = %s, which %s forbids: %s", target->table,
		    clash.keys.bytes, clash.key.bytes, clash.index.bytes, clash.rows.bytes);
		target->count = 0;
		rc_owner_target_fail(target, owner, "unique_clash", rc_buf_text(&message), clash.index.bytes, clash.rows.bytes);
	}
	rc_clash_free(&clash);
	rc_buf_free(&message);
}

void
rc_owner_target_fail_by_clash(struct rc_owner_target *target, const struct rc_owner *owner, const PGresult *failed)
{
	const char *detail = PQresultErrorField(failed, PG_DIAG_MESSAGE_DETAIL);
	struct rc_buf message = {0};

	rc_buf_printf(&message, "%s: %s%s%s", target->table, rc_result_words(failed), detail == NULL ? "" : ": ",
	    detail == NULL ? "" : detail);
	rc_owner_target_fail(target, owner, "unique_clash", rc_buf_text(&message),
	    PQresultErrorField(failed, PG_DIAG_CONSTRAINT_NAME), NULL);
	rc_buf_free(&message);
}

/* ---- all together ---- */

void
rc_owner_targets_read(struct rc_owner_targets *targets, struct rc_input *in)
{
	struct rc_record record = {0};
	size_t room = 0;

	while (rc_input_next(in, &record)) {
		struct rc_owner_target *target;

		if (targets->count == room) {
			room = room == 0 ? 16 : rc_size_mul(room, 2);
			targets->list = rc_realloc(targets->list, rc_size_mul(room, sizeof *targets->list));
		}
		target = &targets->list[targets->count++];
		*target = (struct rc_owner_target){0};
		rc_record_copy(&target->record, &record);	/* all targets are needed together */
		target->table = rc_input_need_string(in, &target->record, "table");
		target->column = rc_input_need_string(in, &target->record, "column");
		rc_input_need_string(in, &target->record, "label");
	}
	rc_record_free(&record);
}

void
rc_owner_targets_take_back(struct rc_owner_targets *targets, const struct rc_owner *owner)
{
	for (size_t i = 0; i < targets->count; i++)
		if (targets->list[i].status == NULL || strcmp(targets->list[i].status, "assigned") == 0)
			rc_owner_target_set(&targets->list[i], owner, "would_assign");
}

void
rc_owner_targets_put(const struct rc_owner_targets *targets, struct rc_output *out)
{
	for (size_t i = 0; i < targets->count; i++)
		rc_output_put(out, &targets->list[i].record);
}

void
rc_owner_targets_free(struct rc_owner_targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		forget(&targets->list[i]);
		rc_record_free(&targets->list[i].record);
	}
	free(targets->list);
}

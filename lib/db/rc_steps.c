#include "rc_steps.h"

#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_result.h"
#include "rc_str.h"

void
rc_steps_prepare(struct rc_steps *steps, struct rc_statement *step, const char *file, bool alone)
{
	PGresult *failed;

	rc_statement_read(step, RC_ANY, file, 0);
	step->alone = alone;
	if ((failed = rc_statement_prepare(step, steps->session)) != NULL)
		rc_session_die(steps->session, failed, file);
}

/* Runs a step; ends the process with the record's place where the server refuses it. */
static PGresult *
run(struct rc_steps *steps, const struct rc_statement *step, const char *json)
{
	PGresult *result = rc_statement_run(step, steps->session, json);

	if (!rc_result_is_good(result)) {
		struct rc_buf what = {0};

		if (steps->blame != NULL && steps->blame->line > 0)
			rc_buf_printf(&what, "%s:%lu: ", steps->blame->name, steps->blame->line);
		rc_buf_add_text(&what, step->file);
		rc_session_die(steps->session, result, rc_buf_text(&what));
	}
	steps->rows += strtoull(PQcmdTuples(result), NULL, 10);
	return result;
}

/* Whether a step's row refuses its record; a table may have a column `status` of its own. */
static bool
is_refusal(struct rc_record *row)
{
	const char *status = rc_record_string(row, "status", NULL);
	const struct rc_json_field *error = rc_record_find(row, "error");

	return status != NULL && strcmp(status, "error") == 0 && error != NULL && rc_json_type(error->value) == RC_JSON_OBJECT;
}

/* Keeps the row that refuses the current record, and adds the record's line. */
static void
refuse(struct rc_steps *steps)
{
	struct rc_buf text = {0};

	if (!steps->has_array && steps->blame != NULL && rc_record_find(&steps->row, "line") == NULL) {
		rc_record_set_integer(&steps->row, "line", (long long)steps->blame->line);
		steps->row.changed = true;
	}
	rc_record_write(&steps->row, &text);
	rc_spool_add(&steps->refusals, text.bytes, text.length);
	rc_buf_free(&text);
}

/* Refuses the current record, for which the last file has no row. */
static void
refuse_without_row(struct rc_steps *steps, const struct rc_statement *step)
{
	struct rc_buf text = {0};

	rc_json_open_refusal(&text, "no_row", "There is no row for this record.");
	rc_json_add_integer(&text, "line", (long long)steps->blame->line);
	rc_json_close(&text);
	rc_warn("%s:%lu: %s: no row for this record", steps->blame->name, steps->blame->line, step->file);
	rc_spool_add(&steps->refusals, text.bytes, text.length);
	rc_buf_free(&text);
}

/* Only one row can be merged. */
static void
check_one_row(const struct rc_steps *steps, const struct rc_statement *step, int rows)
{
	if (rows <= 1)
		return;
	if (steps->blame == NULL)
		rc_die(RC_FATAL, "%s: %d rows, but only a last file may return more than one", step->file, rows);
	rc_input_fail(steps->blame, "%s: %d rows for one record, but only a last file may return more than one", step->file, rows);
}

bool
rc_steps_merge(struct rc_steps *steps, const struct rc_statement *step, const char *json, struct rc_record *record)
{
	PGresult *result = run(steps, step, json);
	struct rc_record *row = &steps->row;
	bool has_row = step->rows && PQntuples(result) > 0, refused;

	check_one_row(steps, step, PQntuples(result));
	if (has_row)
		rc_statement_read_row(step, result, 0, row);
	refused = has_row && is_refusal(row);
	if (refused)
		refuse(steps);
	for (size_t i = 0; has_row && !refused && i < row->object.count; i++) {
		const struct rc_json_field *field = &row->object.fields[i];
		const char *name = rc_arena_copy(&row->arena, field->name, field->name_length);

		rc_record_set_json(record, name, field->value, field->value_length);
	}
	PQclear(result);
	return !refused;
}

bool
rc_steps_keep(struct rc_steps *steps, const struct rc_statement *step, const char *json)
{
	PGresult *result = run(steps, step, json);
	bool any = false;

	if (steps->require_rows && steps->blame != NULL && PQntuples(result) == 0)
		refuse_without_row(steps, step);
	for (int i = 0; step->rows && i < PQntuples(result); i++) {
		rc_statement_read_row(step, result, i, &steps->row);
		if (is_refusal(&steps->row)) {
			refuse(steps);
			continue;
		}
		rc_spool_add(&steps->results, steps->row.text, steps->row.length);
		any = true;
	}
	PQclear(result);
	return any;
}

bool
rc_steps_run(struct rc_steps *steps, const struct rc_statement *files, int count, struct rc_record *record, const struct rc_sent *sent)
{
	struct rc_buf text = {0};
	bool kept = false;

	for (int i = 0; i < count; i++) {
		text.length = 0;
		rc_sent_write(sent, record, &text);
		if (i == count - 1)
			kept = rc_steps_keep(steps, &files[i], rc_buf_text(&text));
		else if (!rc_steps_merge(steps, &files[i], rc_buf_text(&text), record))
			break;
	}
	rc_buf_wipe(&text);
	return kept;
}

void
rc_steps_free(struct rc_steps *steps)
{
	rc_record_free(&steps->row);
	rc_spool_free(&steps->results);
	rc_spool_free(&steps->refusals);
}

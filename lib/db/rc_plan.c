#include "rc_plan.h"

#include <string.h>

#include "rc_err.h"
#include "rc_json.h"
#include "rc_json_write.h"
#include "rc_plan_differ.h"

void
rc_plan_open(struct rc_plan *plan, struct rc_capture *capture)
{
	struct rc_plan_row row;

	if (plan->write == NULL && plan->apply == NULL)
		return;
	plan->change = rc_digest_new();
	if (plan->write != NULL) {
		rc_output_create(&plan->out, plan->write, 0600);
		plan->out.digest = rc_digest_new();
		return;
	}
	rc_plan_file_open(&plan->file, plan->apply);
	for (size_t i = 0; i < plan->file.head.table_count; i++)
		rc_capture_add(capture, plan->file.head.tables[i]);
	rc_plan_mark_open(&plan->mark, plan->apply);
	while (rc_plan_file_next(&plan->file, &row))
		;	/* for their sums */
}

static void
add(struct rc_plan *plan, const char *bytes, size_t length)
{
	plan->change->add(plan->change, bytes, length);
	plan->change->add(plan->change, "", 1);	/* so that two texts are not one in another place */
}

void
rc_plan_add_text(struct rc_plan *plan, const char *text)
{
	if (plan->change != NULL)
		add(plan, text, strlen(text));
}

void
rc_plan_add_record(struct rc_plan *plan, const struct rc_record *record)
{
	struct rc_buf text = {0};

	if (plan->change == NULL)
		return;
	rc_record_write(record, &text);
	add(plan, text.bytes, text.length);
	rc_buf_wipe(&text);
}

void
rc_plan_check(struct rc_plan *plan, const struct rc_identity *identity)
{
	const char *differs;

	if (plan->apply != NULL && (differs = rc_identity_differs(identity, &plan->file.head.record)) != NULL)
		rc_die(RC_FATAL, "%s: not of this database: %s", plan->apply, differs);
}

/* ---- the end ---- */

static void
write_plan(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity)
{
	char change[RC_DIGEST_HEX + 1];
	struct rc_buf line = {0};

	plan->change->finish(plan->change, change);
	rc_log_head_begin(&line, "plan", capture, identity);
	rc_json_add_text(&line, "change", plan->rows_alone ? NULL : change);
	rc_json_close(&line);
	rc_output_line(&plan->out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_capture_write(capture, RC_CAPTURE_DIGESTS, &plan->out);
	rc_output_end_record(&plan->out);
	rc_output_keep(&plan->out);
}

/* Ends the process where the statements and records are others than those of the plan, unless it is of the rows alone. */
static void
compare_change(struct rc_plan *plan)
{
	const char *planned = rc_record_string(&plan->file.head.record, "change", NULL), *value;
	char change[RC_DIGEST_HEX + 1];
	size_t length;

	plan->change->finish(plan->change, change);
	value = rc_record_value(&plan->file.head.record, "change", &length);
	if (value != NULL && rc_json_type(value) == RC_JSON_NULL)
		return;
	if (planned == NULL || strcmp(planned, change) != 0)
		rc_die(RC_FATAL, "%s: a plan of another change: the statements or the records are not those that it was made with, so nothing was changed", plan->apply);
}

/* Whether the rows that were there are those that are planned, as they were then, and each table has as many new ones. */
static bool
has_same_rows(const struct rc_plan *plan, struct rc_capture *capture)
{
	const struct rc_log_head *head = &plan->file.head;
	struct rc_line_sum done;
	struct rc_output lines;

	rc_line_sum_begin(&done);
	rc_output_watch(&lines, &done.watch);
	rc_capture_write(capture, RC_CAPTURE_WHAT_WAS, &lines);
	rc_output_end_watch(&lines);
	if (!rc_line_sum_is_same(&plan->file.rows, &done))
		return false;
	for (size_t i = 0; i < capture->count; i++) {
		unsigned long long planned = 0;

		for (size_t k = 0; k < head->table_count; k++)
			if (strcmp(head->tables[k], rc_capture_table_name(capture, i)) == 0)
				planned += plan->file.new_rows[k];
		if (rc_capture_count_new(capture, i) != planned)
			return false;
	}
	return true;
}

/* Reads the plan's file once more, which must be the same still. */
static void
find_differences(struct rc_plan *plan, const struct rc_capture *capture, struct rc_spool *refusals)
{
	struct rc_plan_file file = {0};

	rc_plan_file_open(&file, plan->apply);
	rc_plan_differ(&file, capture, refusals);
	if (!rc_plan_file_is_same(&plan->file, &file))
		rc_die(RC_FATAL, "%s: it was changed while it was applied, so nothing was changed", plan->apply);
	rc_plan_file_free(&file);
}

void
rc_plan_end(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals)
{
	if (plan->write != NULL) {
		write_plan(plan, capture, identity);
	} else if (plan->apply != NULL) {
		compare_change(plan);
		if (!has_same_rows(plan, capture))
			find_differences(plan, capture, refusals);
		if (refusals->records == 0)
			rc_plan_mark_write(&plan->mark);
	}
}

void
rc_plan_free(struct rc_plan *plan)
{
	if (plan->change != NULL)
		plan->change->free(plan->change);
	rc_plan_file_free(&plan->file);
	rc_plan_mark_free(&plan->mark);
}

#include "rc_around.h"

#include <stdint.h>

#include "rc_opt.h"
#include "rc_stream.h"

void
rc_around_add(struct rc_once *once, const char *file)
{
	if (once->count == RC_AROUND_MAX)
		rc_usage("more than %d files before or after", RC_AROUND_MAX);
	once->files[once->count++] = file;
}

void
rc_around_read(struct rc_around *around)
{
	char *const files[] = { (char *)(uintptr_t)around->with };
	struct rc_input in;
	struct rc_record record = {0};

	rc_record_clear(&around->record);
	if (around->with == NULL)
		return;
	rc_input_open(&in, 1, files);
	if (!rc_input_next(&in, &record))
		rc_die(RC_FATAL, "%s: expected a record", around->with);
	rc_record_free(&around->record);
	around->record = (struct rc_record){0};
	rc_record_copy(&around->record, &record);
	if (rc_input_next(&in, &record))
		rc_input_fail(&in, "expected one record, not more");
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
}

/* Runs a file, of which the LAST one's rows are results; false where it refuses all. */
static bool
run(struct rc_around *around, struct rc_steps *steps, const struct rc_statement *step, bool last)
{
	struct rc_buf text = {0};

	rc_record_write(&around->record, &text);
	steps->blame = NULL;
	if (last)
		rc_steps_keep(steps, step, rc_buf_text(&text));
	else
		rc_steps_merge(steps, step, rc_buf_text(&text), &around->record);
	rc_buf_free(&text);
	return steps->refusals.records == 0;
}

bool
rc_around_run_before(struct rc_around *around, struct rc_steps *steps, bool alone)
{
	struct rc_once *once = &around->before;

	for (int i = 0; i < once->count; i++) {
		rc_steps_prepare(steps, &once->steps[i], once->files[i], alone);
		if (!run(around, steps, &once->steps[i], false))
			return false;
	}
	return true;
}

void
rc_around_prepare_after(struct rc_around *around, struct rc_steps *steps, bool alone)
{
	struct rc_once *once = &around->after;

	for (int i = 0; i < once->count; i++)
		rc_steps_prepare(steps, &once->steps[i], once->files[i], alone);
}

void
rc_around_run_after(struct rc_around *around, struct rc_steps *steps, unsigned long long records)
{
	struct rc_once *once = &around->after;

	if (once->count == 0 || steps->refusals.records > 0)
		return;
	rc_record_set_integer(&around->record, "records", (long long)records);
	for (int i = 0; i < once->count; i++)
		if (!run(around, steps, &once->steps[i], i == once->count - 1))
			return;
}

void
rc_around_free(struct rc_around *around)
{
	for (int i = 0; i < around->before.count; i++)
		rc_statement_free(&around->before.steps[i]);
	for (int i = 0; i < around->after.count; i++)
		rc_statement_free(&around->after.steps[i]);
	rc_record_free(&around->record);
}

#include "rc_import_rejects.h"

#include <stdlib.h>
#include <string.h>

#include "rc_append.h"
#include "rc_mem.h"

enum { SHOWN = 200 };	/* bytes of a name in a message */

void
rc_import_rejects_note(struct rc_import_rejects *rejects, unsigned long long row)
{
	const struct rc_import_place *last = rejects->place_count == 0 ? NULL : &rejects->places[rejects->place_count - 1];
	long long shift = (long long)rejects->in->line - (long long)row;

	if (last != NULL && last->file == rejects->in->name && last->shift == shift)
		return;
	if (rejects->place_count == rejects->place_room) {
		rejects->place_room = rejects->place_room == 0 ? 16 : rc_size_mul(rejects->place_room, 2);
		rejects->places = rc_realloc(rejects->places, rc_size_mul(rejects->place_room, sizeof *rejects->places));
	}
	rejects->places[rejects->place_count++] = (struct rc_import_place){ row, rejects->in->name, shift };
}

static const struct rc_import_place *
place_of(const struct rc_import_rejects *rejects, unsigned long long row)
{
	size_t low = 0, high = rejects->place_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (rejects->places[middle].from <= row)
			low = middle;
		else
			high = middle;
	}
	return &rejects->places[low];
}

static unsigned long long
line_of(const struct rc_import_rejects *rejects, unsigned long long row)
{
	return (unsigned long long)((long long)row + place_of(rejects, row)->shift);
}

static void
write_reject(struct rc_import_rejects *rejects, const struct rc_import_fault *fault, const char *record, size_t length)
{
	struct rc_buf line = {0};
	char *copy = rc_strndup(record, length);

	rc_json_open(&line);
	rc_json_add_integer(&line, "line", (long long)fault->line);
	rc_json_add_text(&line, "column", fault->column);
	rc_json_add_text(&line, "code", fault->code);
	rc_json_add_text(&line, "message", fault->message);
	rc_json_add_value(&line, "record", copy);
	rc_json_close(&line);
	if (rejects->batches)
		rc_spool_add(&rejects->waiting, line.bytes, line.length);
	else
		rc_output_line(&rejects->output, line.bytes, line.length);
	free(copy);
	rc_buf_free(&line);
}

void
rc_import_rejects_open(struct rc_import_rejects *rejects, bool goes_on)
{
	if (rejects->path == NULL)
		return;
	if (!rejects->batches) {
		rc_output_open(&rejects->output, rejects->path);
	} else if (!goes_on) {
		rejects->emptied = rc_file_replace(rejects->path);
	} else {
		rc_append_open(rejects->path);
		rc_append_keep();
	}
}

void
rc_import_rejects_put(struct rc_import_rejects *rejects)
{
	int fd;

	if (rejects->path == NULL)
		return;
	if (!rejects->batches) {
		rc_output_flush(&rejects->output);
		rc_file_commit(rejects->output.file);
		rejects->path = NULL;
		return;
	}
	if (rejects->emptied != NULL)
		rc_file_commit(rejects->emptied);
	rejects->emptied = NULL;
	if (rejects->waiting.records == 0)
		return;
	fd = rc_append_open(rejects->path);
	rc_append_begin();
	rejects->added = true;
	rc_spool_copy(&rejects->waiting, fd, rejects->path);
	rc_append_sync();
}

void
rc_import_rejects_keep(struct rc_import_rejects *rejects)
{
	if (!rejects->added)
		return;
	rc_append_keep();
	rc_spool_free(&rejects->waiting);
	rejects->added = false;
}

void
rc_import_reject(struct rc_import_rejects *rejects, const struct rc_import_fault *fault, const char *record, size_t length)
{
	struct rc_buf words = {0};

	rc_buf_printf(&words, "%s:%llu: ", fault->file, fault->line);
	if (fault->column != NULL)
		rc_buf_printf(&words, "'%.*s': ", SHOWN, fault->column);
	rc_buf_printf(&words, "%s (%s)", fault->message, fault->code);
	rejects->count++;
	if (rejects->path != NULL)
		write_reject(rejects, fault, record, length);
	if (rejects->max >= 0 && rejects->count > (unsigned long long)rejects->max) {
		if (!rejects->batches)
			rc_import_rejects_put(rejects);
		rc_die(RC_FATAL, rejects->max == 0 ? "%s" : "%s; that is one refused record too many", rc_buf_text(&words));
	}
	rc_warn("%s", rc_buf_text(&words));
	rc_buf_free(&words);
}

void
rc_import_reject_record(struct rc_import_rejects *rejects, const struct rc_record *record, const char *column, const struct rc_row_error *error)
{
	struct rc_import_fault fault = { rejects->in->name, rejects->in->line, column, error->sqlstate, error->message };

	rc_import_reject(rejects, &fault, record->text, record->length);
}

bool
rc_import_rejects_place(const struct rc_import_rejects *rejects, unsigned long long row, const char **file, unsigned long long *line)
{
	if (row == 0 || rejects->place_count == 0)
		return false;
	*file = place_of(rejects, row)->file;
	*line = line_of(rejects, row);
	return true;
}

void
rc_import_rejects_free(struct rc_import_rejects *rejects)
{
	free(rejects->places);
	rejects->places = NULL;
	rc_spool_free(&rejects->waiting);
}

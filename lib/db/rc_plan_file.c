#include "rc_plan_file.h"

#include <stdlib.h>
#include <string.h>

#include "rc_json.h"
#include "rc_mem.h"

void
rc_plan_file_open(struct rc_plan_file *file, const char *path)
{
	file->files[0] = rc_strndup(path, strlen(path));
	rc_input_open(&file->in, 1, file->files);
	file->in.digest = rc_digest_new();
	rc_log_head_read(&file->head, &file->in, "plan");
	rc_line_sum_begin(&file->rows);
}

/* The text of a digest, or an empty one where the value is null. */
static void
read_digest(struct rc_plan_file *file, const char *name, char *digest)
{
	size_t length;
	const char *value = rc_record_value(&file->record, name, &length), *text;

	*digest = '\0';
	if (value != NULL && rc_json_type(value) == RC_JSON_NULL)
		return;
	text = rc_input_need_string(&file->in, &file->record, name);
	if (!rc_digest_is_hex(text))
		rc_input_fail(&file->in, "expected a SHA-256 in the field '%s'", name);
	memcpy(digest, text, RC_DIGEST_HEX + 1);
}

static size_t
find_table(const struct rc_plan_file *file, const char *name)
{
	for (size_t i = 0; i < file->head.table_count; i++)
		if (strcmp(file->head.tables[i], name) == 0)
			return i;
	rc_input_fail(&file->in, "the table %s is not one of the plan's", name);
}

static void
add_up(struct rc_plan_file *file, const struct rc_plan_row *row)
{
	if (*row->digest == '\0') {
		file->new_rows[row->place]++;
		return;
	}
	rc_line_sum_add(&file->rows, "{\"table\":", 9);
	rc_line_sum_add(&file->rows, row->table, row->table_length);
	rc_line_sum_add(&file->rows, ",\"key\":", 7);
	rc_line_sum_add(&file->rows, row->key, row->key_length);
	rc_line_sum_add(&file->rows, ",\"before\":", 10);
	rc_line_sum_add(&file->rows, row->before, row->before_length);
	rc_line_sum_add(&file->rows, ",\"gone\":", 8);
	rc_line_sum_add(&file->rows, row->gone ? "true}\n" : "false}\n", row->gone ? 6 : 7);
}

bool
rc_plan_file_next(struct rc_plan_file *file, struct rc_plan_row *row)
{
	struct rc_record *record = &file->record;
	char after[RC_DIGEST_HEX + 1];

	if (!rc_input_next(&file->in, record)) {
		rc_input_require_end(&file->in);
		return false;
	}
	row->place = find_table(file, rc_input_need_string(&file->in, record, "table"));
	read_digest(file, "before", row->digest);
	read_digest(file, "after", after);
	row->gone = *after == '\0';
	row->table = rc_record_value(record, "table", &row->table_length);
	row->key = rc_record_value(record, "key", &row->key_length);
	row->before = rc_record_value(record, "before", &row->before_length);
	if (row->key == NULL || rc_json_type(row->key) != RC_JSON_OBJECT)
		rc_input_fail(&file->in, "expected an object in the field 'key'");
	add_up(file, row);
	return true;
}

bool
rc_plan_file_is_same(const struct rc_plan_file *a, const struct rc_plan_file *b)
{
	return rc_line_sum_is_same(&a->rows, &b->rows) && memcmp(a->new_rows, b->new_rows, sizeof a->new_rows) == 0;
}

void
rc_plan_file_free(struct rc_plan_file *file)
{
	rc_log_head_free(&file->head);
	rc_record_free(&file->record);
	rc_buf_free(&file->in.buffer);
	if (file->in.digest != NULL)
		file->in.digest->free(file->in.digest);
	free(file->files[0]);
	*file = (struct rc_plan_file){0};
}

#include "rc_log_head.h"

#include <string.h>

#include "rc_clock.h"
#include "rc_event.h"
#include "rc_json.h"

void
rc_log_head_begin(struct rc_buf *line, const char *kind, const struct rc_capture *capture, const struct rc_identity *identity)
{
	struct rc_buf tables = {0};
	char now[RC_CLOCK_SIZE];

	rc_clock_text(now);
	for (size_t i = 0; i < capture->count; i++) {
		const char *name = rc_capture_table_name(capture, i);

		rc_buf_add_text(&tables, i == 0 ? "[" : ",");
		rc_json_write_string(&tables, name, strlen(name));
	}
	rc_buf_add_text(&tables, capture->count == 0 ? "[]" : "]");
	rc_json_open(line);
	rc_json_add_integer(line, "v", 1);
	rc_json_add_text(line, "kind", kind);
	rc_json_add_text(line, "run_id", rc_run_id());
	rc_json_add_text(line, "tool", rc_err_tool());
	rc_json_add_text(line, "time", now);
	rc_identity_add(identity, line);
	rc_json_add_value(line, "tables", rc_buf_text(&tables));
	rc_buf_free(&tables);
}

/* The texts of an array of strings. */
static void
read_tables(struct rc_log_head *head, const struct rc_input *in)
{
	size_t length;
	const char *at = rc_record_value(&head->record, "tables", &length), *end = at == NULL ? NULL : at + length, *item;

	if (at == NULL || *at++ != '[')
		rc_input_fail(in, "expected a list of tables in the field 'tables'");
	while ((item = rc_json_next_item(&at, end, &length)) != NULL) {
		const char *name;
		size_t name_length;

		if (head->table_count == RC_CAPTURE_TABLES_MAX || *item != '"')
			rc_input_fail(in, "expected names of at most %d tables in the field 'tables'", RC_CAPTURE_TABLES_MAX);
		if ((name = rc_json_decode(&head->arena, item, length, &name_length)) == NULL || strlen(name) != name_length)
			rc_input_fail(in, "a table's name that can't be one");
		head->tables[head->table_count++] = name;
	}
}

void
rc_log_head_read(struct rc_log_head *head, struct rc_input *in, const char *kind)
{
	struct rc_record record = {0};
	const char *v, *found;
	size_t length;

	if (!rc_input_next(in, &record))
		rc_die(RC_FATAL, "%s: empty, so it is no %s", in->name, kind);
	v = rc_record_value(&record, "v", &length);
	found = rc_record_string(&record, "kind", NULL);
	if (v == NULL || length != 1 || *v != '1' || found == NULL || strcmp(found, kind) != 0)
		rc_input_fail(in, "no %s that this version reads: expected \"v\":1,\"kind\":\"%s\"", kind, kind);
	rc_record_copy(&head->record, &record);
	rc_record_free(&record);
	read_tables(head, in);
}

void
rc_log_head_free(struct rc_log_head *head)
{
	rc_record_free(&head->record);
	rc_arena_free(&head->arena);
	*head = (struct rc_log_head){0};
}

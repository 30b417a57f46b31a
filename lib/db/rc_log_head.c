#include "rc_log_head.h"

#include <limits.h>
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
	const char *at = rc_record_value(&head->record, "tables", &length), *end = at == NULL ? NULL : at + length;

	if (at == NULL || *at++ != '[')
		rc_input_fail(in, "expected a list of tables in the field 'tables'");
	for (;;) {
		const char *value;
		size_t text_length;

		at += strspn(at, " ,");
		if (*at == ']')
			return;
		value = at;
		if (head->table_count == RC_CAPTURE_TABLES_MAX || *at != '"' || (at = rc_json_value_end(value, end, true)) == NULL)
			rc_input_fail(in, "expected names of at most %d tables in the field 'tables'", RC_CAPTURE_TABLES_MAX);
		if ((value = rc_json_decode(&head->arena, value, (size_t)(at - value), &text_length)) == NULL || strlen(value) != text_length)
			rc_input_fail(in, "a table's name that can't be one");
		head->tables[head->table_count++] = value;
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

long
rc_log_number(const struct rc_input *in, struct rc_record *record, const char *name)
{
	char number[24];
	size_t length;
	const char *text = rc_record_value(record, name, &length);
	long value;

	if (text == NULL || length >= sizeof number)
		rc_input_fail(in, "expected a number in the field '%s'", name);
	memcpy(number, text, length);
	number[length] = '\0';
	if (!rc_parse_long(number, 0, LONG_MAX, &value))
		rc_input_fail(in, "expected a number in the field '%s'", name);
	return value;
}

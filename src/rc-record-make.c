/*
 * rc-record-make - make one record from arguments
 *
 * What scripts use instead of printf: a name or value can hold anything and
 * the record is still JSON.  A secret comes from a descriptor, since arguments
 * can be read by every user of the machine.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_opt.h"
#include "rc_secret.h"
#include "rc_stream.h"

static const struct rc_option options[] = {
	RC_OPTION_END
};

static const char *const example[] = { "user=admin", "project_id:=42", NULL };

static const struct rc_program program = {
	.name = "rc-record-make",
	.synopsis = "[NAME=TEXT | NAME:=JSON | NAME@FD] ...",
	.summary = "make one record from arguments",
	.options = options,
	.writes = "one record with the fields in the order of the arguments",
	.example = example,
};

static void
set_json(struct rc_record *record, const char *name, const char *json)
{
	size_t length = strlen(json);
	const char *text = rc_json_pad(&record->arena, json, length);
	struct rc_json_error error;

	if (!rc_json_check(text, length, &error))
		rc_die(RC_FATAL, "%s: %s (byte %zu of the value)", name, error.reason, (size_t)(error.where - text) + 1);
	while (strchr(" \t\r\n", *text) != NULL && *text != '\0')
		text++, length--;
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	rc_record_set_json(record, name, text, length);
}

static void
set_from_descriptor(struct rc_record *record, const char *name, const char *descriptor)
{
	struct rc_secret secret;
	long fd;

	if (!rc_parse_long(descriptor, 0, 1L << 20, &fd))
		rc_usage("%s@ takes the number of a descriptor", name);
	rc_secret_read((int)fd, name, &secret);
	if (!rc_utf8_valid(secret.bytes, secret.length))
		rc_die(RC_FATAL, "%s: not UTF-8", name);
	rc_record_set_string(record, name, secret.bytes, secret.length);
	rc_secret_wipe(&secret);
}

static void
set_field(struct rc_record *record, const char *argument)
{
	size_t length = strcspn(argument, "=@:");
	const char *value = argument + length;
	char *name;

	if (!rc_utf8_valid(argument, strlen(argument)))
		rc_die(RC_FATAL, "an argument is not UTF-8");
	if (*value == ':')
		while (*value != '\0' && *value != '@' && *value != '=' && !(value[0] == ':' && value[1] == '='))
			value++;
	if (*value == '\0')
		rc_usage("'%s' is not NAME=TEXT, NAME:=JSON or NAME@FD", argument);
	name = rc_strndup(argument, (size_t)(value - argument));
	if (rc_record_find(record, name) != NULL)
		rc_die(RC_FATAL, "the field '%s' is given twice", name);
	if (*value == '=')
		rc_record_set_text(record, name, value + 1);
	else if (*value == ':')
		set_json(record, name, value + 2);
	else
		set_from_descriptor(record, name, value + 1);
	free(name);
}

/* What is made must be what a filter takes: nesting and surrogates show only in the whole. */
static void
check(struct rc_record *record)
{
	struct rc_json_object object = {0};
	struct rc_json_error error;
	struct rc_buf text = {0};

	rc_record_write(record, &text);
	if (!rc_json_read_object(&object, rc_json_pad(&record->arena, text.bytes, text.length), text.length,
	    &record->arena, &error))
		rc_die(RC_FATAL, "%.*s: %s", error.name == NULL ? 10 : (int)error.name_length,
		    error.name == NULL ? "the record" : error.name, error.reason);
	rc_json_object_free(&object);
	rc_wipe(text.bytes, text.length);
	rc_buf_free(&text);
}

int
main(int argc, char *argv[])
{
	struct rc_output out;
	struct rc_record record = {0};

	while (rc_getopt(&program, argc, argv) != -1)
		;
	rc_record_clear(&record);
	for (int i = optind; i < argc; i++)
		set_field(&record, argv[i]);
	check(&record);
	rc_output_open(&out, NULL);
	rc_output_put(&out, &record);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	return rc_finish(NULL, &out);
}

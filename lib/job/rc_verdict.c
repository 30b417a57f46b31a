#include "rc_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "rc_json.h"
#include "rc_mem.h"

/* The text of a string or number; NULL for other values. */
static const char *
text_of(struct rc_arena *arena, const struct rc_json_field *field, size_t *length)
{
	if (rc_json_type(field->value) == RC_JSON_STRING)
		return rc_json_decode(arena, field->value, field->value_length, length);
	*length = field->value_length;
	return rc_json_type(field->value) == RC_JSON_NUMBER ? rc_arena_copy(arena, field->value, field->value_length) : NULL;
}

static const char *
read_status(struct rc_verdict_line *verdict, const char *text)
{
	static const struct { const char *text; enum rc_verdict verdict; } statuses[] = {
		{ "done", RC_VERDICT_DONE }, { "retry", RC_VERDICT_RETRY }, { "failed", RC_VERDICT_FAILED },
	};

	for (size_t i = 0; text != NULL && i < sizeof statuses / sizeof *statuses; i++)
		if (strcmp(statuses[i].text, text) == 0) {
			verdict->verdict = statuses[i].verdict;
			return NULL;
		}
	return "expected done, retry or failed in 'status'";
}

static const char *
read_field(struct rc_verdict_line *verdict, struct rc_arena *arena, const struct rc_json_field *field)
{
	const char *text;
	size_t length = 0;
	char *end;

	if (field->name_length == 6 && memcmp(field->name, "status", 6) == 0)
		return read_status(verdict, text_of(arena, field, &length));
	if (field->name_length == 2 && memcmp(field->name, "id", 2) == 0) {
		text = text_of(arena, field, &length);
		if (text == NULL || length == 0 || length >= sizeof verdict->id || memchr(text, '\0', length) != NULL)
			return "expected a job's id in 'id'";
		memcpy(verdict->id, text, length + 1);
	} else if (field->name_length == 5 && memcmp(field->name, "error", 5) == 0) {
		free(verdict->error);
		verdict->error = NULL;
		if (rc_json_type(field->value) == RC_JSON_STRING) {
			if ((text = text_of(arena, field, &length)) == NULL)
				return "half a character in 'error'";
			verdict->error = rc_strndup(text, length);
			for (size_t i = 0; i < length; i++)
				if (verdict->error[i] == '\0')
					verdict->error[i] = ' ';	/* a text column can't hold it */
		} else if (rc_json_type(field->value) != RC_JSON_NULL) {
			verdict->error = rc_strndup(field->value, field->value_length);
		}
	} else if (field->name_length == 5 && memcmp(field->name, "after", 5) == 0 && rc_json_type(field->value) != RC_JSON_NULL) {
		text = text_of(arena, field, &length);
		verdict->after = text == NULL ? -1 : strtod(text, &end);
		if (text == NULL || *end != '\0' || !(verdict->after >= 0 && verdict->after < 1e9))
			return "expected seconds in 'after'";
	}
	return NULL;
}

const char *
rc_verdict_read(struct rc_verdict_line *verdict, const char *line, size_t length)
{
	static struct rc_json_object object;	/* kept from line to line */
	static struct rc_arena arena;
	struct rc_json_error error;
	const char *fault = NULL;

	*verdict = (struct rc_verdict_line){ .after = -1 };
	rc_arena_reset(&arena);
	if (!rc_json_read_object(&object, line, length, &arena, &error))
		return error.reason;
	for (size_t i = 0; i < object.count && fault == NULL; i++)
		fault = read_field(verdict, &arena, &object.fields[i]);
	if (fault == NULL && *verdict->id == '\0')
		fault = "there is no 'id'";
	if (fault == NULL && verdict->verdict == RC_VERDICT_NONE)
		fault = "there is no 'status'";
	if (fault != NULL) {
		free(verdict->error);
		verdict->error = NULL;
	}
	return fault;
}

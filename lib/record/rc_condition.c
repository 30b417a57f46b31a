#include "rc_condition.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_opt.h"

bool
rc_condition_parse(struct rc_condition *condition, const char *text)
{
	size_t length = strcspn(text, "=");
	const char *p = text + length;
	char *out;

	if (length == 0)
		return false;
	*condition = (struct rc_condition){ .field = rc_strndup(text, length), .values = rc_alloc(strlen(p) + 1) };
	out = condition->values;
	if (*p == '\0')
		return true;
	condition->count = 1;
	while (*++p != '\0') {
		if (p[0] == '|' && p[1] != '|') {
			*out++ = '\0';
			condition->count++;
		} else {
			p += *p == '|';
			*out++ = *p;
		}
	}
	*out = '\0';
	return true;
}

/* Whether a string's text, quotes included, has these characters. */
static bool
is_string(const char *json, size_t json_length, const char *value, size_t length, struct rc_arena *arena)
{
	enum { LONGEST_ESCAPE = 6 };	/* of one byte */
	const char *inner = json + 1, *decoded;
	size_t inner_length = json_length - 2;

	if (inner_length < length || inner_length / LONGEST_ESCAPE > length)
		return false;
	if (memchr(inner, '\\', inner_length) == NULL)
		return inner_length == length && memcmp(inner, value, length) == 0;
	decoded = rc_json_decode(arena, json, json_length, &inner_length);
	return decoded != NULL && inner_length == length && memcmp(decoded, value, length) == 0;
}

void
rc_condition_option(struct rc_condition *condition, const char *option, const char *text)
{
	rc_condition_free(condition);
	if (!rc_condition_parse(condition, text))
		rc_usage("--%s names no field: '%s'", option, text);
}

bool
rc_condition_fits(const struct rc_condition *condition, struct rc_record *record)
{
	size_t length = 0;
	const char *json = rc_record_value(record, condition->field, &length), *value = condition->values;

	if (json == NULL)
		return false;
	if (condition->count == 0)
		return rc_json_type(json) != RC_JSON_NULL;
	for (size_t i = 0; i < condition->count; i++, value += strlen(value) + 1) {
		size_t value_length = strlen(value);

		if (rc_json_type(json) == RC_JSON_STRING ? is_string(json, length, value, value_length, &record->arena) :
		    length == value_length && memcmp(json, value, length) == 0)
			return true;
	}
	return false;
}

void
rc_condition_free(struct rc_condition *condition)
{
	free(condition->field);
	free(condition->values);
	*condition = (struct rc_condition){0};
}

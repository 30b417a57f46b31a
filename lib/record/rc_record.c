#include "rc_record.h"

#include <stdio.h>
#include <string.h>

#include "rc_err.h"

const struct rc_json_field *
rc_record_find(const struct rc_record *record, const char *name)
{
	return rc_json_find(&record->object, name);
}

const char *
rc_record_string(struct rc_record *record, const char *name, size_t *length)
{
	const struct rc_json_field *field = rc_record_find(record, name);
	size_t ignored;

	if (field == NULL || rc_json_type(field->value) != RC_JSON_STRING)
		return NULL;
	return rc_json_decode(&record->arena, field->value, field->value_length, length == NULL ? &ignored : length);
}

const char *
rc_record_text(struct rc_record *record, const char *name, const char *otherwise)
{
	const char *text = rc_record_string(record, name, NULL);

	return text == NULL ? otherwise : text;
}

/* The value's text in OBJECT, which is the record's own where IS_NESTED is false. */
static const char *
find_value(const struct rc_json_object *object, bool is_nested, const char *name, struct rc_arena *arena, size_t *length)
{
	const struct rc_json_field *field = rc_json_find(object, name);
	const char *dot = strchr(name, '.'), *text = NULL;
	struct rc_json_error error;
	unsigned flags = 0;

	if (field != NULL) {
		*length = field->value_length;
		if (is_nested && rc_json_type(field->value) == RC_JSON_STRING)	/* the record's own were read strictly */
			rc_json_scan_string(field->value + 1, field->value + field->value_length, &flags, &error);
		return flags & RC_JSON_LONE_SURROGATE ? NULL : field->value;
	}
	if (dot == NULL)
		return NULL;
	field = rc_json_find(object, rc_arena_copy(arena, name, (size_t)(dot - name)));
	if (field != NULL && rc_json_type(field->value) == RC_JSON_OBJECT) {
		struct rc_json_object inner = {0};

		if (rc_json_read_object(&inner, field->value, field->value_length, arena, &error))
			text = find_value(&inner, true, dot + 1, arena, length);
		rc_json_object_free(&inner);
	}
	return text;
}

const char *
rc_record_value(struct rc_record *record, const char *name, size_t *length)
{
	return find_value(&record->object, false, name, &record->arena, length);
}

void
rc_record_set_json(struct rc_record *record, const char *name, const char *json, size_t length)
{
	struct rc_json_field *field = rc_json_find(&record->object, name);
	struct rc_buf text = {0};
	char *raw;

	if (field == NULL)
		field = rc_json_add_field(&record->object);
	rc_json_write_string(&text, name, strlen(name));
	rc_buf_add(&text, ":", 1);
	rc_json_write_value(&text, json, length);
	raw = rc_arena_alloc(&record->arena, rc_size_add(text.length, 1 + RC_JSON_PAD));	/* an object in it may be read */
	memcpy(raw, text.bytes, text.length);
	memset(raw + text.length, 0, 1 + RC_JSON_PAD);
	*field = (struct rc_json_field){ .raw = raw, .value = raw + text.length - length, .value_length = length };
	field->name = rc_json_decode(&record->arena, raw, text.length - length - 1, &field->name_length);
	rc_wipe(text.bytes, text.length);	/* it may have been a secret */
	rc_buf_free(&text);
	record->changed = true;
}

void
rc_record_set_string(struct rc_record *record, const char *name, const char *bytes, size_t length)
{
	struct rc_buf json = {0};

	rc_json_write_string(&json, bytes, length);
	rc_record_set_json(record, name, json.bytes, json.length);
	rc_wipe(json.bytes, json.length);	/* it may have been a secret */
	rc_buf_free(&json);
}

void
rc_record_set_text(struct rc_record *record, const char *name, const char *text)
{
	rc_record_set_string(record, name, text, strlen(text));
}

void
rc_record_set_integer(struct rc_record *record, const char *name, long long value)
{
	char text[24];

	rc_record_set_json(record, name, text, (size_t)snprintf(text, sizeof text, "%lld", value));
}

void
rc_record_remove(struct rc_record *record, const char *name)
{
	struct rc_json_object *object = &record->object;
	struct rc_json_field *field = rc_json_find(object, name);

	if (field == NULL)
		return;
	/* The hash table `seen` has indexes that are now wrong, but only the reader uses it, and fills it anew. */
	object->count--;
	memmove(field, field + 1, (size_t)(object->fields + object->count - field) * sizeof *field);
	record->changed = true;
}

void
rc_record_clear(struct rc_record *record)
{
	rc_arena_reset(&record->arena);
	record->text = NULL;
	record->length = 0;
	record->object.count = 0;
	record->changed = true;
}

void
rc_record_copy(struct rc_record *to, const struct rc_record *from)
{
	struct rc_buf text = {0};
	struct rc_json_error error;

	rc_record_write(from, &text);
	to->text = rc_json_pad(&to->arena, text.bytes, text.length);
	to->length = text.length;
	to->changed = false;
	rc_buf_wipe(&text);	/* it may have held a secret */
	if (!rc_json_read_object(&to->object, to->text, to->length, &to->arena, &error))
		rc_die(RC_FATAL, "a record can't be copied: %s", error.reason);	/* it was read before */
}

void
rc_record_write(const struct rc_record *record, struct rc_buf *out)
{
	if (!record->changed) {
		rc_buf_add(out, record->text, record->length);
		return;
	}
	rc_buf_add(out, "{", 1);
	for (size_t i = 0; i < record->object.count; i++) {
		const struct rc_json_field *field = &record->object.fields[i];

		if (i > 0)
			rc_buf_add(out, ",", 1);
		rc_buf_add(out, field->raw, (size_t)(field->value - field->raw) + field->value_length);
	}
	rc_buf_add(out, "}", 1);
}

void
rc_record_free(struct rc_record *record)
{
	rc_json_object_free(&record->object);
	rc_arena_free(&record->arena);
}

/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_s3_kept.h"

#include <string.h>

#include "rc_mem.h"
#include "rc_utf8.h"

static const char *const kept[] = {
	"cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires",
	"x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled",
	"x-amz-storage-class", "x-amz-website-redirect-location",
};

static bool
is_kept(const char *name)
{
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (strcmp(name, kept[i]) == 0)
			return true;
	return rc_str_begins(name, "x-amz-meta-");
}

static bool
is_set(const struct rc_s3_headers *headers, const char *name)
{
	const char *value = rc_s3_headers_find(headers, name);

	return value != NULL && strcmp(value, "0") != 0;
}

bool
rc_s3_kept_write(const struct rc_s3_headers *headers, struct rc_buf *json)
{
	if (is_set(headers, "x-amz-missing-meta") || is_set(headers, "x-amz-tagging-count"))
		return false;
	rc_json_open(json);
	for (size_t i = 0; i < headers->count; i++) {
		const struct rc_s3_header *header = &headers->items[i];

		if (!is_kept(header->name))
			continue;
		if (!rc_utf8_valid(header->name, strlen(header->name)) || !rc_utf8_valid(header->value, strlen(header->value)))
			return false;
		rc_json_add_text(json, header->name, header->value);
	}
	rc_json_close(json);
	return true;
}

/* Whether a name is one that HTTP can carry, and a value has no line's end in it. */
static bool
is_sound(const char *name, const char *value, size_t length)
{
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~") != strlen(name) || strlen(value) != length)
		return false;
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' && *value != '\t')
			return false;
	return true;
}

static const char *
read_fields(const struct rc_json_object *object, struct rc_arena *arena, struct rc_s3_headers *headers)
{
	for (size_t i = 0; i < object->count; i++) {
		const struct rc_json_field *field = &object->fields[i];
		const char *name = rc_arena_copy(arena, field->name, field->name_length), *value;
		size_t length = 0;

		if (strlen(name) != field->name_length || !is_kept(name))
			return "headers has one that an object does not keep";
		value = rc_json_type(field->value) == RC_JSON_STRING ? rc_json_decode(arena, field->value, field->value_length, &length) : NULL;
		if (value == NULL || !is_sound(name, value, length))
			return "headers has one that is no header's text";
		rc_s3_headers_add(headers, name, strlen(name), value, length);
	}
	return NULL;
}

const char *
rc_s3_kept_read(const char *value, size_t length, struct rc_s3_headers *headers)
{
	struct rc_arena arena = {0};
	struct rc_json_object object = {0};
	struct rc_json_error error;
	const char *wrong = "headers is no object of texts";

	if (rc_json_type(value) == RC_JSON_OBJECT && rc_json_read_object(&object, rc_json_pad(&arena, value, length), length, &arena, &error))
		wrong = read_fields(&object, &arena, headers);
	rc_json_object_free(&object);
	rc_arena_free(&arena);
	return wrong;
}

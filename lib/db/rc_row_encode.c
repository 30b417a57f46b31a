#include "rc_row_encode.h"

#include <string.h>

#include "rc_json.h"
#include "rc_row_number.h"
#include "rc_row_encode_value.h"

enum { DIMENSIONS_MAX = 6 };	/* MAXDIM */

/* An array that is being read. */
struct array {
	const struct rc_row_target *target;
	const char *stop;		/* behind the whole */
	struct rc_buf *out;
	struct rc_row_error *error;
	int dimensions;			/* 0: not known before the first element that is no array */
	uint32_t lengths[DIMENSIONS_MAX];
	bool counted[DIMENSIONS_MAX], has_null;
};

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return p;
}

/* The end of the number, true, false or null at P. */
static const char *
end_of_word(const char *p)
{
	while (*p == '-' || *p == '+' || *p == '.' || (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
		p++;
	return p;
}

/* The end of the value at P, which was checked before. */
static const char *
end_of_value(const char *p, const char *stop)
{
	struct rc_json_error ignored;
	unsigned flags = 0;
	int depth = 0;

	do {
		if (*p == '"')
			p = rc_json_scan_string(p + 1, stop, &flags, &ignored);
		else if (*p == '[' || *p == '{')
			depth++;
		else if (*p == ']' || *p == '}')
			depth--;
		else if (depth == 0)
			return end_of_word(p);
		p++;
	} while (depth > 0);
	return p;
}

static bool
refuse_ragged(struct array *array)
{
	return rc_row_refuse(array->error, "22P02", "arrays of different lengths or depths in one");
}

/* Reads the array at P, which is of dimension LEVEL; the place behind it, or NULL. */
static const char *
encode_dimension(struct array *array, const char *p, int level)
{
	uint32_t count = 0;

	if (level == DIMENSIONS_MAX) {
		rc_row_refuse(array->error, "54000", "an array of more than %d dimensions", DIMENSIONS_MAX);
		return NULL;
	}
	for (p = skip_blanks(p + 1); *p != ']'; count++) {
		bool nested = *p == '[' && (array->dimensions == 0 || level + 1 < array->dimensions);

		if (nested) {
			if ((p = encode_dimension(array, p, level + 1)) == NULL)
				return NULL;
		} else {
			struct rc_row_value element = { p, (size_t)(end_of_value(p, array->stop) - p) };

			if (array->dimensions == 0)
				array->dimensions = level + 1;
			if (array->dimensions != level + 1)
				return refuse_ragged(array) ? p : NULL;
			array->has_null |= *p == 'n';
			if (!rc_row_encode_value(array->target, element, array->out, array->error))
				return NULL;
			p += element.length;
		}
		p = skip_blanks(p);
		if (*p == ',')
			p = skip_blanks(p + 1);
	}
	if (array->counted[level] && array->lengths[level] != count)
		return refuse_ragged(array) ? p : NULL;
	if (count == 0 && level > 0)
		return refuse_ragged(array) ? p : NULL;
	array->counted[level] = true;
	array->lengths[level] = count;
	return p + 1;
}

/* As array_recv of arrayfuncs.c reads it. */
static bool
encode_array(const struct rc_row_target *target, struct rc_row_value value, struct rc_buf *out, struct rc_row_error *error)
{
	bool of_json = target->shape.kind == RC_ROW_JSON || target->shape.kind == RC_ROW_JSONB;
	struct array array = { .target = target, .stop = value.text + value.length, .out = out, .error = error };
	size_t from = rc_field_begin(out), head, elements;
	char *to;

	if (*value.text != '[')
		return rc_row_refuse_kind(error, "an array", value);
	if (of_json)	/* an array in it may be an element as well */
		array.dimensions = target->dimensions > 0 ? target->dimensions : 1;
	/* The head's size is known only behind the first element, so that the elements are moved behind it where it is larger. */
	rc_buf_reserve(out, 20);
	out->length += 20;
	elements = out->length;
	if (encode_dimension(&array, value.text, 0) == NULL)
		return false;
	if (array.lengths[0] == 0)
		array.dimensions = 0;
	head = 12 + 8 * (size_t)array.dimensions;
	if (head > 20) {
		rc_buf_reserve(out, head - 20);
		memmove(out->bytes + from + head, out->bytes + elements, out->length - elements);
	}
	out->length = head > 20 ? out->length + head - 20 : array.dimensions == 0 ? from + head : out->length;
	to = out->bytes + from;
	rc_put32(to, (uint32_t)array.dimensions);
	rc_put32(to + 4, array.has_null);
	rc_put32(to + 8, target->shape.type->oid);
	for (int i = 0; i < array.dimensions; i++) {
		rc_put32(to + 12 + 8 * i, array.lengths[i]);
		rc_put32(to + 16 + 8 * i, 1);	/* the lower bound, which JSON does not tell */
	}
	rc_field_end(out, from);
	return true;
}

bool
rc_row_encode(const struct rc_row_target *target, const char *value, size_t length, struct rc_buf *out, struct rc_row_error *error)
{
	struct rc_row_value whole = { value, length };

	if (target->shape.is_array && *value != 'n')
		return encode_array(target, whole, out, error);
	return rc_row_encode_value(target, whole, out, error);
}

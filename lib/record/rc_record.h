/*
 * rc_record - one record: an object whose fields are read and set
 *
 * What is not set keeps the text that it came as.
 */
#ifndef RC_RECORD_H
#define RC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_json.h"
#include "rc_mem.h"
#include "rc_str.h"

/* A record belongs to its input and is valid until the next rc_input_next(). */
struct rc_record {
	const char *text;	/* as it came, without the newline */
	size_t length;
	bool changed;		/* then the fields are the truth, not the text */
	struct rc_json_object object;
	struct rc_arena arena;	/* of what was decoded or set */
};

/* The field, or NULL. */
const struct rc_json_field *rc_record_find(const struct rc_record *record, const char *name);

/* A string field, decoded and ended by a NUL; NULL where it is absent or no string.  LENGTH may be NULL. */
const char *rc_record_string(struct rc_record *record, const char *name, size_t *length);

/* The same, or OTHERWISE where it is absent or no string. */
const char *rc_record_text(struct rc_record *record, const char *name, const char *otherwise);

/*
 * The JSON text of a value, which is part of the record's own; NULL where there
 * is none.  In NAME, a.b is the field b of the object a, unless there is a field
 * a.b.  A string within an object that holds a lone surrogate counts as none.
 */
const char *rc_record_value(struct rc_record *record, const char *name, size_t *length);

/* Sets a field, in its place or as the last one; what is given is copied. */
void rc_record_set_string(struct rc_record *record, const char *name, const char *bytes, size_t length);
void rc_record_set_text(struct rc_record *record, const char *name, const char *text);
void rc_record_set_integer(struct rc_record *record, const char *name, long long value);
void rc_record_set_json(struct rc_record *record, const char *name, const char *json, size_t length);

/* Takes the field out, if there is one; its text still stands in the record's text. */
void rc_record_remove(struct rc_record *record, const char *name);

/* Makes RECORD an empty object of its own, not tied to an input. */
void rc_record_clear(struct rc_record *record);

/* Makes TO, which is {0}, a copy of FROM that has its own text. */
void rc_record_copy(struct rc_record *to, const struct rc_record *from);

/* Adds the record's text without a newline. */
void rc_record_write(const struct rc_record *record, struct rc_buf *out);
void rc_record_free(struct rc_record *record);

#endif

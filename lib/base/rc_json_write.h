/*
 * rc_json_write - the one JSON writer (RFC 8259)
 */
#ifndef RC_JSON_WRITE_H
#define RC_JSON_WRITE_H

#include <stddef.h>

#include "rc_str.h"

/* Adds BYTES, which are UTF-8, as a JSON string with its quotes. */
void rc_json_write_string(struct rc_buf *out, const char *bytes, size_t length);

/* The same without the quotes: a part of a string, cut anywhere. */
void rc_json_write_characters(struct rc_buf *out, const char *bytes, size_t length);

/* Adds a value that was checked, on one line: newlines between its tokens become blanks. */
void rc_json_write_value(struct rc_buf *out, const char *value, size_t length);

/*
 * Writes an object field by field: rc_json_open(), one call per field, and
 * rc_json_close().  Text must be UTF-8; what is not is written as U+FFFD, for
 * messages of a server or a file's name may be anything.
 */
void rc_json_open(struct rc_buf *out);
void rc_json_add_text(struct rc_buf *out, const char *name, const char *text);	/* NULL is null */
void rc_json_add_bytes(struct rc_buf *out, const char *name, const char *bytes, size_t length);
void rc_json_add_integer(struct rc_buf *out, const char *name, long long value);
void rc_json_add_value(struct rc_buf *out, const char *name, const char *json);
void rc_json_close(struct rc_buf *out);

/* The same for an error or a warning: an object with these two fields, to which more may be added before rc_json_close(). */
void rc_json_open_error(struct rc_buf *out, const char *code, const char *message);

/* The same for a record that is refused: `status` "error", and the error as `error`. */
void rc_json_open_refusal(struct rc_buf *out, const char *code, const char *message);

#endif

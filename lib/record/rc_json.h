/*
 * rc_json - the one JSON reader (RFC 8259); rc_json_write.h is the writer
 *
 * A value is kept as the text it came as: numbers never become a double,
 * escapes stay escapes.  The reader checks syntax (UTF-8 included) all the way
 * down, and takes one object apart into its fields: at that level names must
 * differ and escapes must be whole characters.  Nested values may repeat names
 * and hold lone surrogates, since PostgreSQL's `json` columns may.
 *
 * Padding: the text handed to a reader must be followed by a newline or a NUL
 * and then by RC_JSON_PAD readable bytes of any value, so that the scan needs
 * no end test for each byte.  rc_json_pad() gives any bytes that form.  An
 * object or array within a text that was read may be read where it stands.
 */
#ifndef RC_JSON_H
#define RC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_str.h"

enum {
	RC_JSON_PAD = 64,
	RC_JSON_DEPTH_MAX = 1000,	/* the object of fields itself is depth 1 */
};

/* Why a text was refused. */
struct rc_json_error {
	const char *reason;	/* static text */
	const char *where;	/* in the text that was read */
	const char *name;	/* of the field that is meant, or NULL */
	size_t name_length;
};

/* One name and value of an object; all of it points into the text or the arena. */
struct rc_json_field {
	const char *name;	/* decoded, not ended by a NUL */
	const char *raw;	/* the opening quote of the name in the text */
	const char *value;	/* the value's text, without blanks around it */
	size_t name_length, value_length;
};

struct rc_json_object {
	struct rc_json_field *fields;	/* in the order of the text */
	size_t count, room;
	bool lone_surrogates;		/* set by the caller: a string that is a field's value may hold them, as nested ones may */
	bool same_names;		/* the very names of the object read before, in their order */
	uint64_t *seen;			/* hash table for names, only with many fields */
	size_t seen_room;
	/* What stood before the values last, since one record of a stream is like the next: `{"first":`, `, "second": ` and so on. */
	struct rc_buf foretold;
	struct rc_json_mark { uint32_t start, length, name, name_length; } *marks;
	size_t mark_count, mark_room;
};

enum rc_json_type { RC_JSON_STRING, RC_JSON_NUMBER, RC_JSON_OBJECT, RC_JSON_ARRAY, RC_JSON_BOOL, RC_JSON_NULL };

/* A copy of LENGTH bytes in ARENA with the padding that the readers want. */
const char *rc_json_pad(struct rc_arena *arena, const char *bytes, size_t length);

/* Takes an object apart; what OBJECT, {0} at first, held before is reused.  False, with ERROR set, where TEXT is not one. */
bool rc_json_read_object(struct rc_json_object *object, const char *text, size_t length,
    struct rc_arena *arena, struct rc_json_error *error);

/* The field of that name, or NULL. */
struct rc_json_field *rc_json_find(const struct rc_json_object *object, const char *name);

/* A new last field, for the caller to fill. */
struct rc_json_field *rc_json_add_field(struct rc_json_object *object);
void rc_json_object_free(struct rc_json_object *object);

/* Whether TEXT is one JSON value of any type, blanks around it allowed; ERROR is set where it is not. */
bool rc_json_check(const char *text, size_t length, struct rc_json_error *error);

/*
 * The byte after the JSON value that begins at TEXT, or NULL where it is none
 * or does not end before END; a number must be followed by something.  IS_UTF8
 * says that all of it is known to be UTF-8.  The second is for a value with
 * DEPTH - 1 arrays and objects around it, which count for the limit.
 */
const char *rc_json_value_end(const char *text, const char *end, bool is_utf8);
const char *rc_json_nested_value_end(const char *text, const char *end, int depth, bool is_utf8);

/*
 * The next item, of LENGTH bytes, of an array that was read; NULL behind the
 * last.  *AT, which goes behind the item, begins behind the array's bracket; END
 * is the array's.
 */
const char *rc_json_next_item(const char **at, const char *end, size_t *length);

/*
 * The end (closing quote) of the string whose first byte after the opening
 * quote is TEXT, or NULL, with ERROR set.  Sets the bits below in FLAGS.
 * This is the function to replace by a faster one.
 */
enum { RC_JSON_ESCAPED = 1, RC_JSON_LONE_SURROGATE = 2 };
const char *rc_json_scan_string(const char *text, const char *end, unsigned *flags, struct rc_json_error *error);

/* The type of a value's text, by its first byte. */
enum rc_json_type rc_json_type(const char *value);

/*
 * Decodes a string's text (quotes included) into ARENA, ended by a NUL, which
 * LENGTH does not count.  NULL where it holds a lone surrogate.
 */
const char *rc_json_decode(struct rc_arena *arena, const char *value, size_t value_length, size_t *length);

/* The same to where TO has room for VALUE_LENGTH bytes: the place behind the text, which no NUL ends, or NULL. */
char *rc_json_decode_to(char *to, const char *value, size_t value_length);

/*
 * Decodes a string piece by piece, for what is too long to stand in memory
 * twice: what begins at *TEXT, between the quotes, goes to PART, which has room
 * for RC_JSON_PART bytes, as far as it fits and a character ends; *TEXT moves
 * on.  Returns the piece's length.  The string must have no lone surrogate.
 */
enum { RC_JSON_PART = 4096 };
size_t rc_json_decode_part(const char **text, const char *end, char *part);

#endif

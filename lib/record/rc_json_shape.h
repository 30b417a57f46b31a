/*
 * rc_json_shape - objects that look like one that was seen: their values are read, their names only compared
 *
 * The items of a listing have the same names, in the same order and written
 * alike, so what stands between their values is known beforehand.  To compare
 * it costs a third of reading it.
 */
#ifndef RC_JSON_SHAPE_H
#define RC_JSON_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "rc_json.h"
#include "rc_str.h"

/* {0} knows no object; free with rc_json_shape_free(). */
struct rc_json_shape {
	struct rc_buf text;	/* the pieces: `{"first":`, `,"second":` and so on, the last one with the brace that closes */
	struct rc_json_piece { uint32_t start, length; } *pieces;
	size_t count, room;
	unsigned misses, rest;	/* objects that looked otherwise, one after another; how many are not looked at now */
};

/* From now on the object that ends before END, and is known to be right, is what others are compared with; or none, where it can't be. */
void rc_json_shape_learn(struct rc_json_shape *shape, const char *object, const char *end);

/*
 * The byte after the object that begins at TEXT, where it is one of the shape
 * that ends before END and has no newline in it; else NULL, and it may be right
 * still.  All up to END is known to be UTF-8, and a NUL and then RC_JSON_PAD
 * readable bytes follow.
 */
const char *rc_json_shape_end(struct rc_json_shape *shape, const char *text, const char *end);

void rc_json_shape_free(struct rc_json_shape *shape);

#endif

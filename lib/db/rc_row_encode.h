/*
 * rc_row_encode - a record's values as the fields of COPY binary, by type
 *
 * The form of a field is that of the server's receive functions
 * (src/backend/utils/adt/..., COPY's own in the manual's page on it).  What
 * PostgreSQL's to_json writes of a value gives an equal value back.  A value is
 * checked here as the server would check it, and refused where the column
 * would change it: cut it off, round it, drop its zone.
 */
#ifndef RC_ROW_ENCODE_H
#define RC_ROW_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_mem.h"
#include "rc_row_types.h"
#include "rc_str.h"

/* What a value is to become. */
struct rc_row_target {
	struct rc_row_shape shape;	/* not RC_ROW_OTHER */
	int typmod;			/* the column's, -1: none */
	int dimensions;			/* as the array was declared; only arrays of JSON values need it, 0 is 1 */
};

/* Why a value was refused. */
struct rc_row_error {
	const char *sqlstate;	/* static text: what the server would say */
	char message[160];
};

/*
 * Adds VALUE, the text of a JSON value that was checked and is padded
 * (rc_json.h), to OUT as a field: its length and its bytes, null as -1.  False,
 * with ERROR set, where the column can't hold it; OUT may then have a part of it.
 */
bool rc_row_encode(const struct rc_row_target *target, const char *value, size_t length,
    struct rc_buf *out, struct rc_row_error *error);

#endif

/*
 * rc_row_encode - a record's values, arrays too, as the fields of COPY binary, by type
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

#include "rc_row_field.h"
#include "rc_str.h"

/*
 * Adds VALUE, the text of a JSON value that was checked and is padded
 * (rc_json.h), to OUT as a field: its length and its bytes, null as -1.  False,
 * with ERROR set, where the column can't hold it; OUT may then have a part of it.
 */
bool rc_row_encode(const struct rc_row_target *target, const char *value, size_t length,
    struct rc_buf *out, struct rc_row_error *error);

#endif

/*
 * rc_row_encode_value - one value that is no array as a field of COPY binary, by type
 *
 * The form is that of the type's receive function in the server.  A value that
 * the column would change is refused: cut off, rounded, without its zone.
 */
#ifndef RC_ROW_ENCODE_VALUE_H
#define RC_ROW_ENCODE_VALUE_H

#include <stdbool.h>

#include "rc_row_field.h"

/*
 * Adds VALUE to OUT as a field of the target's kind, or as null; whether the
 * target is an array's does not count, so that this is for elements too.
 * False, with ERROR set, where the column can't hold it; OUT may then have a
 * part of it.
 */
bool rc_row_encode_value(const struct rc_row_target *target, struct rc_row_value value,
    struct rc_buf *out, struct rc_row_error *error);

#endif

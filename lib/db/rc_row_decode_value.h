/*
 * rc_row_decode_value - one value of COPY binary that is no array as JSON, by type
 *
 * The text is that of the server's to_json(), byte for byte, in a session as
 * rc_row_decode.h says.  rc_row_encode_value is the way back.
 */
#ifndef RC_ROW_DECODE_VALUE_H
#define RC_ROW_DECODE_VALUE_H

#include <stddef.h>

#include "rc_row_types.h"
#include "rc_row_writer.h"

/* Writes the value, with room for RC_ROW_SMALL before it made here.  Ends the process with RC_FATAL where its form is not that of KIND. */
void rc_row_decode_value(struct rc_row_writer *writer, enum rc_row_kind kind, const char *bytes, size_t length);

#endif

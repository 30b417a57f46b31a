#include "rc_row_field.h"

#include <stdarg.h>
#include <stdio.h>

bool
rc_row_refuse(struct rc_row_error *error, const char *sqlstate, const char *format, ...)
{
	va_list args;

	error->sqlstate = sqlstate;
	va_start(args, format);
	vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	return false;
}

int
rc_row_shown(struct rc_row_value value)
{
	size_t length = value.length;

	if (length <= RC_ROW_SHOWN_MAX)
		return (int)length;
	for (length = RC_ROW_SHOWN_MAX; length > 0 && ((unsigned char)value.text[length] & 0xc0) == 0x80; )
		length--;
	return (int)length;
}

bool
rc_row_refuse_kind(struct rc_row_error *error, const char *expected, struct rc_row_value value)
{
	return rc_row_refuse(error, "22P02", "expected %s, not %.*s%s", expected, rc_row_shown(value), value.text,
	    value.length > RC_ROW_SHOWN_MAX ? "..." : "");
}

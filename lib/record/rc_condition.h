/*
 * rc_condition - whether a field of a record has one of some values
 *
 *   FIELD=VALUE     the field has exactly that value: a string's characters, or another value's JSON
 *   FIELD=A|B       one of these; `||` is a bar within a value
 *   FIELD           the field is there and not null
 *
 * FIELD may lead into an object as a.b does (rc_record_value()).  A field that is
 * not there fits no value, not even an empty one.
 */
#ifndef RC_CONDITION_H
#define RC_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_record.h"

struct rc_condition {
	char *field;
	char *values;		/* one behind the other, each ended by a NUL */
	size_t count;		/* of the values; 0: any but null */
};

/* Reads TEXT into CONDITION, which the caller frees; false, and nothing to free, where it names no field. */
bool rc_condition_parse(struct rc_condition *condition, const char *text);

/* The same for a filter's OPTION, anew where it is given twice; wrong usage where it names no field. */
void rc_condition_option(struct rc_condition *condition, const char *option, const char *text);

/* Whether RECORD fits.  A long value is compared where it stands. */
bool rc_condition_fits(const struct rc_condition *condition, struct rc_record *record);

void rc_condition_free(struct rc_condition *condition);

#endif

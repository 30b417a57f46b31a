/*
 * rc_name_list - names of an option, which commas part
 *
 * A name with a comma stands in double quotes, a quote in it twice.  A list
 * that is not of this form, or has an empty name, ends the process with
 * RC_FATAL and the usage.
 */
#ifndef RC_NAME_LIST_H
#define RC_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

/* Sets NAME to the next name of LIST and LIST to what is behind it; false at its end. */
bool rc_name_list_next(const char **list, struct rc_buf *name);

/* Whether the list has the name. */
bool rc_name_list_has(const char *list, const char *wanted);

/* How many names it has. */
size_t rc_name_list_length(const char *list);

/* The list itself; ends the process with the usage where it is empty or not of this form. */
const char *rc_name_list_check(const char *list);

#endif

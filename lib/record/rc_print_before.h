/*
 * rc_print_before - secrets that are printed before the change that makes them valid
 *
 * What exists nowhere else must be out, and known to be, before anything makes
 * it valid.  A line is that of one field, or of a template; it waits until its
 * record is known to have a result, and all are printed before COMMIT.
 */
#ifndef RC_PRINT_BEFORE_H
#define RC_PRINT_BEFORE_H

#include "rc_input.h"
#include "rc_sent.h"
#include "rc_str.h"
#include "rc_template.h"

/* {0} prints nothing, and the functions do nothing then. */
struct rc_print_before {
	const char *what;	/* the field or the template, or NULL; set by the caller */

	struct rc_template *template;	/* from here on not for the caller; NULL: it is a field */
	struct rc_buf line, lines;
};

/*
 * When the options are known: a field becomes a local one of SENT; a template
 * must name one of its local fields, or the process ends by rc_usage().
 */
void rc_print_before_open(struct rc_print_before *print, struct rc_sent *sent);

/* Makes the line of RECORD, which has its local fields still; ends the process where it can't be one. */
void rc_print_before_make(struct rc_print_before *print, const struct rc_input *in, struct rc_record *record);

/* The line that was made last is one to print. */
void rc_print_before_take(struct rc_print_before *print);

/* Prints all lines, or ends the process with RC_RETRY. */
void rc_print_before_write(const struct rc_print_before *print);
void rc_print_before_free(struct rc_print_before *print);

#endif

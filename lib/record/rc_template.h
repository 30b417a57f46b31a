/*
 * rc_template - text with the fields of a record in it
 *
 *   {NAME}        the field's value: a string's characters, or another value's JSON
 *   {a.b}         the field b of the object a, unless there is a field a.b
 *   {NAME|TEXT}   TEXT where the field is null or absent
 *   {{ and }}     the braces themselves
 *
 * Control characters in a value are shown as JSON escapes, so that a name from
 * a database can neither break a line nor command a terminal; those of the
 * template itself stay.  A template is taken apart once for all records, and a
 * value is written from where it stands: memory does not depend on its length.
 */
#ifndef RC_TEMPLATE_H
#define RC_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_record.h"

/*
 * Values that a caller gives for names, shown as a field's value is and never
 * read as a template.  {0} is none of them.
 */
enum { RC_TEMPLATE_CONSTANTS_MAX = 32 };
struct rc_template_constants {
	const char *texts[RC_TEMPLATE_CONSTANTS_MAX];	/* NAME=VALUE, the caller's */
	int count;
};

/* Adds the argument of an option NAME=VALUE, which must outlive what is made with it; ends the process by rc_usage() where it is none. */
void rc_template_set(struct rc_template_constants *constants, const char *argument);

/* Takes TEXT apart, which must outlive the template, for the caller to free; ends the process by rc_usage() where it is no template. */
struct rc_template *rc_template_new(const char *text, const struct rc_template_constants *constants);

/* Whether the template has no text at all, not even an empty value's. */
bool rc_template_is_empty(const struct rc_template *template);

/* Whether it names the field, or one within it. */
bool rc_template_names(const struct rc_template *template, const char *field);

/*
 * Finds the fields in RECORD, which must stay as it is until the text is
 * written.  NULL, or why there is no text for it, valid until the next call: a
 * field is not there, or has the name of a constant.
 */
const char *rc_template_bind(struct rc_template *template, struct rc_record *record);

/* Gives the text of the record that was bound to PUT, in pieces of any length. */
void rc_template_write(struct rc_template *template, void (*put)(void *to, const char *bytes, size_t length), void *to);

/* Clears and frees it; TEMPLATE may be NULL. */
void rc_template_free(struct rc_template *template);

#endif

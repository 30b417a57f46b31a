/*
 * rc_clash - would a change of one column break a unique index?
 *
 * Asked before an UPDATE that gives one value to a column of many rows, so that
 * the rows in the way can be named and nothing was changed.  It looks at every
 * unique index that the column has a part in: as key, in an expression or in a
 * condition, with nulls equal or not, of a partitioned table also those that
 * one partition has for itself.  The cost is one grouping of the rows that
 * would change for each such index.
 */
#ifndef RC_CLASH_H
#define RC_CLASH_H

#include <stdbool.h>

#include "rc_change.h"
#include "rc_str.h"

/* The first clash, each text ended by a NUL; the caller frees them. */
struct rc_clash {
	struct rc_buf index;		/* its name */
	struct rc_buf keys, key;	/* its keys as SQL, and the values that two rows would have there */
	struct rc_buf rows;		/* JSON: an array of two objects, the primary keys (or ctid) of the rows */
};

/* Whether there is a clash; CLASH, which is {0}, is filled if so. */
bool rc_clash_find(struct rc_session *session, const struct rc_change *change, struct rc_clash *clash);
void rc_clash_free(struct rc_clash *clash);

#endif

/*
 * rc_merge_kept - rows of a merge that the database keeps out
 *
 * A trigger that gives no row, or a rule, makes of a change none, without an
 * error: the statement only counts one row less.  How many it should have
 * counted must be asked before, and is asked only where the table has such.
 *
 * For rc_merge.c alone.
 */
#ifndef RC_MERGE_KEPT_H
#define RC_MERGE_KEPT_H

#include "rc_merge.h"

/* Whether the statement's count must be looked at: something may stand in the way of an upsert or update. */
bool rc_merge_is_watched(const struct rc_merge *merge);

/* How many rows of the lines FROM to TO are not in the table as they are, or for an update have a row there that is not the same. */
unsigned long long rc_merge_count_differing(const struct rc_merge *merge, unsigned long long from, unsigned long long to);

#endif

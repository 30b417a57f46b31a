/*
 * rc_change_walk - the rows of a change, part by part, in the order in which they lie
 *
 * So each page is written to once, which costs the least WAL, and a part is
 * found without a look at those before it (from PostgreSQL 14 on; before that
 * each reads the table).  The walk ends where the table ended when it began:
 * rows that others add meanwhile do not make it endless.  A row that another
 * session moves out of its way is missed; who must have all looks again.
 *
 * Each part is one statement in a transaction of the caller's.
 */
#ifndef RC_CHANGE_WALK_H
#define RC_CHANGE_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_change.h"

struct rc_change_walk_table;

/* {0} is a good beginning; free with rc_change_walk_free(). */
struct rc_change_walk {
	unsigned long long found, changed;	/* of the last part; only to be read */
	bool kept_out;		/* a trigger, a rule or a policy has left rows of it as they were */

	struct rc_session *session;	/* from here on not for the caller */
	const struct rc_change *change;
	struct rc_change_walk_table *tables;	/* the table, or its partitions */
	size_t table_count, table;
	char place[32], next[32];	/* of the last row that was walked over, and of the last one of this part */
	bool at_end;		/* this part is the table's last */
};

/* In a transaction: begins at the first row; CHANGE must outlive the walk. */
void rc_change_walk_begin(struct rc_change_walk *walk, struct rc_session *session, const struct rc_change *change);

/* Whether there are no more parts. */
bool rc_change_walk_is_over(const struct rc_change_walk *walk);

/* In a transaction: changes at most LIMIT rows of the next part.  NULL, or a lock or clash in the way, as rc_change_make() has it. */
PGresult *rc_change_walk_change(struct rc_change_walk *walk, long limit);

/* When that is committed, or where nothing was found: goes on behind it. */
void rc_change_walk_step(struct rc_change_walk *walk);

void rc_change_walk_free(struct rc_change_walk *walk);

#endif

/*
 * rc_change - one value for one column of many rows: looked up, counted, done
 *
 * Names are looked up in the catalogue first, where search_path finds them, and
 * are quoted then; values are parameters.
 */
#ifndef RC_CHANGE_H
#define RC_CHANGE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_session.h"

/* UPDATE table SET column = $1 WHERE rows. */
struct rc_change {
	const char *table, *column;	/* as in the catalogue */
	const char *type;		/* the column's, as SQL */
	const char *rows;		/* the condition, as SQL */
	struct rc_parameters values;	/* $1 and what the condition has besides */
};

/* The type of a table's column as SQL, which the caller frees; NULL where there is no such table or column. */
char *rc_change_find_type(struct rc_session *session, const char *table, const char *column);
bool rc_change_has_table(struct rc_session *session, const char *table);

/*
 * Count the rows that would change, as far as LIMIT ("all" or a number), or
 * change them; COUNT is how many there are.  NULL, or the server's error, which
 * the caller clears, where a lock or a unique index stood in the way; any other
 * error ends the process.
 */
PGresult *rc_change_count(struct rc_session *session, const struct rc_change *change, const char *limit, unsigned long long *count);
PGresult *rc_change_make(struct rc_session *session, const struct rc_change *change, unsigned long long *count);

/*
 * Runs SQL, a part of the change, with its values: whether a lock or a unique
 * index stood in the way.  The caller clears RESULT, the error then.
 */
bool rc_change_run(struct rc_session *session, const struct rc_change *change, const char *sql, PGresult **result);

/* After it was made: whether it LEFT rows as they were, since a trigger, a rule or a policy kept it out.  Otherwise like the two. */
PGresult *rc_change_verify(struct rc_session *session, const struct rc_change *change, bool *left);

#endif

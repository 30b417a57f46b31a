/*
 * rc_scope - which rows of a table are meant: conditions that a user gives as NAME:=JSON
 *
 * NAME is a column, JSON a string, a number, true, false or null.  All must
 * hold.  Values are parameters of the statement; numbers keep their digits.
 */
#ifndef RC_SCOPE_H
#define RC_SCOPE_H

#include <stdbool.h>

#include "rc_mem.h"
#include "rc_session.h"
#include "rc_str.h"

enum { RC_SCOPES_MAX = 16 };

/* {0} has no conditions.  The texts belong to the arena that rc_scope_add() was given. */
struct rc_scope {
	const char *names[RC_SCOPES_MAX];
	const char *values[RC_SCOPES_MAX];	/* NULL: the column must be null */
	int count;
};

/* Adds what the option --scope has as argument; rc_usage() where it has not the form. */
void rc_scope_add(struct rc_scope *scope, const char *text, struct rc_arena *arena);

/* Puts the values that are parameters into VALUES, which has room for RC_SCOPES_MAX; how many there are. */
int rc_scope_get_values(const struct rc_scope *scope, const char **values);

/*
 * Adds ` and column = $N` for each condition, N from FIRST on.  False, with SQL
 * of no use, where the table has not all of the columns.
 */
bool rc_scope_add_sql(const struct rc_scope *scope, struct rc_session *session, const char *table, int first, struct rc_buf *sql);

#endif

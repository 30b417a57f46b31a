/*
 * rc_merge_sql - pieces of the statements of rc_merge
 *
 * For rc_merge.c and rc_merge_missing.c.  In all of them `t` is the table, `s` the temporary table, `o` what the server
 * has made of its column `other`.  Each is added to the end of SQL.
 */
#ifndef RC_MERGE_SQL_H
#define RC_MERGE_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_merge.h"
#include "rc_str.h"

/* Where a new value stands: in the row that INSERT could not put in, or in `s` and `o`. */
enum rc_merge_side { RC_MERGE_EXCLUDED, RC_MERGE_SOURCE };

bool rc_merge_is_key(const struct rc_merge *merge, const struct rc_table_column *column);

/* Whether an update writes any column. */
bool rc_merge_sets_any(const struct rc_merge *merge);

/* Whether any column travels in `other`. */
bool rc_merge_has_other(const struct rc_merge *merge);

/* PREFIX, and NAME in quotes. */
void rc_merge_add_name(const struct rc_merge *merge, struct rc_buf *sql, const char *prefix, const char *name);

/* The value of column I, in the column's own type. */
void rc_merge_add_source(const struct rc_merge *merge, struct rc_buf *sql, size_t i);

/* `s`, and `o` where it is needed, as in FROM. */
void rc_merge_add_from(const struct rc_merge *merge, struct rc_buf *sql);

/* `t.key = s.key and ...` */
void rc_merge_add_same_key(const struct rc_merge *merge, struct rc_buf *sql);

/* FUNCTION of two records: what `t` has in the columns that an update writes, and the new values. */
void rc_merge_add_comparison(const struct rc_merge *merge, struct rc_buf *sql, const char *function, enum rc_merge_side side);

/* `a = NEW, b = NEW ...` of the same columns */
void rc_merge_add_assignments(const struct rc_merge *merge, struct rc_buf *sql, enum rc_merge_side side);

/* Adds WORD and the lines FROM to TO, or nothing where those are all. */
void rc_merge_add_range(struct rc_buf *sql, const char *word, unsigned long long from, unsigned long long to);

/* Runs SQL, which gives one count, and frees it. */
unsigned long long rc_merge_count(const struct rc_merge *merge, struct rc_buf *sql);

/* Adds that the table has no row that is the same; for an update, that it has one of that key which is not the same. */
void rc_merge_add_differs(const struct rc_merge *merge, struct rc_buf *sql);

#endif

/*
 * rc_merge_missing - rows of a table that the rows of a merge lack
 */
#ifndef RC_MERGE_MISSING_H
#define RC_MERGE_MISSING_H

#include "rc_merge.h"

/*
 * Does what is to be done with the table's rows whose key no line has, and
 * counts them: nothing, DELETE, or COLUMN (NULL: nothing) set to VALUE.
 */
enum rc_merge_missing { RC_MERGE_KEEP, RC_MERGE_REPORT, RC_MERGE_DELETE, RC_MERGE_SET };
void rc_merge_missing(struct rc_merge *merge, enum rc_merge_missing action, const struct rc_table_column *column, const char *value);

/* The statement that gives the keys of those rows, as {"status":"missing","key":{...}}, for rc_session_start(); the caller frees. */
char *rc_merge_missing_sql(const struct rc_merge *merge);

#endif

/*
 * rc_import_apply - rows of a merge into their table, but for those that the server objects to
 *
 * The server says what is wrong, but not which row it was.  So where it objects
 * to all rows they are tried by halves, each in a savepoint.
 */
#ifndef RC_IMPORT_APPLY_H
#define RC_IMPORT_APPLY_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_import_rejects.h"
#include "rc_merge.h"

struct rc_import_apply {
	struct rc_merge *merge;
	struct rc_import_rejects *rejects;
	const char *table_name;	/* for messages */
	bool reject_errors;	/* refuse rows that constraints or triggers object to; else the process ends at the first */
	unsigned long long rows;	/* that were sent */
};

/* Takes the rows of the temporary table into the table.  Ends the process where that can't be, with the record's line where it is known. */
void rc_import_apply(const struct rc_import_apply *apply);

/* Ends the process with the server's words on RESULT, and the place of ROW, or 0 where it is not known. */
_Noreturn void rc_import_die(const struct rc_import_apply *apply, const PGresult *result, unsigned long long row);

#endif

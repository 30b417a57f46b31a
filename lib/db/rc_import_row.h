/*
 * rc_import_row - records as rows of a COPY
 *
 * Each value is checked here, so that a record that the table could not take is
 * refused alone, before it is sent.  Plain rows go straight into the table.
 * What must be compared with the rows that are there, or has types that only
 * the server reads, goes into a temporary table (rc_merge.h).
 */
#ifndef RC_IMPORT_ROW_H
#define RC_IMPORT_ROW_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_copy_in.h"
#include "rc_import_columns.h"
#include "rc_import_rejects.h"
#include "rc_merge.h"
#include "rc_record.h"

struct rc_import_row {
	/* set by the caller, who owns them; of the merge its session, table, mode and records */
	struct rc_import_columns *columns;
	struct rc_import_rejects *rejects;
	struct rc_merge *merge;
	bool advances;		/* sequences, by rc_import_row_advance() */

	struct rc_copy_in copy;
	bool staged;		/* the rows are in the temporary table, and the merge knows their columns */
	unsigned long long count;	/* rows made since the begin */
	bool ascending;		/* the keys of all of them; then no two are the same */
	unsigned fields;	/* of a row as it is sent */
	struct rc_buf other;	/* the object for the server's types */
	struct rc_buf last_key, key;
};

/* Begins the COPY, now that the columns are known.  NULL, or the server's error, which the caller clears. */
PGresult *rc_import_row_begin(struct rc_import_row *row);

/* Adds the record to the COPY, which the caller flushes; false where it was refused. */
bool rc_import_row_add(struct rc_import_row *row, struct rc_record *record);

/* Ends the COPY.  NULL, or the server's error, which the caller clears, and the NUMBER of the row that it is about, 0 where that is not known. */
PGresult *rc_import_row_end(struct rc_import_row *row, unsigned long long *number);

/* Before COMMIT: new rows that ask a sequence for their number will not get one that these rows have (rc_sequence.h). */
void rc_import_row_advance(const struct rc_import_row *row);
void rc_import_row_free(struct rc_import_row *row);

#endif

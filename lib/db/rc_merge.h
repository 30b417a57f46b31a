/*
 * rc_merge - rows from a temporary table into their table
 *
 * The temporary table has c1, c2 ... for the columns that rc_row_encode knows,
 * `other`, a json object with the rest, which the server's
 * json_populate_record() reads, and `line`, by which a row is known.  It takes
 * what differs and nothing else: a row that is the same in every byte
 * (record_image_ne, so types without an equality count too) is left alone.
 *
 * All functions and operators in the SQL are named with their schema.
 */
#ifndef RC_MERGE_H
#define RC_MERGE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_session.h"
#include "rc_str.h"
#include "rc_table.h"

enum rc_merge_mode {
	RC_MERGE_INSERT,	/* all are new */
	RC_MERGE_SKIP,		/* those that no unique index objects to */
	RC_MERGE_UPSERT,	/* insert, or update the row of that key */
	RC_MERGE_UPDATE,	/* only rows that are there */
};

struct rc_merge {
	struct rc_session *session;
	const struct rc_table *table;
	enum rc_merge_mode mode;
	const struct rc_table_column **columns;	/* that the rows have */
	bool *other;				/* of each, whether it travels in `other` */
	size_t column_count;
	const struct rc_table_key *keys;	/* of one index; not for INSERT and SKIP */
	size_t key_count;
	unsigned long long rows;	/* that the COPY brought */
	bool records;		/* there is a column `record` with the records' text */
	unsigned long long inserted, updated, unchanged, missing;
	unsigned long long kept;	/* rows of those that should have been changed, and that the database kept as they were */
};

/* Makes the temporary table, which goes with the transaction, and adds the COPY that fills it to SQL. */
void rc_merge_create(struct rc_merge *merge, struct rc_buf *copy);

/* After the COPY of `rows` rows: lets the server know what it must to join them with the table, where it will. */
void rc_merge_prepare(struct rc_merge *merge);

/*
 * Looks for rows of one key: leaves the last line of each where KEEP_LAST, and
 * counts the others as unchanged, or else gives the line of one and of the
 * row before it.  False where two rows have one key and are still there.
 */
bool rc_merge_check_keys(struct rc_merge *merge, bool keep_last, unsigned long long *line, unsigned long long *before);

/* Takes the rows of the lines FROM to TO into the table and counts them.  NULL, or the server's error, which the caller clears. */
PGresult *rc_merge_apply(struct rc_merge *merge, unsigned long long from, unsigned long long to);

#endif

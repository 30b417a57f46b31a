/*
 * rc_steps - SQL files that run in order for a record, and what they answer
 *
 * The row of a file but the last is merged into the record for the next, so
 * that an id made by one step reaches the next; the rows of the last are
 * results.  A row with `status` "error" and an object `error` refuses the
 * record.  Both wait in spools until the caller knows that they are true.
 */
#ifndef RC_STEPS_H
#define RC_STEPS_H

#include <stdbool.h>

#include "rc_record.h"
#include "rc_sent.h"
#include "rc_session.h"
#include "rc_spool.h"
#include "rc_statement.h"
#include "rc_stream.h"

/* {0} but for the session is a good beginning; free with rc_steps_free(). */
struct rc_steps {
	struct rc_session *session;
	const struct rc_input *blame;	/* whose current line messages name, or NULL where no record is to blame */
	bool has_array;			/* $1 is many records, so a refusal has no line */
	bool require_rows;		/* a record to blame for which the last file has no row is refused */
	struct rc_spool results, refusals;
	unsigned long long rows;	/* that statements have changed or returned, by the server's count */
	struct rc_record row;		/* read last */
};

/* Reads a file and prepares it in the transaction that has begun; ends the process where that fails.  ALONE: no other one runs in the session. */
void rc_steps_prepare(struct rc_steps *steps, struct rc_statement *step, const char *file, bool alone);

/* Runs a file but the last, $1 being JSON, and merges its row into RECORD; false where it refuses that. */
bool rc_steps_merge(struct rc_steps *steps, const struct rc_statement *step, const char *json, struct rc_record *record);

/* Runs the last file and keeps its rows; false where none is a result. */
bool rc_steps_keep(struct rc_steps *steps, const struct rc_statement *step, const char *json);

/* Runs all COUNT files for RECORD, as it is SENT; false where the last one has no result. */
bool rc_steps_run(struct rc_steps *steps, const struct rc_statement *files, int count, struct rc_record *record, const struct rc_sent *sent);

void rc_steps_free(struct rc_steps *steps);

#endif

/*
 * rc_plan - what a change would do, in a file, and the same change held to it
 *
 * A plan is an rc_log_head with `change`, the SHA-256 of the statements and the
 * records (null where it is of the rows alone), and a line for each row as rc_capture gives it, with digests in the
 * place of `before` and `after`; an end record follows.  It holds no row.
 *
 * Applied, it must be of this database and of the same statements and records.
 * The change runs, which locks its rows, and before COMMIT what it changed must
 * be what is planned: the same keys, each row with the digest of `before` when it
 * was changed, and as many new rows of each table.  A look at the rows before
 * the change would cost as much again, and see no more.  Where sums over both
 * are the same, that is all; else the rows that differ are looked for.  The file
 * PLAN.applied, which is there before COMMIT, keeps a plan from being applied
 * twice, for one that only inserts could be.
 */
#ifndef RC_PLAN_H
#define RC_PLAN_H

#include <stdbool.h>

#include "rc_capture.h"
#include "rc_digest.h"
#include "rc_identity.h"
#include "rc_output.h"
#include "rc_plan_file.h"
#include "rc_plan_mark.h"
#include "rc_spool.h"

/* {0} is none; WRITE or APPLY, the files, are set by the caller, and whether one that is written is of the rows alone. */
struct rc_plan {
	const char *write, *apply;
	bool rows_alone;

	struct rc_digest *change;	/* from here on not for the caller */
	struct rc_output out;
	struct rc_plan_mark mark;
	struct rc_plan_file file;
};

/* Opens the files, and reads a plan that is applied; its tables go into CAPTURE. */
void rc_plan_open(struct rc_plan *plan, struct rc_capture *capture);

/* Add a statement's or a record's text, without what never leaves this process, to what is asked for; nothing happens to {0}. */
void rc_plan_add_text(struct rc_plan *plan, const char *text);
void rc_plan_add_record(struct rc_plan *plan, const struct rc_record *record);

/* Ends the process where the plan is of another database. */
void rc_plan_check(struct rc_plan *plan, const struct rc_identity *identity);

/* After rc_capture_end(): writes the plan, or compares what was changed with it, adding differences to REFUSALS. */
void rc_plan_end(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals);

void rc_plan_free(struct rc_plan *plan);

#endif

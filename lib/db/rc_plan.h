/*
 * rc_plan - what a change would do, in a file, and the same change held to it
 *
 * A plan is an rc_log_head with `change`, the SHA-256 of the statements and the
 * records (null where it is of the rows alone), and a line for each row as rc_capture gives it, with digests in the
 * place of `before` and `after`; an end record follows.  It holds no row.
 *
 * Applied, it must be of this database and of the same statements and records;
 * each row that it has a `before` of is locked and must have that digest still.
 * Then the change runs, and what it changed must be what is planned: the same
 * keys, and as many new rows of each table.  The file PLAN.applied, which is there before COMMIT,
 * keeps a plan from being applied twice, for one that only inserts could be.
 */
#ifndef RC_PLAN_H
#define RC_PLAN_H

#include <stdbool.h>

#include "rc_capture.h"
#include "rc_digest.h"
#include "rc_identity.h"
#include "rc_log_head.h"
#include "rc_output.h"
#include "rc_plan_mark.h"
#include "rc_spool.h"

/* {0} is none; WRITE or APPLY, the files, are set by the caller, and whether one that is written is of the rows alone. */
struct rc_plan {
	const char *write, *apply;
	bool rows_alone;

	struct rc_digest *change;	/* from here on not for the caller */
	struct rc_output out;
	struct rc_plan_mark mark;
	struct rc_input in;
	struct rc_log_head head;
};

/* Opens the files, and reads of a plan that is applied which tables it has, into CAPTURE. */
void rc_plan_open(struct rc_plan *plan, struct rc_capture *capture);

/* Add a statement's or a record's text, without what never leaves this process, to what is asked for; nothing happens to {0}. */
void rc_plan_add_text(struct rc_plan *plan, const char *text);
void rc_plan_add_record(struct rc_plan *plan, const struct rc_record *record);

/*
 * In the transaction, after rc_capture_begin(): where a plan is applied, reads
 * it, and looks at the rows.  Those that are not as planned are added to REFUSALS.
 */
void rc_plan_check(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals);

/* After rc_capture_end(): writes the plan, or compares what was changed with it, adding differences to REFUSALS. */
void rc_plan_end(struct rc_plan *plan, struct rc_capture *capture, const struct rc_identity *identity, struct rc_spool *refusals);

void rc_plan_free(struct rc_plan *plan);

#endif

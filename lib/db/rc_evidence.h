/*
 * rc_evidence - what a change is asked to leave behind or to hold to: an undo log, a plan
 *
 * A filter calls the functions in their order; where nothing was asked for they do nothing.
 */
#ifndef RC_EVIDENCE_H
#define RC_EVIDENCE_H

#include <stdbool.h>

#include "rc_capture.h"
#include "rc_identity.h"
#include "rc_plan.h"
#include "rc_spool.h"
#include "rc_undo_log.h"

/* The files, and the tables of the capture, are set by the caller. */
struct rc_evidence {
	struct rc_capture capture;
	struct rc_undo_log undo;
	struct rc_plan plan;
	struct rc_identity identity;
};

/* The options of every filter that has them. */
#define RC_EVIDENCE_UNDO_LOG "undo-log", "FILE", "write there, before COMMIT, what each row of --watch was and is, for rc-undo; a new file"
#define RC_EVIDENCE_WATCH "watch", "TABLE", "a table whose rows are changed; may be repeated"
#define RC_EVIDENCE_ROWS_ALONE "rows-alone", NULL, "with --plan: it is of the rows, whatever the statements and the records"
#define RC_EVIDENCE_PLAN "plan", "FILE", "do all of it, roll back, and write there which rows of --watch would change; a new file"
#define RC_EVIDENCE_APPLY "apply", "PLAN", "hold to that plan: refuse where a row has changed since, or where other rows would change"

/* Whether anything was asked for. */
bool rc_evidence_is_wanted(const struct rc_evidence *evidence);

/* Ends the process where the options do not go together; for a filter that knows the tables itself, and opens what it wants. */
void rc_evidence_check(const struct rc_evidence *evidence, bool dry_run);

/* The same, with the tables that are watched, or where a file can't be opened. */
void rc_evidence_open(struct rc_evidence *evidence, bool dry_run);

/* In the transaction that has begun. */
void rc_evidence_begin(struct rc_evidence *evidence, struct rc_session *session);

/* After rc_transaction_settle(), and before COMMIT or the rollback; REFUSALS, which may be NULL without a plan, get what is not as planned. */
void rc_evidence_write(struct rc_evidence *evidence, struct rc_spool *refusals);

/* After COMMIT: what was written stays. */
void rc_evidence_keep(struct rc_evidence *evidence);

void rc_evidence_free(struct rc_evidence *evidence);

#endif

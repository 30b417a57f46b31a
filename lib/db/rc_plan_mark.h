/*
 * rc_plan_mark - the file PLAN.applied, which keeps a plan from being applied twice
 */
#ifndef RC_PLAN_MARK_H
#define RC_PLAN_MARK_H

#include "rc_output.h"
#include "rc_str.h"

/* {0} before. */
struct rc_plan_mark {
	struct rc_output out;	/* not for the caller */
	struct rc_buf path;
};

/* Makes the mark of PLAN, of which one call at a time has it; ends the process where there is one already. */
void rc_plan_mark_open(struct rc_plan_mark *mark, const char *plan);

/* Writes it; it stays by rc_pending_keep(). */
void rc_plan_mark_write(struct rc_plan_mark *mark);

void rc_plan_mark_free(struct rc_plan_mark *mark);

#endif

/*
 * rc_plan_differ - in what the rows that were changed differ from those of a plan
 *
 * For rc_plan.c, where their sums differ.
 */
#ifndef RC_PLAN_DIFFER_H
#define RC_PLAN_DIFFER_H

#include "rc_capture.h"
#include "rc_plan_file.h"
#include "rc_spool.h"

/*
 * Reads the rows of FILE, whose head was read, into temporary tables, and adds a
 * refusal for each that is not as it was when it was planned; where all are, for
 * each that was changed and not planned, or planned and not changed, and for
 * each table that has other numbers of new rows.
 */
void rc_plan_differ(struct rc_plan_file *file, const struct rc_capture *capture, struct rc_spool *refusals);

#endif

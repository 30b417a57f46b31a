/*
 * rc_check_report - results of checks as records, TAP, JUnit's XML, or a line for Nagios
 */
#ifndef RC_CHECK_REPORT_H
#define RC_CHECK_REPORT_H

#include "rc_check.h"

/* Adds {"id","target","status","ms","observed","expected","hint"} without a newline; the hint only where it is not ok. */
void rc_check_add_record(const struct rc_check *check, struct rc_buf *text);

/* Adds TAP 13: the plan, a line for each, and below one that is not ok what was observed. */
void rc_check_add_tap(const struct rc_check *checks, size_t count, struct rc_buf *text);

/* Adds a document that CI servers read; a warning is a success that has output. */
void rc_check_add_junit(const struct rc_check *checks, size_t count, struct rc_buf *text);

/* Adds one line with the state, what is wrong, and the times; returns Nagios' code: 0 ok, 1 warning, 2 critical, 3 unknown. */
int rc_check_add_nagios(const struct rc_check *checks, size_t count, struct rc_buf *text);

#endif

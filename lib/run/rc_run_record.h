/*
 * rc_run_record - what is kept of one run of rc-run: its line in the history
 */
#ifndef RC_RUN_RECORD_H
#define RC_RUN_RECORD_H

#include <stdbool.h>

#include "rc_clock.h"
#include "rc_str.h"

struct rc_run_record {
	const char *name, *slot, *parent;	/* the last two may be NULL */
	char **command;		/* ended by NULL */
	char start[RC_CLOCK_SIZE];
	long long began;	/* rc_clock_ms(), so that a clock which is set makes no duration wrong */
	const char *status;	/* ok, failed, timeout, skipped */
	int exit;		/* less than 0: none */
	int signal;		/* that ended the command, or 0 */
	const char *counts;	/* what its commands counted, a JSON object, or NULL */
	const char *message;	/* or NULL */
};

/* The run begins now. */
void rc_run_record_begin(struct rc_run_record *record);

/* Adds the record as a line, with the secrets masked (rc_mask.h). */
void rc_run_record_write(const struct rc_run_record *record, struct rc_buf *line);

/* Adds who we are, for others who find the lock taken: run id, pid, host and since when. */
void rc_run_record_sign(const struct rc_run_record *record, struct rc_buf *line);

/* Whether the history has a run of that name and slot that was ok. */
bool rc_run_record_is_done(const char *name, const char *slot);

#endif

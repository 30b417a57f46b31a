/*
 * rc_event_counts - what the commands of a run counted, by their events
 *
 * Of each command that no other one of ours has started, the counts of its
 * last event (rc_event.h) are added to those of others of its name.  Where no
 * events are written there are none, and a run within the run has its own.
 */
#ifndef RC_EVENT_COUNTS_H
#define RC_EVENT_COUNTS_H

#include <sys/types.h>

#include "rc_str.h"

enum { RC_EVENT_COUNTS_MAX = 64 };	/* more are passed over */

struct rc_event_counts {
	dev_t device;	/* of the events file when the run began; */
	ino_t inode;	/* 0: there was none */
	off_t size;

	struct rc_event_count { char *tool, *name; long long sum; } list[RC_EVENT_COUNTS_MAX];
	size_t length;
};

/* Before the run: where the events file ends now. */
void rc_event_counts_begin(struct rc_event_counts *counts);

/* After it: reads what came since.  What can't be read is passed over. */
void rc_event_counts_end(struct rc_event_counts *counts);

/* Adds them as a JSON object: {"TOOL":{"NAME":SUM,...},...}. */
void rc_event_counts_json(const struct rc_event_counts *counts, struct rc_buf *text);

/* Adds the lines of the figure rc_run_records, of the job NAME. */
void rc_event_counts_metrics(const struct rc_event_counts *counts, const char *name, struct rc_buf *text);

void rc_event_counts_free(struct rc_event_counts *counts);

#endif

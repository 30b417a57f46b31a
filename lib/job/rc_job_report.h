/*
 * rc_job_report - what a worker tells of its jobs, and to whom
 *
 * Counts them; and as it is told to writes a record for each that is settled,
 * lines of text when it starts and stops, warnings, a file with its figures for
 * Prometheus, and its state to the service manager (sd_notify(3)).
 */
#ifndef RC_JOB_REPORT_H
#define RC_JOB_REPORT_H

#include <stdbool.h>

#include "rc_job_map.h"
#include "rc_job_queue.h"
#include "rc_output.h"

enum rc_saying { RC_SAY_START, RC_SAY_STOPPING, RC_SAY_STOPPED, RC_SAYINGS };

struct rc_job_report_rules {
	bool done, trouble;	/* a record for each job that is done or goes back, and for each that is not */
	bool warn;		/* a warning for each that fails */
	const char *says[RC_SAYINGS];	/* lines of text, or NULL */
	const char *metrics;	/* the file, or NULL */
};

struct rc_job_counts {
	long long claimed, done, retried, failed, returned, late;
};

/* How the worker is, for the figures and the service manager. */
struct rc_job_state {
	long in_hand, given;	/* jobs; those that handlers have */
	bool away;		/* there is no session */
};

struct rc_job_report {
	struct rc_job_report_rules rules;
	const struct rc_job_rules *jobs;
	struct rc_job_map *map;
	struct rc_output out;
	struct rc_job_counts counts;
	long long next;		/* ms: when the state is to be told again, 0: never */
	long every;		/* ms between, at most */
	long long begun, settled;	/* seconds of the epoch: the start, and the last verdict in the table */
	bool ready;		/* the service manager knows that we are */
	bool failed;		/* the file could not be written */
};

void rc_job_report_start(struct rc_job_report *report, const struct rc_job_report_rules *rules, const struct rc_job_rules *jobs, struct rc_job_map *map);

/* Writes the line of text; whether there is one. */
bool rc_job_report_say(struct rc_job_report *report, enum rc_saying when);

/* A verdict is in the table; records may wait until the flush. */
void rc_job_report_settled(struct rc_job_report *report, const struct rc_job *job);
void rc_job_report_flush(struct rc_job_report *report);

/* So many verdicts were not taken, as the jobs were no longer ours. */
void rc_job_report_late(struct rc_job_report *report, long verdicts);

/* Tells the file and the service manager how it is. */
void rc_job_report_state(struct rc_job_report *report, const struct rc_job_state *state);

/* It is stopping, as the service manager has to know. */
void rc_job_report_stopping(void);

/* The last record, with the counts. */
void rc_job_report_counts(struct rc_job_report *report);

#endif

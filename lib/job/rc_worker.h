/*
 * rc_worker - the loop of a worker: claims jobs, has handlers do them, settles their verdicts
 *
 * One loop over the server's socket, the handlers' pipes and the signals, in
 * which nothing waits: while the server settles and claims, handlers work.  It
 * claims as many jobs ahead as handlers use up during a trip to the server.
 *
 * TERM, INT and HUP end it; USR1 prints what handlers have.
 */
#ifndef RC_WORKER_H
#define RC_WORKER_H

#include "rc_handlers.h"
#include "rc_job_map.h"
#include "rc_job_queue.h"
#include "rc_job_report.h"

struct rc_worker_rules {
	long poll_every, grace;	/* ms */
	long max_jobs, limit;	/* in hand at once; in all, -1: no limit */
	bool once;		/* until no job is due */
	struct rc_job_rules jobs;
	struct rc_handler_rules handlers;
	struct rc_job_report_rules report;
};

struct rc_worker {
	struct rc_worker_rules rules;
	struct rc_job_map *map;
	struct rc_job_index index;
	struct rc_job_queue queue;
	struct rc_handlers handlers;
	struct rc_job_report report;

	int signals;
	long target;		/* how many jobs are to wait for handlers */
	bool hungry;		/* there may be jobs to claim */
	bool curious;		/* it is time to ask whether there are any */
	int kept;		/* so many claims in a row found jobs of which none could be marked */
	long long next_poll;	/* ms */
	long long answered_since;	/* ms: the first verdict that waits to be settled, 0: none */
	bool gave_up;		/* the server was away for too long */
	bool unanswered;	/* and it did not take the last verdicts in time, or give back what was claimed last */
	bool stopping, ended;	/* no claims any more; the handlers were ended */
	long long stop_by;	/* ms: the end of the grace */
	struct rc_buf except;
};

/* Does jobs until it is told to end, or all is done; the exit code, or the end of the process where something can never work. */
int rc_worker_run(struct rc_worker *worker, const struct rc_worker_rules *rules, struct rc_job_map *map);

#endif

/*
 * rc_pool - records worked on by several threads, read and written by one
 *
 * The main thread alone reads, takes records apart and writes.  It puts each
 * record as a job into a ring, threads work on the jobs, and the main thread
 * writes them in the order they came in.  Memory is bounded by the ring: four
 * jobs a thread unless told, and 4 MB of records (one that is larger waits there alone).
 * With a slow source, what is done is written at once.
 *
 * A program that uses it has the line `links: -pthread` (see Makefile).
 */
#ifndef RC_POOL_H
#define RC_POOL_H

#include <stdbool.h>

#include "rc_record.h"
#include "rc_stream.h"

/* The first member of the program's own struct for a job. */
struct rc_pool_job {
	struct rc_record record;	/* what was decoded of it lives until the job is written, its text until prepare() returns */
	struct rc_buf line;		/* the record as it will be written, for finish() to add fields to */
	bool is_silent;			/* set by finish(): the line is not written */
	bool done;			/* the pool's */
};

enum { RC_POOL_THREADS_MAX = 256 };

struct rc_pool_work {
	size_t job_size;		/* of the program's own struct */
	size_t result_size;		/* bytes that finish() adds at most, mostly: a line that moves leaves a copy behind */
	size_t jobs_per_thread;		/* that wait or are done out of order; 0: four */
	/* In the main thread, instead of the input: makes the record, which is {0} or that of an earlier job; false at the end.  NULL: there is an input. */
	bool (*next)(struct rc_pool_job *job);
	/* In the main thread: decodes what work() needs, and removes the fields that will not be written. */
	void (*prepare)(struct rc_pool_job *job);
	/* In a worker: neither reads nor writes records, nor ends the process. */
	void (*work)(struct rc_pool_job *job, void *engine);
	/* In the main thread: adds the result to the line by rc_json_add_...() */
	void (*finish)(struct rc_pool_job *job);
	/* What one worker works with; both may be NULL. */
	void *(*engine_new)(void);
	void (*engine_free)(void *engine);
};

/* The number of cores that this process may use. */
int rc_pool_cores(void);

/* As many threads as there are descriptors for, each of which opens EACH; the limit is raised first as far as it goes. */
int rc_pool_fit(int threads, unsigned each);

/*
 * Works on all records of INPUT, which is NULL where there is a next(); OUTPUT is flushed before it waits.  Where
 * prepare() ends the process with RC_FATAL for bad input, the records before
 * are finished and written first.  One pool a process.
 */
void rc_pool_run(const struct rc_pool_work *work, int threads, struct rc_input *input, struct rc_output *output);

#endif

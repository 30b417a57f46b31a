/*
 * rc_handlers - the programs that do the jobs
 *
 * A handler is a program that reads jobs and writes verdicts, in any order, of
 * which several copies may run; or (exec) one that is run for each job, whose
 * exit status is the verdict.  It is one program for all jobs, or one for each
 * type, whose file in a folder has the type's name.
 *
 * A copy that dies, hangs or writes what is no verdict is ended.  Of the jobs
 * that it had the one that it must have been is tried again later, which counts
 * an attempt; where there were several each of them is given to a new copy that
 * has nothing else, so that the one that kills is found and the others do not
 * pay for it.
 */
#ifndef RC_HANDLERS_H
#define RC_HANDLERS_H

#include <poll.h>
#include <stdbool.h>

#include "rc_coprocess.h"
#include "rc_job.h"

struct rc_handler_rules {
	char *const *command;	/* for all jobs, ended by NULL; or NULL, and then */
	const char *folder;	/* where the programs of the types are */
	int copies;		/* of a handler, at most */
	int in_flight;		/* jobs that a copy has at once, at most */
	bool exec;
	long job_timeout;	/* ms without a verdict after which a copy is ended; 0: none */
	long stall;		/* ms without a verdict after which a copy gets an end of input */
};

struct rc_copy {
	struct rc_coprocess process;
	struct rc_job_list given;
	unsigned long line;	/* of its output */
	long long active;	/* ms: its last sign of life, or its last job before that */
	long long closed;	/* ms: when it closed its output, or 0 */
	long long ending;	/* ms: since when it gets no more jobs, or 0 */
	char *fault;		/* what it did wrong, or NULL */
	short in_index, out_index;	/* in the array of poll(2), or -1 */
	struct rc_copy *next;
};

struct rc_handler {
	char *name;		/* of the type, or of the one program */
	char *path[2];		/* its command where it has a type, ended by NULL */
	char *const *command;
	struct rc_job_list waiting;
	struct rc_copy *copies;
	int running;		/* copies that have not ended */
	int faults;		/* since the last verdict */
	long long again;	/* ms: when a copy may be started, after faults */
	bool warned;		/* of a stall */
	struct rc_handler *next;
};

struct rc_handlers {
	struct rc_handler_rules rules;
	struct rc_job_index *index;
	struct rc_handler *first;
	long waiting, given;	/* jobs */
	struct rc_job_list answered;	/* for the caller to take */
	bool stopping;
};

void rc_handlers_start(struct rc_handlers *handlers, const struct rc_handler_rules *rules, struct rc_job_index *index);

/* Takes the jobs of LIST to have them done; after rc_handlers_stop() they go back. */
void rc_handlers_take(struct rc_handlers *handlers, struct rc_job_list *list);

/* Gives what waits to copies that have room, and looks after those that take too long; how many ms until the next look. */
long rc_handlers_give(struct rc_handlers *handlers);

/* Adds what to poll to READY, which has room for ROOM, and gives the count; afterwards goes on with what is ready. */
int rc_handlers_poll(struct rc_handlers *handlers, struct pollfd *ready, int room);
void rc_handlers_go_on(struct rc_handlers *handlers, const struct pollfd *ready);

/* Looks which copies have ended; for after a SIGCHLD. */
void rc_handlers_reap(struct rc_handlers *handlers);

/* The types of which none should be claimed, as the text of an array; whether it is all of them. */
bool rc_handlers_paused(const struct rc_handlers *handlers, struct rc_buf *array);

/* An end of input for all copies, so that they write what they hold back. */
void rc_handlers_drain(struct rc_handlers *handlers);

/* Whether copies that have an end of input and no jobs are about to end; one that takes more than two seconds is ended. */
bool rc_handlers_linger(const struct rc_handlers *handlers);

/* No more: what waits goes back, and copies end when they have answered. */
void rc_handlers_stop(struct rc_handlers *handlers);

/* Ends all copies now; what they had goes back.  Frees all. */
void rc_handlers_end(struct rc_handlers *handlers);

/* A line for each job in hand, for a person. */
void rc_handlers_tell(const struct rc_handlers *handlers);

#endif

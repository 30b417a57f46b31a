/*
 * rc_job_queue - the table of jobs as a worker sees it: rounds of settling and claiming
 *
 * One round is one trip to the server and one transaction: the verdicts since
 * the round before, and a claim.  Nothing here waits, and a connection that is
 * lost is made again, at growing intervals, by rc_job_queue_go_on().  The
 * verdicts of a round whose answer was lost are given back as doubtful, and
 * what its claim may have taken is put back: each claim writes a moment into
 * updated_at that no other claim has.
 *
 * Where rc-job-setup has made the table rc.job_claim, each claim is noted there
 * with an advisory lock that the worker holds while it lives: whoever can take
 * that lock puts the claim's jobs back at once.
 *
 * In hold mode the claim is a transaction that stays open: its row locks hold
 * the jobs, and the verdicts go into it.  Rounds within it settle; the one that
 * closes it makes running what has no verdict yet, commits, and opens the next.
 * When the session is lost the server frees the rows at once, and what handlers
 * still have is taken anew as running where no one else has it.
 *
 * A verdict goes into the table only where the job is running still and has the
 * attempts that it had: what another worker has taken over is left alone.
 */
#ifndef RC_JOB_QUEUE_H
#define RC_JOB_QUEUE_H

#include <stdbool.h>

#include "rc_connection.h"
#include "rc_job.h"
#include "rc_job_map.h"
#include "rc_wish.h"

struct rc_job_rules {
	int attempts;		/* so many at most, then a job has failed */
	double delay_max;	/* seconds; 2^attempts below that */
	double jitter;		/* a part of the delay by which it differs at most, 0 to 1 */
	bool hold;		/* jobs are held by row locks of an open transaction; see below */
	double adopt_after;	/* seconds after which another's running job is taken to be lost; 0: never */
};

enum rc_queue_state { RC_QUEUE_AWAY, RC_QUEUE_LOGIN, RC_QUEUE_SETUP, RC_QUEUE_PREPARE, RC_QUEUE_FREE, RC_QUEUE_ROUND };

enum rc_statement_number { RC_CLAIM, RC_DONE, RC_FAIL, RC_BACK, RC_ASK, RC_HOLD, RC_HELD_DONE, RC_LEASE, RC_RETAKE, RC_RECOVER, RC_ADOPT,
    RC_NOTE, RC_FORGET, RC_KEEP, RC_LOST, RC_ASK_NOTED, RC_STATEMENTS, RC_BEGIN = RC_STATEMENTS, RC_COMMIT, RC_ROLLBACK };

/* What was sent in a round, in its order. */
struct rc_round_step {
	enum rc_statement_number statement;
	long jobs;		/* that it settles */
	bool doubtful;		/* some of which may have been settled before */
	bool held;		/* all of which are ours by row locks */
};

struct rc_job_queue {
	struct rc_job_rules rules;	/* set by rc_job_queue_start() */
	struct rc_job_map *map;
	struct rc_job_index *index;

	/* for the caller to look at */
	enum rc_queue_state state;
	struct rc_job_list claimed;	/* new ones, for the caller to take */
	struct rc_job_list settled;	/* with their verdicts in the table, for the caller to free */
	struct rc_job_list unsettled;	/* of a round that failed, for the caller to give again */
	bool notified;		/* there are jobs, or may be; for the caller to clear */
	long asked, got;	/* of the last claim; asked is 0 where it failed */
	bool kept;		/* the last claim found jobs that could not be marked as running */
	bool claim_over;	/* a claim has come to its end; for the caller to clear */
	bool open;		/* hold mode: a transaction is open, since OPENED (ms), */
	long long opened;
	long held;		/* with so many jobs whose verdict was not sent yet */
	long long away;		/* ms: since when there is no session, 0: there is one */
	long late;		/* verdicts that were not taken, for the job was no longer ours; for the caller to clear */

	/* for this file */
	struct rc_settings settings;
	struct rc_connection connection;
	struct rc_answer answer;	/* to the setup */
	char *statements[RC_STATEMENTS], *listen, *shape;
	long long again;	/* ms: when to log in anew, or to try a round again */
	long backoff;		/* ms */
	bool was_in;		/* there was a session before */
	bool told;		/* that the server is away */

	long long clock;	/* server's microseconds at rc_clock_ms() 0, about */
	long long moment;	/* of the last claim */
	bool doubtful;		/* whether it was made is not known */
	struct rc_buf from;	/* the last run_after that was claimed; empty: from the beginning */
	long long rescan;	/* ms: when to begin at the beginning again */
	long long adopt;	/* ms: when to look for lost jobs */
	struct rc_buf table;	/* its name, with the schema that it is found in */
	bool plain;		/* the database does not hold every character */
	int room;		/* so many characters last_error takes */
	bool inexact, told_inexact;	/* updated_at is not kept as it is written */
	bool noted;		/* there is rc.job_claim, where claims are noted */
	char lock[24], old_lock[24];	/* our session's advisory lock, and that of the session before */
	long long look;		/* ms: when to look for claims whose worker is gone */
	struct rc_wishes wishes;
	unsigned refused;	/* wishes that the server does not grant */
	bool orphans;		/* jobs were held when the session was lost: they are to be had again, or are someone else's */
	bool aborted;		/* the open transaction is to be rolled back */
	struct rc_job_list settling;
	struct rc_round_step *steps;
	int step_count, step_room, step;	/* the one whose result is awaited */
	PGresult *rows;		/* of the claim, until the round is known to have been committed */
	bool failed;		/* the round */
	struct rc_buf error;
	char sqlstate[RC_SQLSTATE_SIZE];
};

/* Reads the settings and the statements, or ends the process, and begins to log in. */
void rc_job_queue_start(struct rc_job_queue *queue, struct rc_job_map *map, struct rc_job_index *index, const struct rc_job_rules *rules);

/* The socket to poll, with EVENTS, or -1, and how many ms to wait at most (-1: none). */
int rc_job_queue_socket(const struct rc_job_queue *queue, short *events, long *wait);

/* Goes on with whatever is under way.  Ends the process where the first login, or a statement, can never work. */
void rc_job_queue_go_on(struct rc_job_queue *queue);

/*
 * Begins a round, while the state is RC_QUEUE_FREE: settles all of LIST, whose
 * jobs have verdicts and are taken out of it, and claims MOST jobs, none of the
 * types in EXCEPT (the text of an array, "{}" for none).  In hold mode a round
 * claims only where it is to CLOSE the open transaction, or none is open.
 */
void rc_job_queue_round(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except, bool close);

/*
 * Begins to ask, while the state is RC_QUEUE_FREE and nothing is in hand,
 * whether there is a job to claim, of no type in EXCEPT; where there is NOTIFIED
 * will be set.  False where a round has more to do than to claim.
 */
bool rc_job_queue_look(struct rc_job_queue *queue, const char *except);

/* The seconds until the next try of a job that has had so many attempts. */
double rc_job_queue_delay(const struct rc_job_rules *rules, int attempts);

/* Whether a job's verdict is its last one: done, failed, or at the limit of attempts. */
bool rc_job_queue_gives_up(const struct rc_job_rules *rules, const struct rc_job *job);

/* Ends the session; what it has in hand stays with the caller. */
void rc_job_queue_close(struct rc_job_queue *queue);

#endif

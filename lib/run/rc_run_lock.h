/*
 * rc_run_lock - one run of a name at a time, on this host or with a database
 *
 * The lock of the host (rc_lock.h) is taken by the run, and its command has it,
 * too.  That of the database is held by rc-db-lock, between the run and its
 * command, so that a run without it needs no libpq.
 */
#ifndef RC_RUN_LOCK_H
#define RC_RUN_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_lock.h"
#include "rc_run_record.h"

enum rc_run_lock_kind { RC_RUN_LOCK_NONE, RC_RUN_LOCK_HOST, RC_RUN_LOCK_DATABASE };

/* What to do where another run has it. */
enum rc_overlap {
	RC_OVERLAP_SKIP,	/* nothing: this run does not take place */
	RC_OVERLAP_WAIT,
	RC_OVERLAP_REPLACE,	/* of this host only: have the other one end */
};

struct rc_run_lock {
	/* set by the caller */
	char *name;
	enum rc_run_lock_kind kind;
	enum rc_overlap overlap;
	long patience;		/* milliseconds for another one to end; -1: with no end */

	struct rc_lock host;
	struct rc_lock slot;	/* of the host, too: from the look at the history until it is written */
	int told;		/* readable where rc-db-lock has told something; -1: there is none */
	bool held, busy;	/* what it told of the lock in the database: we have it, another one has it */
	struct rc_buf holder;	/* and who that is, as words */
	int inherited[2];	/* a descriptor that the command must have, too, ended by -1 */
	char **call;		/* for rc-db-lock, until it was started */
};

/* Before all else: LOCK is none. */
#define RC_RUN_LOCK_INIT { .slot.fd = -1, .told = -1, .inherited = { -1, -1 }, .patience = -1 }

/*
 * Takes the lock of the host for the run of RECORD, if it is that kind; false where another run has it still.  The run begins when it has it.
 * Ends the process where it can't be taken, or where it would wait for a run that it is itself a part of.
 */
bool rc_run_lock_take(struct rc_run_lock *lock, struct rc_run_record *record);

/* After it was not taken, or rc-db-lock has told that it is busy: who has it, as words for a message of SIZE bytes. */
void rc_run_lock_describe_holder(const struct rc_run_lock *lock, char *text, size_t size);

/* What is run so that COMMAND has the lock, ended by NULL: COMMAND itself, or rc-db-lock with it.  The array lives as long as the process. */
char **rc_run_lock_command(struct rc_run_lock *lock, char *command[]);

/* After the command was started. */
void rc_run_lock_started(struct rc_run_lock *lock);

/* Takes what rc-db-lock has told by now, without waiting. */
void rc_run_lock_listen(struct rc_run_lock *lock);

/*
 * After it has told that we have the lock, which is free again before our history is written: waits for a run of this host that still
 * writes its own, so that a slot is looked for in all of it.  rc_run_lock_end_slot() lets others.
 */
void rc_run_lock_take_slot(struct rc_run_lock *lock);
void rc_run_lock_end_slot(struct rc_run_lock *lock);

/* After it has told that we have the lock: whether it shall run the command, or end. */
void rc_run_lock_answer(struct rc_run_lock *lock, bool go_on);

#endif

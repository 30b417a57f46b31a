/*
 * rc_check - one check of a service: what is run, and what its answer means
 *
 * A check is a record; share/man/rc-check.1 lists its fields.  The program runs
 * as a process group of its own, without input, and what it writes to standard
 * output or error is read together.
 */
#ifndef RC_CHECK_H
#define RC_CHECK_H

#include <stdbool.h>

#include "rc_coprocess.h"
#include "rc_mem.h"
#include "rc_stream.h"

enum rc_check_status { RC_CHECK_OK, RC_CHECK_WARN, RC_CHECK_FAIL, RC_CHECK_SKIP, RC_CHECK_STATUSES };

extern const char *const rc_check_words[RC_CHECK_STATUSES];	/* ok, warn, fail, skip */

struct rc_check {
	const char *id, *target, *expected, *hint;	/* in the arena, or NULL; target is never NULL */
	char **command, **needs, **secrets;		/* each ended by NULL */
	long limit, pause;				/* milliseconds */
	int tries;
	bool answers_record, only_warns;
	struct rc_arena arena;

	/* the run */
	bool running, done;
	int tried;
	long long begun, started, next_try;	/* of the first try, of this one; by rc_clock_ms() */
	struct rc_coprocess process;

	/* the result */
	enum rc_check_status status;
	long long ms;
	struct rc_buf observed;
};

/* Makes CHECK, {0}, of the record that INPUT has just read; ends the process where it is none. */
void rc_check_read(struct rc_check *check, const struct rc_input *input, struct rc_record *record);

/* Starts a try; or, where a variable that it needs is not set, CHECK is done, skipped. */
void rc_check_start(struct rc_check *check, long long now);

/* Looks at a running check: reads, ends it at its limit, judges it where it has ended.  Not running any more, it is done or has NEXT_TRY set. */
void rc_check_look(struct rc_check *check, long long now);

/* Ends it, done, with this status and text. */
void rc_check_end(struct rc_check *check, enum rc_check_status status, const char *observed, long long now);

void rc_check_free(struct rc_check *check);

#endif

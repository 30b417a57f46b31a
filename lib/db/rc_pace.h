/*
 * rc_pace - a large change in batches, as fast as the server and its standbys can bear
 *
 * Before each batch the controller looks at the server, on the session and
 * outside a transaction, and the batch does not begin while
 *
 *   - the pause file exists,
 *   - a standby is further behind than it may be (rc_lag), or
 *   - the server's whole WAL, averaged from the begin of the batch before to
 *     now, comes faster than it may.
 *
 * A batch that alone costs more than a second of the allowed rate, or more than
 * half of the allowed lag, halves the next one; one that costs little doubles it
 * again, up to what the caller wants.
 *
 *	rc_pace_open(&pace, "records", most);
 *	rc_pace_start(&pace, &session);
 *	while ((n = take(pace.size)) > 0) {
 *		rc_pace_wait(&pace);
 *		... a transaction with n records, rc_transaction_commit() ...
 *		rc_pace_done(&pace, n, rows);
 *	}
 *
 * While it waits no transaction is open.  USR1 has it print how far it is, one
 * line on standard error; TERM, INT and HUP print what is committed and end the
 * process; and so it is told where the process ends with any other code than RC_OK.
 */
#ifndef RC_PACE_H
#define RC_PACE_H

#include <stdbool.h>

#include "rc_lag.h"
#include "rc_session.h"

/* The options of every filter that has them; their ids are RC_PACE_OPTIONS and the two behind it. */
#define RC_PACE_MAX_LAG "max-lag", "DURATION|SIZE", "begin no batch while a standby is further behind than that (10s, 64MB)"
#define RC_PACE_MAX_WAL_RATE "max-wal-rate", "SIZE", "begin no batch before the server's WAL is down to that a second (16MB)"
#define RC_PACE_PAUSE_FILE "pause-file", "FILE", "begin no batch while FILE exists"

struct rc_pace {
	long max_lag;		/* ms; 0: none */
	unsigned long long max_lag_bytes, max_rate;	/* 0: none */
	const char *pause_file;	/* or NULL */
	unsigned long long total;	/* that many there are, 0: not known; the caller's, too */

	long size;		/* from here on only to be read: of the next batch, at most */
	unsigned long long done, rows, batches;	/* what was committed, the rows that this changed, and in how many batches */

	const char *unit;	/* from here on not for the caller: what is counted */
	long most;
	struct rc_lag lag;
	struct { long long moment; unsigned long long wal; } begin;	/* of the batch before */
	long long start;
	double rate;		/* bytes a second, of the last batch and the wait behind it */
	int told;		/* why it waits, if that was told */
	bool told_none, told_rate;
};

/* Take an option's argument, or end the process by rc_usage(). */
void rc_pace_take_max_lag(struct rc_pace *pace, const char *argument);
void rc_pace_take_max_wal_rate(struct rc_pace *pace, const char *argument);
void rc_pace_take_pause_file(struct rc_pace *pace, const char *argument);

/* Whether any limit was given. */
bool rc_pace_is_wanted(const struct rc_pace *pace);

/* Hears the signals from here on; the work, which PACE must outlive, is done in batches of at most MOST things that UNIT names. */
void rc_pace_open(struct rc_pace *pace, const char *unit, long most);

/* The first look at the server, outside a transaction. */
void rc_pace_start(struct rc_pace *pace, struct rc_session *session);

/* Waits until the next batch may begin. */
void rc_pace_wait(struct rc_pace *pace);

/* COUNT more are committed and told, which were so many ROWS: signals, which COMMIT holds, are heard again, and the size is adapted. */
void rc_pace_done(struct rc_pace *pace, unsigned long long count, unsigned long long rows);

/* The work is over: nothing more is told of it. */
void rc_pace_end(struct rc_pace *pace);

#endif

/*
 * rc_lag - how far a server's WAL has come, and how far its standbys are behind it
 *
 * A standby's lag as a time comes from looks of ours, each a moment and the
 * position of the WAL then: it is the age of the newest one that the standby has
 * replayed.  The server's own column replay_lag does not grow while a standby
 * hangs.  What a standby had to do before our first look is not known: until it
 * has replayed that position its lag counts as without bounds.
 *
 * A standby is what pg_stat_replication has with a position that it has
 * replayed: standbys of this server, not those behind them, and subscribers of
 * logical replication as long as they are connected.  A physical one that was
 * there and is not any more stays where it was, for it will want all of the WAL
 * from there on; a warning tells of it.  Who knows that it won't come back begins anew.
 */
#ifndef RC_LAG_H
#define RC_LAG_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_session.h"

enum { RC_LAG_LOOKS = 512 };	/* looks that are kept; of more, each second one goes */

struct rc_lag_standby;

/* {0} but for the first two is a good beginning; free with rc_lag_free(). */
struct rc_lag {
	struct rc_session *session;
	bool standbys;		/* they are looked at, which needs the role pg_read_all_stats (pg_monitor has it) */

	unsigned long long wal;	/* from here on only to be read: the position of the last look, in bytes */
	long long moment;	/* of that look (rc_clock_ms()) */
	const char *slowest;	/* standby, or NULL where there is none; valid until the next look */
	bool gone;		/* it is not there any more */
	unsigned long long bytes;	/* that it is behind */
	bool known;		/* how long, and that time */
	long long ms;

	struct rc_lag_standby *list;	/* from here on not for the caller */
	size_t list_count;
	struct { long long moment; unsigned long long wal; } looks[RC_LAG_LOOKS];
	size_t look_count;
};

/*
 * Outside a transaction: looks at the server.  Ends the process where the role may not see the standbys, and as
 * rc_session does where the server is away.
 */
void rc_lag_look(struct rc_lag *lag);
void rc_lag_free(struct rc_lag *lag);

#endif

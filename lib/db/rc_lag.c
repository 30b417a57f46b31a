#include "rc_lag.h"

#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_mem.h"

struct rc_lag_standby {
	char *name;		/* and its place among those of the same name, as text */
	unsigned long long wal;	/* replayed */
	bool logical;		/* a subscriber, which may go for good */
	bool here;		/* at this look */
	bool missed;		/* told to be gone */
};

/* ---- standbys ---- */

static struct rc_lag_standby *
find_standby(struct rc_lag *lag, const char *name)
{
	struct rc_lag_standby *standby;

	for (size_t i = 0; i < lag->list_count; i++)
		if (strcmp(lag->list[i].name, name) == 0)
			return &lag->list[i];
	lag->list = rc_realloc(lag->list, rc_size_mul(lag->list_count + 1, sizeof *lag->list));
	standby = &lag->list[lag->list_count++];
	*standby = (struct rc_lag_standby){ .name = rc_strndup(name, strlen(name)) };
	return standby;
}

static unsigned long long
read_position(const PGresult *answer, int row, int column)
{
	const char *text = rc_result_text(answer, row, column);

	if (*text == '\0' || strlen(text) > 20 || strspn(text, "0123456789") != strlen(text))
		rc_session_misled("the position of the WAL");
	return strtoull(text, NULL, 10);
}

enum { WAL, MAY_SEE, NAME, STATE, REPLAYED, LOGICAL };

static void
take_standby(struct rc_lag *lag, const PGresult *answer, int row)
{
	struct rc_lag_standby *standby;

	/* pg_basebackup and pg_receivewal replay nothing; a standby that has just come has not said yet what it has. */
	if (strcmp(rc_result_text(answer, row, STATE), "backup") == 0 || *rc_result_text(answer, row, REPLAYED) == '\0')
		return;
	standby = find_standby(lag, rc_result_text(answer, row, NAME));
	standby->wal = read_position(answer, row, REPLAYED);
	standby->logical = *rc_result_text(answer, row, LOGICAL) == 't';
	standby->here = true;
	standby->missed = false;
}

/* What becomes of those that are not there. */
static void
look_for_missing(struct rc_lag *lag)
{
	for (size_t i = 0; i < lag->list_count; i++) {
		struct rc_lag_standby *standby = &lag->list[i];

		if (standby->here)
			continue;
		if (standby->logical) {
			free(standby->name);
			*standby = lag->list[--lag->list_count];
			i--;
			continue;
		}
		if (!standby->missed)
			rc_warn("the standby %s is gone, and counts with what it had replayed; if that is for good, end this run and call it again", standby->name);
		standby->missed = true;
	}
}

/* ---- looks ---- */

static void
add_look(struct rc_lag *lag)
{
	size_t last = lag->look_count - 1, kept = 0;

	if (lag->look_count > 0 && lag->looks[last].wal == lag->wal) {
		lag->looks[last].moment = lag->moment;	/* nothing was written since */
		return;
	}
	if (lag->look_count == RC_LAG_LOOKS) {
		for (size_t i = 0; i < lag->look_count; i += 2)
			lag->looks[kept++] = lag->looks[i];
		lag->look_count = kept;
	}
	lag->looks[lag->look_count].moment = lag->moment;
	lag->looks[lag->look_count++].wal = lag->wal;
}

/* Finds the slowest standby, and drops the looks that all have passed but the last of them. */
static void
measure(struct rc_lag *lag)
{
	const struct rc_lag_standby *slowest = NULL;
	size_t passed = 0;

	for (size_t i = 0; i < lag->list_count; i++)
		if (slowest == NULL || lag->list[i].wal < slowest->wal)
			slowest = &lag->list[i];
	lag->slowest = slowest == NULL ? NULL : slowest->name;
	lag->gone = slowest != NULL && !slowest->here;
	lag->bytes = slowest == NULL || slowest->wal >= lag->wal ? 0 : lag->wal - slowest->wal;
	lag->ms = 0;
	lag->known = true;
	while (passed < lag->look_count && (slowest == NULL || lag->looks[passed].wal <= slowest->wal))
		passed++;
	if (lag->bytes > 0) {
		lag->known = passed > 0;
		lag->ms = lag->moment - lag->looks[passed > 0 ? passed - 1 : 0].moment;
	}
	if (passed > 1) {
		lag->look_count -= passed - 1;
		memmove(lag->looks, lag->looks + passed - 1, lag->look_count * sizeof *lag->looks);
	}
}

void
rc_lag_look(struct rc_lag *lag)
{
	/* Of two standbys of one name the second has its number behind it. */
	static const char with_standbys[] =
	    "select here.wal, here.may_see, pg_catalog.concat(r.application_name, ' at ' operator(pg_catalog.||) pg_catalog.host(r.client_addr),"
	    "   case when r.number operator(pg_catalog.<>) 1 then ' #' operator(pg_catalog.||) r.number::pg_catalog.text end),"
	    "  r.state, pg_catalog.pg_wal_lsn_diff(r.replay_lsn, '0/0'), r.logical"
	    " from (select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0') as wal, pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as may_see) here"
	    " left join (select s.*, l.slot_type operator(pg_catalog.=) 'logical' as logical,"
	    "    pg_catalog.row_number() over (partition by s.application_name, s.client_addr order by s.pid) as number"
	    "   from pg_catalog.pg_stat_replication s left join pg_catalog.pg_replication_slots l on l.active_pid operator(pg_catalog.=) s.pid) r on true";
	PGresult *answer;

	lag->moment = rc_clock_ms();	/* before, so that a lag is rather too long */
	answer = rc_session_query(lag->session, "the position of the WAL", lag->standbys ? with_standbys :
	    "select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')", NULL);
	lag->wal = read_position(answer, 0, WAL);
	add_look(lag);
	if (lag->standbys && *rc_result_text(answer, 0, MAY_SEE) != 't')
		rc_die(RC_FATAL, "the role %s may not see how far standbys are: it needs the role pg_monitor", PQuser(lag->session->connection.libpq));
	for (size_t i = 0; i < lag->list_count; i++)
		lag->list[i].here = false;
	for (int row = 0; lag->standbys && row < PQntuples(answer); row++)
		take_standby(lag, answer, row);
	look_for_missing(lag);
	measure(lag);
	PQclear(answer);
}

void
rc_lag_free(struct rc_lag *lag)
{
	for (size_t i = 0; i < lag->list_count; i++)
		free(lag->list[i].name);
	free(lag->list);
	*lag = (struct rc_lag){0};
}

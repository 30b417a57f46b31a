/*
 * rc-db-lock - run a command while holding a lock in the database
 *
 * The lock is an advisory one of a transaction that stays open, so it works
 * through a pooler too, and is gone with this process or its connection,
 * however they end.  If the connection breaks, the command is ended, since
 * another host may begin then.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_guard.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_TIMEOUT = RC_OPT_LONG, OPT_DIRECT, OPT_TELL };

static const struct rc_option options[] = {
	{ OPT_TIMEOUT, "timeout", "DURATION", "give up after that time; 0 is at once (default: wait as long as it takes)" },
	{ OPT_DIRECT, "direct", NULL, "use the address in RC_LOCK_URL, where it is set, and refuse a pooler" },
	{ OPT_TELL, "tell", "FD", "the socket of a program that is told of the lock and asked whether to go on" },
	RC_OPTION_END
};

static const char *const example[] = { "example", "--", "true", NULL };

static const struct rc_program program = {
	.name = "rc-db-lock",
	.synopsis = "[--timeout DURATION] NAME -- COMMAND [ARGUMENT ...]",
	.summary = "run a command while holding a lock in the database",
	.options = options,
	.writes = "what the command writes",
	.example = example,
};

/* What rc-run hears of the lock; a few hundred bytes, so that one write takes them all. */
static void
tell(int fd, const char *words, size_t length)
{
	if (fd >= 0 && write(fd, words, length) != (ssize_t)length)
		rc_die(RC_RETRY, "cannot write to --tell: %s", strerror(errno));
}

/* With the lock: whether the program that we tell of it wants the command to run. */
static bool
is_wanted(int fd)
{
	char answer = 'g';

	while (fd >= 0 && read(fd, &answer, 1) != 1)
		if (errno != EINTR)
			return false;
	return answer == 'g';
}

/* A pooler may give the server's process to others; RC_POOLER=session says that this one does not. */
static void
refuse_pooler(const struct rc_session *session)
{
	const char *kind = getenv("RC_POOLER");

	if (session->pooled && (kind == NULL || strcmp(kind, "session") != 0))
		rc_die(RC_FATAL, "there is a pooler before the database: name a direct address in RC_LOCK_URL, or set RC_POOLER=session");
}

/*
 * Who has the lock, since when and where from, as the server knows it; after the transaction was rolled back.  The statement that took the lock
 * is the holder's last one, so it is idle since then; its transaction may have begun, and waited, long before.
 */
static void
add_holder(struct rc_session *session, const char *name, struct rc_buf *words)
{
	const struct rc_parameters parameters = { .count = 1, .values = &name };
	PGresult *result = rc_session_exec(session, "select pg_catalog.format('pid %s (%s) from %s since %s', a.pid, a.application_name,"
	    " coalesce(pg_catalog.host(a.client_addr), 'the server itself'), a.state_change)"
	    " from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid,"
	    " pg_catalog.hashtextextended('rc-db-lock ' || $1::text, 0) k"
	    " where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.datname = pg_catalog.current_database()"
	    " and l.classid::bigint = (k >> 32) & 4294967295 and l.objid::bigint = k & 4294967295", &parameters);

	rc_buf_add_text(words, PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "another session");
	rc_buf_text(words);
	PQclear(result);
}

/* Waits for the lock NAME for TIMEOUT milliseconds (0: with no end), and says after a second who holds it. */
static void
lock(struct rc_session *session, const char *name, long timeout, bool direct, int told)
{
	/* The server's own limits would end the wait, or the transaction under the command. */
	static const struct rc_transaction transaction = { .patience = RC_NO_LIMIT };
	const struct rc_parameters parameters = { .count = 1, .values = &name };
	PGresult *result;

	session->lock_timeout = timeout;
	session->lock_tries = 1;
	session->find_blocker = session->report_blocker = true;
	rc_transaction_begin(session, &transaction);
	if (direct)
		refuse_pooler(session);
	result = rc_session_exec(session, "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rc-db-lock ' || $1::text, 0))", &parameters);
	if (rc_result_is_locked(result) && told >= 0) {
		struct rc_buf words = {0};

		PQclear(result);
		rc_transaction_rollback(session);
		rc_buf_add(&words, "b", 1);
		add_holder(session, name, &words);
		tell(told, words.bytes, words.length);
		rc_exit(RC_RETRY);
	}
	if (rc_result_is_locked(result) && session->blocker == NULL)
		rc_die(RC_RETRY, "%s: no lock within %ld ms: another session holds it", name, timeout);
	if (!rc_result_is_good(result))
		rc_session_die(session, result, name);
	if (PQntuples(result) != 1)
		rc_session_misled(name);
	PQclear(result);
	tell(told, "h", 1);
}

/* Sets the address of the next login, and afterwards that of the command again. */
static void
use_address(const char *url)
{
	if ((url == NULL ? unsetenv("DATABASE_URL") : setenv("DATABASE_URL", url, 1)) != 0)
		rc_die(RC_RETRY, "out of memory");
}

int
main(int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	long timeout = 0;
	bool direct = false;
	struct rc_session session;
	int opt, told = -1;
	char *kept = NULL;
	const char *name, *outer = getenv("DATABASE_URL");
	long long began;
	char counts[64];

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (opt == OPT_TIMEOUT && (timeout = rc_opt_duration("timeout", optarg)) == 0)
			timeout = 1;	/* the server has no shorter one */
		if (opt == OPT_DIRECT)
			direct = true;
		if (opt == OPT_TELL)
			told = (int)rc_opt_long("tell", optarg, 3, INT_MAX);
	}
	if (optind == argc)
		rc_usage("a name and, after --, a command are needed");
	name = argv[optind];
	if (optind + 1 < argc)
		rc_usage("unexpected argument '%s'; a command stands after --", argv[optind + 1]);
	if (command == NULL)
		rc_usage("a command is needed after --");
	if (*name == '\0')
		rc_usage("the name is empty");
	if (!rc_utf8_valid(name, strlen(name)))
		rc_usage("the name is not UTF-8");
	if (told >= 0 && fcntl(told, F_SETFD, FD_CLOEXEC) != 0)
		rc_die(RC_FATAL, "--tell %d is not open", told);
	if (direct && getenv("RC_LOCK_URL") != NULL) {
		if (outer != NULL)
			outer = kept = rc_strndup(outer, strlen(outer));
		use_address(getenv("RC_LOCK_URL"));
	}
	rc_session_open(&session);
	use_address(outer);
	free(kept);
	began = rc_clock_ms();
	lock(&session, name, timeout, direct, told);
	snprintf(counts, sizeof counts, "{\"waited_ms\":%lld}", rc_clock_ms() - began);
	rc_event_set_counts(counts);
	if (!is_wanted(told))
		return rc_leave(RC_OK);

	return rc_leave(rc_guard_run(&session, command, "the lock"));
}

/*
 * rc-db-lock - run a command while holding a lock in the database
 *
 * The lock is an advisory one of a transaction that stays open, so it works
 * through a pooler too, and is gone with this process or its connection,
 * however they end.  If the connection breaks, the command is ended, since
 * another host may begin then.
 */
#include <stdio.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_guard.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_TIMEOUT = RC_OPT_LONG };

static const struct rc_option options[] = {
	{ OPT_TIMEOUT, "timeout", "DURATION", "give up after that time; 0 is at once (default: wait as long as it takes)" },
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

/* Waits for the lock NAME for TIMEOUT milliseconds (0: with no end), and says after a second who holds it. */
static void
lock(struct rc_session *session, const char *name, long timeout)
{
	/* The server's own limits would end the wait, or the transaction under the command. */
	static const struct rc_transaction transaction = { .patience = RC_NO_LIMIT };
	const struct rc_parameters parameters = { .count = 1, .values = &name };
	PGresult *result;

	session->lock_timeout = timeout;
	session->lock_tries = 1;
	session->find_blocker = session->report_blocker = true;
	rc_transaction_begin(session, &transaction);
	result = rc_session_exec(session, "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rc-db-lock ' || $1::text, 0))", &parameters);
	if (rc_result_is_locked(result) && session->blocker == NULL)
		rc_die(RC_RETRY, "%s: no lock within %ld ms: another session holds it", name, timeout);
	if (!rc_result_is_good(result))
		rc_session_die(session, result, name);
	if (PQntuples(result) != 1)
		rc_session_misled(name);
	PQclear(result);
}

int
main(int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	long timeout = 0;
	struct rc_session session;
	int opt;
	const char *name;
	long long began;
	char counts[64];

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		if (opt == OPT_TIMEOUT && (timeout = rc_opt_duration("timeout", optarg)) == 0)
			timeout = 1;	/* the server has no shorter one */
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
	rc_session_open(&session);
	began = rc_clock_ms();
	lock(&session, name, timeout);
	snprintf(counts, sizeof counts, "{\"waited_ms\":%lld}", rc_clock_ms() - began);
	rc_event_set_counts(counts);

	return rc_leave(rc_guard_run(&session, command, "the lock"));
}

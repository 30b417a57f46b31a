/*
 * rc-db-wait - wait until a database takes a login and answers a query
 *
 * Logs in as the user that will work, to the database that is meant: a server
 * that answers is not yet a database that can be used.  What waiting can't
 * cure (a wrong password, an unknown role, a fault in the settings) ends it at
 * once.  Name look-ups are libpq's and are not cut off by --try-timeout.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "rc_child.h"
#include "rc_clock.h"
#include "rc_connection.h"
#include "rc_event.h"
#include "rc_login.h"
#include "rc_opt.h"
#include "rc_result.h"
#include "rc_schema.h"
#include "rc_settings.h"
#include "rc_stream.h"

enum {
	OPT_TRIES = RC_OPT_LONG, OPT_INTERVAL, OPT_TRY_TIMEOUT, OPT_BACKOFF, OPT_TIMEOUT, OPT_SQL, OPT_MIGRATIONS, OPT_STABLE,
	OPT_KEEP_TRYING
};
enum { BACKOFF_MAX = 30000 };

static const struct rc_option options[] = {
	{ OPT_TRIES, "tries", "N", "give up after N tries (default: 30)" },
	{ OPT_INTERVAL, "interval", "DURATION", "wait that long between two tries (default: 2s)" },
	{ OPT_TRY_TIMEOUT, "try-timeout", "DURATION", "let each host, and then the query, take that long (default: 5s)" },
	{ OPT_BACKOFF, "backoff", NULL, "double the interval after each try, up to 30s" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "give up after that time, whatever the number of tries (default: none)" },
	{ OPT_SQL, "sql", "QUERY", "wait until QUERY gives true (default: select true)" },
	{ OPT_MIGRATIONS, "migrations", "FILE", "wait until each {\"app\",\"name\"} of FILE stands in django_migrations" },
	{ OPT_STABLE, "stable", "N", "wait for N tries in a row that the same start of the server answers (default: 1)" },
	{ OPT_KEEP_TRYING, "keep-trying", NULL, "also after a wrong password or an unknown role" },
	RC_OPTION_END
};

static const char *const example[] = { "--tries", "1", NULL };

static const struct rc_program program = {
	.name = "rc-db-wait",
	.synopsis = "[--tries N] [--interval DURATION] [--try-timeout DURATION] [--backoff] [--timeout DURATION] "
	    "[--sql QUERY] [--migrations FILE] [--stable N] [--keep-trying] [-- COMMAND [ARGUMENT ...]]",
	.summary = "wait until a database takes a login and answers a query",
	.options = options,
	.writes = "on standard error where there is a COMMAND, a record for each try: "
	    "{\"try\",\"tries\",\"status\",\"sqlstate\",\"message\",\"database\",\"ms\",\"wait_s\"}",
	.example = example,
};

/* What the database must have to be used. */
struct wish {
	const char *query;
	char *migrations;	/* a JSON array of {"app","name"}, or NULL */
	long stable;		/* tries in a row */
};

/* How one try ended. */
enum verdict { AVAILABLE, NOT_YET, HOPELESS };

struct attempt {
	enum verdict verdict;
	char sqlstate[RC_SQLSTATE_SIZE];
	struct rc_buf message, where;
	char started[64];	/* when the server was */
	long ms;
};

static void
sleep_ms(long ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&rest, &rest) != 0)
		;
}

/* Of errors in the query, those of something that may still be made (a table, a column, a schema, a function). */
static bool
may_come(const char *sqlstate)
{
	static const char *const codes[] = { "42P01", "42703", "3F000", "42883" };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(sqlstate, codes[i]) == 0)
			return true;
	return rc_sqlstate_class(sqlstate) == RC_RETRY;
}

/* What an answer that has come says: AVAILABLE where it is true, else its text, if it has one, says what is missing. */
static void
judge(const PGresult *result, struct attempt *attempt)
{
	const char *truth = rc_result_text(result, 0, 0);

	memcpy(attempt->sqlstate, rc_result_sqlstate(result), strlen(rc_result_sqlstate(result)) + 1);
	if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
		attempt->verdict = may_come(attempt->sqlstate) ? NOT_YET : HOPELESS;
		rc_buf_printf(&attempt->message, "the query failed: %s", rc_result_words(result));
	} else if (strcmp(truth, "t") == 0) {
		attempt->verdict = AVAILABLE;
		snprintf(attempt->started, sizeof attempt->started, "%s", rc_result_text(result, 0, 1));
	} else if (PQntuples(result) >= 1 && PQnfields(result) >= 2) {
		rc_buf_add_text(&attempt->message, rc_result_text(result, 0, 1));
	} else {
		rc_buf_add_text(&attempt->message, "the query does not give true yet");
	}
}

/* Runs QUERY and judges its answer. */
static void
ask(struct rc_connection *connection, const char *query, long timeout, struct attempt *attempt)
{
	const struct rc_failure *failure = &connection->failure;
	PGresult *result;

	attempt->verdict = NOT_YET;
	*attempt->sqlstate = '\0';
	switch (rc_connection_ask(connection, query, timeout, &result)) {
	case RC_BUSY:
		rc_buf_add_text(&attempt->message, "no answer to the query in time");
		break;
	case RC_FAILED:
		attempt->verdict = failure->hopeless ? HOPELESS : NOT_YET;
		rc_buf_printf(&attempt->message, "the query failed: %s", failure->hopeless ? failure->words.bytes : "the connection broke");
		break;
	case RC_READY:
		judge(result, attempt);
		break;
	}
	rc_buf_text(&attempt->message);
	PQclear(result);
}

/* Asks which of the MIGRATIONS are missing, in RC_SCHEMA where the tables are in that one. */
static void
ask_migrations(struct rc_connection *connection, const char *migrations, long timeout, struct attempt *attempt)
{
	char *wanted = PQescapeLiteral(connection->libpq, migrations, strlen(migrations));
	struct rc_buf sql = {0};
	PGresult *ignored;	/* what fails here fails in the query, too */

	if (wanted == NULL)
		rc_die(RC_RETRY, "out of memory");
	if (rc_schema_add(&sql, connection->libpq, "set local")) {
		rc_connection_ask(connection, "begin", timeout, &ignored);
		PQclear(ignored);
		rc_connection_ask(connection, rc_buf_text(&sql), timeout, &ignored);	/* gone with the connection, also in a pooler */
		PQclear(ignored);
		sql.length = 0;
	}
	rc_buf_printf(&sql, "select pg_catalog.count(*) = 0, 'migrations are missing: ' || pg_catalog.count(*)::text || ', the first is ' ||"
	    " (pg_catalog.array_agg(app || '.' || name order by number))[1]"
	    " from rows from (pg_catalog.json_to_recordset(%s) as (app text, name text)) with ordinality as wanted (app, name, number)"
	    " where not exists (select from django_migrations as applied where applied.app = wanted.app and applied.name = wanted.name)",
	    wanted);
	ask(connection, rc_buf_text(&sql), timeout, attempt);
	PQfreemem(wanted);
	rc_buf_free(&sql);
}

/* Asks for all that is wished for, one query after the other. */
static void
ask_all(struct rc_connection *connection, const struct wish *wish, long timeout, struct attempt *attempt)
{
	ask(connection, wish->query, timeout, attempt);
	if (attempt->verdict == AVAILABLE && wish->migrations != NULL)
		ask_migrations(connection, wish->migrations, timeout, attempt);
	if (attempt->verdict == AVAILABLE && wish->stable > 1)
		ask(connection, "select true, pg_catalog.pg_postmaster_start_time()::text", timeout, attempt);
}

/* Whether a login that failed should not be tried again.  28: the server knows us and says no; 3D000, no such database, may still be made. */
static bool
is_hopeless(const struct rc_failure *failure, bool keep_trying)
{
	bool refused = strncmp(failure->sqlstate, "28", 2) == 0 || strcmp(failure->sqlstate, "08P01") == 0;	/* 08P01: a pooler's way to say so */

	return (failure->hopeless || refused) && !(refused && keep_trying);
}

static void
attempt_once(const struct rc_settings *settings, const struct wish *wish, const struct rc_login_limits *limits, bool keep_trying,
    struct attempt *attempt)
{
	long long start = rc_clock_ms();
	struct rc_connection connection;

	*attempt = (struct attempt){0};
	if (rc_connection_open(&connection, settings, limits)) {
		long left = limits->all == 0 ? limits->address : limits->all - (long)(rc_clock_ms() - start);

		rc_connection_add_where(&connection, &attempt->where);
		ask_all(&connection, wish, left < 1 ? 1 : left < limits->address ? left : limits->address, attempt);
	} else {
		memcpy(attempt->sqlstate, connection.failure.sqlstate, sizeof attempt->sqlstate);
		rc_buf_add_text(&attempt->message, rc_buf_text(&connection.failure.words));
		rc_buf_text(&attempt->message);
		rc_buf_add_text(&attempt->where, rc_buf_text(&connection.failure.where));
		rc_buf_text(&attempt->where);
		attempt->verdict = is_hopeless(&connection.failure, keep_trying) ? HOPELESS : NOT_YET;
	}
	rc_connection_close(&connection);
	attempt->ms = (long)(rc_clock_ms() - start);
}

static void
report(struct rc_output *out, const struct attempt *attempt, const char *status, long number, long tries, long wait)
{
	struct rc_buf line = {0};
	char seconds[32];

	snprintf(seconds, sizeof seconds, "%g", (double)wait / 1000);
	rc_json_open(&line);
	rc_json_add_integer(&line, "try", number);
	rc_json_add_integer(&line, "tries", tries);
	rc_json_add_text(&line, "status", status);
	rc_json_add_text(&line, "sqlstate", *attempt->sqlstate == '\0' ? NULL : attempt->sqlstate);
	rc_json_add_text(&line, "message", attempt->message.length == 0 ? NULL : attempt->message.bytes);
	rc_json_add_text(&line, "database", attempt->where.bytes);
	rc_json_add_integer(&line, "ms", attempt->ms);
	rc_json_add_value(&line, "wait_s", wait < 0 ? "null" : seconds);
	rc_json_close(&line);
	rc_output_line(out, line.bytes, line.length);
	rc_output_flush(out);	/* whoever waits wants to see each try */
	rc_buf_free(&line);
}

/* Reads the migrations into a JSON array; nothing else of the records goes to the server. */
static char *
read_migrations(char *path)
{
	struct rc_buf array = {0};
	struct rc_record record = {0};
	struct rc_input in;

	rc_input_open(&in, 1, &path);
	while (rc_input_next(&in, &record)) {
		const char *app = rc_input_need_string(&in, &record, "app");
		const char *name = rc_input_need_string(&in, &record, "name");

		rc_buf_add(&array, array.length == 0 ? "[" : ",", 1);
		rc_json_open(&array);
		rc_json_add_text(&array, "app", app);
		rc_json_add_text(&array, "name", name);
		rc_json_close(&array);
	}
	if (array.length == 0 && !in.whole)	/* what should have made the list may have failed */
		rc_die(RC_FATAL, "%s: no migrations in it", path);
	rc_buf_add_text(&array, array.length == 0 ? "[]" : "]");
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
	return rc_buf_text(&array);
}

/* Becomes the command, which is not ours any more: it has neither our run id nor our end with the parent. */
static _Noreturn void
become(char *command[])
{
	rc_leave(RC_OK);
	prctl(PR_SET_PDEATHSIG, 0);
	unsetenv("RC_RUN_ID");
	unsetenv("RC_PARENT");
	rc_child_become(command, NULL);
}

static void
end_by(int signal_number)
{
	_exit(128 + signal_number);
}

/* As the first process of a container: the kernel drops the signals that such a one has no handler for. */
static void
take_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; getpid() == 1 && i < sizeof ends / sizeof *ends; i++)
		if (signal(ends[i], end_by) == SIG_IGN)
			signal(ends[i], SIG_IGN);
}

static void
free_attempt(struct attempt *attempt)
{
	rc_buf_free(&attempt->message);
	rc_buf_free(&attempt->where);
}

int
main(int argc, char *argv[])
{
	long tries = 30, interval = 2000, try_timeout = 5000, timeout = 0, in_a_row = 0;
	struct wish wish = { .query = "select true", .stable = 1 };
	bool backoff = false, keep_trying = false;
	char started[sizeof ((struct attempt *)0)->started] = "";
	char **command = rc_opt_command(&argc, argv), *migrations = NULL;
	struct rc_settings settings = {0};
	struct rc_output out;
	struct attempt attempt;
	long long start;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_TRIES: tries = rc_opt_long("tries", optarg, 1, 1000000); break;
		case OPT_INTERVAL: interval = rc_opt_duration("interval", optarg); break;
		case OPT_TRY_TIMEOUT: try_timeout = rc_opt_duration("try-timeout", optarg); break;
		case OPT_BACKOFF: backoff = true; break;
		case OPT_TIMEOUT: timeout = rc_opt_duration("timeout", optarg); break;
		case OPT_SQL: wish.query = optarg; break;
		case OPT_MIGRATIONS: migrations = optarg; break;
		case OPT_STABLE: wish.stable = rc_opt_long("stable", optarg, 1, 1000); break;
		case OPT_KEEP_TRYING: keep_trying = true; break;
		}
	}
	take_signals();
	if (optind < argc)
		rc_usage("unexpected argument '%s'; a command stands after --", argv[optind]);
	if (try_timeout == 0)
		rc_usage("--try-timeout must be more than 0");
	if (wish.stable > tries)
		rc_usage("--stable must not be more than --tries (%ld)", tries);
	if (migrations != NULL)
		wish.migrations = read_migrations(migrations);
	rc_output_open(&out, NULL);
	if (command != NULL)
		out.fd = STDERR_FILENO, out.name = "<stderr>";

	rc_login_read(&settings);
	start = rc_clock_ms();
	for (long number = 1;; number++) {
		long left = timeout == 0 ? 0 : (long)(start + timeout - rc_clock_ms());
		struct rc_login_limits limits = { .address = try_timeout, .all = timeout > 0 && left < 1 ? 1 : left };
		bool last, hopeless;

		attempt_once(&settings, &wish, &limits, keep_trying, &attempt);
		if (attempt.verdict == AVAILABLE) {
			/* One that answers while it is set up and then restarts (containers do so) has another start. */
			in_a_row = in_a_row > 0 && strcmp(started, attempt.started) == 0 ? in_a_row + 1 : 1;
			strcpy(started, attempt.started);
		} else {
			in_a_row = 0;
		}
		if (in_a_row == wish.stable) {
			report(&out, &attempt, "available", number, tries, -1);
			free_attempt(&attempt);
			free(wish.migrations);
			rc_settings_wipe(&settings);
			if (command != NULL)
				become(command);
			return rc_finish(NULL, &out);
		}
		if (in_a_row > 0) {
			rc_buf_printf(&attempt.message, "%ld of %ld tries in a row were good", in_a_row, wish.stable);
			rc_buf_text(&attempt.message);
		}
		hopeless = attempt.verdict == HOPELESS;
		last = number == tries || (timeout > 0 && rc_clock_ms() - start + interval >= timeout);
		report(&out, &attempt, hopeless ? "refused" : in_a_row > 0 ? "settling" : "unavailable", number, tries,
		    last || hopeless ? -1 : interval);
		if (hopeless)
			rc_die(RC_FATAL, "%s: %s", attempt.where.bytes, rc_buf_text(&attempt.message));
		if (last)
			rc_die(RC_RETRY, "%s: not available after %ld %s in %lld s: %s", attempt.where.bytes, number, number == 1 ? "try" : "tries",
			    (rc_clock_ms() - start + 500) / 1000, rc_buf_text(&attempt.message));
		free_attempt(&attempt);
		sleep_ms(interval);
		if (backoff && interval < BACKOFF_MAX)
			interval = interval * 2 < BACKOFF_MAX ? interval * 2 : BACKOFF_MAX;
	}
}

/*
 * rc-db-wait - wait until a database takes a login and answers a query
 *
 * Logs in as the user that will work, to the database that is meant: a server
 * that answers is not yet a database that can be used.  What waiting can't
 * cure (a wrong password, an unknown role, a fault in the settings) ends it at
 * once.  Name look-ups are libpq's and are not cut off by --try-timeout.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rc_clock.h"
#include "rc_db.h"
#include "rc_event.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_TRIES = RC_OPT_LONG, OPT_INTERVAL, OPT_TRY_TIMEOUT, OPT_BACKOFF, OPT_TIMEOUT, OPT_SQL, OPT_KEEP_TRYING };
enum { BACKOFF_MAX = 30000 };

static const struct rc_option options[] = {
	{ OPT_TRIES, "tries", "N", "give up after N tries (default: 30)" },
	{ OPT_INTERVAL, "interval", "DURATION", "wait that long between two tries (default: 2s)" },
	{ OPT_TRY_TIMEOUT, "try-timeout", "DURATION", "let each host, and then the query, take that long (default: 5s)" },
	{ OPT_BACKOFF, "backoff", NULL, "double the interval after each try, up to 30s" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "give up after that time, whatever the number of tries (default: none)" },
	{ OPT_SQL, "sql", "QUERY", "wait until QUERY gives true (default: select true)" },
	{ OPT_KEEP_TRYING, "keep-trying", NULL, "also after a wrong password or an unknown role" },
	RC_OPTION_END
};

static const char *const example[] = { "--tries", "1", NULL };

static const struct rc_program program = {
	.name = "rc-db-wait",
	.synopsis = "[--tries N] [--interval DURATION] [--try-timeout DURATION] [--backoff] [--timeout DURATION] "
	    "[--sql QUERY] [--keep-trying]",
	.summary = "wait until a database takes a login and answers a query",
	.options = options,
	.writes = "a record for each try: {\"try\",\"tries\",\"status\",\"sqlstate\",\"message\",\"database\",\"ms\",\"wait_s\"}",
	.example = example,
};

/* How one try ended. */
enum verdict { AVAILABLE, NOT_YET, HOPELESS };

struct attempt {
	enum verdict verdict;
	char sqlstate[6];
	struct rc_buf message, where;
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
	return rc_db_class(sqlstate) == RC_RETRY;
}

/* Runs QUERY and judges its answer. */
static void
ask(PGconn *conn, const char *query, long timeout, struct attempt *attempt)
{
	PGresult *result = rc_db_ask(conn, query, timeout);
	const char *code = rc_db_sqlstate(result), *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	memcpy(attempt->sqlstate, code, strlen(code) + 1);
	attempt->verdict = NOT_YET;
	if (result == NULL) {
		rc_buf_add_text(&attempt->message, "no answer to the query in time");
	} else if (*code != '\0' || PQresultStatus(result) == PGRES_FATAL_ERROR) {
		attempt->verdict = may_come(code) ? NOT_YET : HOPELESS;
		rc_buf_printf(&attempt->message, "the query failed: %s", words == NULL ? "the connection broke" : words);
	} else if (PQntuples(result) >= 1 && PQnfields(result) >= 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0) {
		attempt->verdict = AVAILABLE;
	} else {
		rc_buf_add_text(&attempt->message, "the query does not give true yet");
	}
	rc_buf_text(&attempt->message);
	PQclear(result);
}

static void
attempt_once(const char *query, long timeout, long limit, bool keep_trying, struct attempt *attempt)
{
	long long start = rc_clock_ms();
	struct rc_db_failure failure;
	PGconn *conn = rc_db_connect(timeout, limit, &failure);

	*attempt = (struct attempt){0};
	if (conn != NULL) {
		long left = limit == 0 ? timeout : limit - (long)(rc_clock_ms() - start);

		rc_db_where(conn, &attempt->where);
		ask(conn, query, left < 1 ? 1 : left < timeout ? left : timeout, attempt);
		PQfinish(conn);
	} else {
		memcpy(attempt->sqlstate, failure.sqlstate, sizeof attempt->sqlstate);
		attempt->message = failure.words;
		attempt->where = failure.where;
		/* 28: the server knows us and says no.  3D000, no such database, may still be made. */
		attempt->verdict = failure.settings || (strncmp(failure.sqlstate, "28", 2) == 0 && !keep_trying)
		    ? HOPELESS : NOT_YET;
	}
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

static void
free_attempt(struct attempt *attempt)
{
	rc_buf_free(&attempt->message);
	rc_buf_free(&attempt->where);
}

int
main(int argc, char *argv[])
{
	long tries = 30, interval = 2000, try_timeout = 5000, timeout = 0;
	const char *query = "select true";
	bool backoff = false, keep_trying = false;
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
		case OPT_SQL: query = optarg; break;
		case OPT_KEEP_TRYING: keep_trying = true; break;
		}
	}
	if (optind < argc)
		rc_usage("unexpected argument '%s'", argv[optind]);
	if (try_timeout == 0)
		rc_usage("--try-timeout must be more than 0");
	rc_output_open(&out, NULL);

	start = rc_clock_ms();
	for (long number = 1;; number++) {
		long left = timeout == 0 ? 0 : (long)(start + timeout - rc_clock_ms());
		bool last;

		attempt_once(query, try_timeout, timeout > 0 && left < 1 ? 1 : left, keep_trying, &attempt);
		if (attempt.verdict == AVAILABLE) {
			report(&out, &attempt, "available", number, tries, -1);
			free_attempt(&attempt);
			return rc_finish(NULL, &out);
		}
		last = number == tries || (timeout > 0 && rc_clock_ms() - start + interval >= timeout);
		report(&out, &attempt, attempt.verdict == HOPELESS ? "refused" : "unavailable", number, tries,
		    last || attempt.verdict == HOPELESS ? -1 : interval);
		if (attempt.verdict == HOPELESS)
			rc_die(RC_FATAL, "%s: %s", attempt.where.bytes, rc_buf_text(&attempt.message));
		if (last)
			rc_die(RC_RETRY, "%s: not available after %ld tries in %lld s: %s", attempt.where.bytes, number,
			    (rc_clock_ms() - start + 500) / 1000, rc_buf_text(&attempt.message));
		free_attempt(&attempt);
		sleep_ms(interval);
		if (backoff && interval < BACKOFF_MAX)
			interval = interval * 2 < BACKOFF_MAX ? interval * 2 : BACKOFF_MAX;
	}
}

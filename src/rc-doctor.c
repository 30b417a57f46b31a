/*
 * rc-doctor - look at what rc needs here, and say what is wrong
 *
 * What is on this host comes first, then the database, of which each question
 * has a time limit: a server that hangs is an answer, too.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "rc_connection.h"
#include "rc_history.h"
#include "rc_login.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_state.h"
#include "rc_stream.h"

enum { OPT_TEXT = RC_OPT_LONG, OPT_JSON, OPT_FAIL_ON };
enum { LOGIN_MS = 10000, QUESTION_MS = 5000, CLOCK_MS = 2000, OLDEST_SERVER = 130000, RUNS_SHOWN = 20 };
enum { DISK_FEW_MB = 500, DISK_NONE_MB = 50, CONNECTIONS_FULL = 90 };
enum severity { SOUND, NOTE, WARNING, ERROR, SEVERITIES };

static const char *const severity_names[SEVERITIES] = { "ok", "note", "warning", "error" };

static const struct rc_option options[] = {
	{ OPT_TEXT, "text", NULL, "print lines of text, as on a terminal" },
	{ OPT_JSON, "json", NULL, "print records, as in a pipe" },
	{ OPT_FAIL_ON, "fail-on", "warning|error|never", "what makes the exit code another one than 0 (default: warning)" },
	RC_OPTION_END
};

static const char *const example[] = { "--fail-on", "error", NULL };

static const struct rc_program program = {
	.name = "rc-doctor",
	.synopsis = "[--text | --json] [--fail-on warning|error|never]",
	.summary = "look at what rc needs here, and say what is wrong",
	.options = options,
	.category = "monitoring",
	.writes = "{\"check\",\"status\",\"message\",\"hint\"}, the last one of the worst status",
	.example = example,
};

static struct {
	struct rc_output out;
	bool text;
	enum severity worst, fail_on;
	enum rc_exit class;	/* of the worst */
	struct rc_connection connection;
} doctor = { .fail_on = WARNING };

/* ---- what is said ---- */

static void
put_text(const char *check, enum severity severity, const char *message, const char *hint)
{
	struct rc_buf line = {0}, shown = {0};

	rc_buf_printf(&line, "%-8s %-13s %s", severity_names[severity], check, message);
	if (hint != NULL)
		rc_buf_printf(&line, "; %s", hint);
	rc_buf_add_visible(&shown, line.bytes, line.length);
	rc_buf_add_text(&shown, "\n");
	rc_output_text(&doctor.out, shown.bytes, shown.length);
	rc_buf_free(&line);
	rc_buf_free(&shown);
}

/* One finding; HINT is what to do, or NULL. */
static void
put(const char *check, enum severity severity, const char *hint, const char *message)
{
	struct rc_buf line = {0};

	if (severity > doctor.worst)
		doctor.worst = severity;
	if (doctor.text) {
		put_text(check, severity, message, hint);
		return;
	}
	rc_json_open(&line);
	rc_json_add_text(&line, "check", check);
	rc_json_add_text(&line, "status", severity_names[severity]);
	rc_json_add_text(&line, "message", message);
	rc_json_add_text(&line, "hint", hint);
	rc_json_close(&line);
	rc_output_line(&doctor.out, line.bytes, line.length);
	rc_buf_free(&line);
}

static void find(const char *check, enum severity severity, const char *hint, const char *format, ...) RC_PRINTF(4, 5);

static void
find(const char *check, enum severity severity, const char *hint, const char *format, ...)
{
	char message[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	put(check, severity, hint, message);
}

/* ---- this host ---- */

/* What has no package here was left out when rc was built. */
static void
look_at_libraries(void)
{
	static const struct {
		bool there;
		const char *name, *hint;
	} libraries[] = {
#if __has_include(<argon2.h>)
		{ true, "libargon2", NULL },
#else
		{ false, "libargon2 (KFM's passwords)", "install libargon2-dev, and build rc again" },
#endif
#if __has_include(<zxcvbn.h>)
		{ true, "libzxcvbn", NULL },
#else
		{ false, "libzxcvbn (Zulip's judgement of passwords)", "install libzxcvbn-dev, and build rc again" },
#endif
#if __has_include(<curl/curl.h>)
		{ true, "libcurl", NULL },
#else
		{ false, "libcurl (rc-http-pages, rc-run --ping)", "install libcurl4-openssl-dev, and build rc again" },
#endif
	};

	for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
		find("library", libraries[i].there ? SOUND : NOTE, libraries[i].hint, "%s %s", libraries[i].there ? "built with" : "built without",
		    libraries[i].name);
}

/* The version that jq tells; empty where there is none. */
static void
ask_jq(char *version, size_t size)
{
	FILE *answer = popen("exec jq --version 2>/dev/null", "r");

	version[0] = '\0';
	if (answer == NULL)
		return;
	if (fgets(version, (int)size, answer) == NULL)
		version[0] = '\0';
	pclose(answer);
	version[strcspn(version, "\n")] = '\0';
}

static void
look_at_versions(void)
{
	char jq[64];
	int libpq = PQlibVersion();

	find("rc", SOUND, NULL, "rc %s", RC_VERSION);
	find("libpq", SOUND, NULL, "libpq %d.%d", libpq / 10000, libpq % 10000);
	ask_jq(jq, sizeof jq);
	if (*jq == '\0')
		find("jq", NOTE, "install jq", "there is no jq; maps and checks that use it do not work");
	else if (strncmp(jq, "jq-1.", 5) == 0 && strtol(jq + 5, NULL, 10) < 7)
		find("jq", NOTE, "let it see no ids above that", "%s rounds whole numbers above 2^53", jq);
	else
		find("jq", SOUND, NULL, "%s", jq);
}

static void
look_at_folder(const char *what, const char *folder, bool written)
{
	struct statvfs disk;
	unsigned long long free_mb;

	if (statvfs(folder, &disk) != 0) {
		find("disk", WARNING, NULL, "%s %s: %s", what, folder, strerror(errno));
		return;
	}
	free_mb = (unsigned long long)disk.f_bavail * disk.f_frsize / (1024 * 1024);
	if (written && access(folder, W_OK) != 0)
		find("disk", WARNING, "give this user the right to write there", "%s %s: %s", what, folder, strerror(errno));
	else
		find("disk", free_mb < DISK_NONE_MB ? ERROR : free_mb < DISK_FEW_MB ? WARNING : SOUND,
		    free_mb < DISK_FEW_MB ? "make room" : NULL, "%s %s has %llu MB free", what, folder, free_mb);
}

/* The nearest folder above PATH that is there. */
static void
go_up(char *path)
{
	char *slash;

	while (access(path, F_OK) != 0 && (slash = strrchr(path, '/')) != NULL && slash != path)
		*slash = '\0';
}

static void
look_at_disk(void)
{
	const char *temporary = getenv("TMPDIR");
	struct rc_buf state = {0};

	look_at_folder("temporary files:", temporary == NULL || *temporary == '\0' ? "/tmp" : temporary, true);
	if (rc_state_path(&state, "history.ndjson")) {
		go_up(state.bytes);
		look_at_folder("history and locks:", state.bytes, true);
	} else {
		find("disk", NOTE, "set HOME or XDG_STATE_HOME", "there is no folder for the history, so rc-run keeps none");
	}
	rc_buf_free(&state);
}

/* ---- runs ---- */

/* Each name whose last run was not well, by when it was not for the first time since. */
struct last_runs {
	struct failed_run { char *name, *words; } *list;
	size_t count;
};

static void
take_run(void *context, struct rc_record *record)
{
	struct last_runs *runs = context;
	const char *name, *status;
	struct rc_buf words = {0};
	size_t i = 0;

	if (record == NULL)
		return;
	name = rc_record_text(record, "name", "?");
	status = rc_record_text(record, "status", "?");
	if (strcmp(status, "skipped") == 0)
		return;
	while (i < runs->count && strcmp(runs->list[i].name, name) != 0)
		i++;
	if (i < runs->count) {
		free(runs->list[i].name);
		free(runs->list[i].words);
		runs->count--;
		memmove(runs->list + i, runs->list + i + 1, (runs->count - i) * sizeof *runs->list);
	}
	if (strcmp(status, "ok") == 0)
		return;
	rc_buf_printf(&words, "%s: %s at %s", name, status, rc_record_text(record, "start", "?"));
	runs->list = rc_realloc(runs->list, rc_size_mul(runs->count + 1, sizeof *runs->list));
	runs->list[runs->count++] = (struct failed_run){ rc_strndup(name, strlen(name)), rc_buf_text(&words) };
}

static void
look_at_runs(void)
{
	static struct last_runs runs;
	struct rc_buf file = {0};
	int failure;
	bool is_kept = rc_history_path(&file);

	rc_buf_free(&file);
	if (!is_kept)
		return;
	if ((failure = rc_history_read(take_run, &runs, &file)) != 0)
		find("runs", WARNING, NULL, "cannot read %s: %s", file.bytes, strerror(failure));
	/* the last ones are the news */
	for (size_t i = runs.count > RUNS_SHOWN ? runs.count - RUNS_SHOWN : 0; i < runs.count; i++)
		find("runs", WARNING, "rc-history --failed tells more", "%s", runs.list[i].words);
	if (runs.count > RUNS_SHOWN)
		find("runs", WARNING, "rc-history --failed tells more", "of %zu more job(s) the last run did not succeed", runs.count - RUNS_SHOWN);
	if (runs.count == 0 && failure == 0)
		find("runs", SOUND, NULL, "there is no job in the history whose last run failed");
	rc_buf_free(&file);
}

/* ---- the database ---- */

/* The answer to SQL, for the caller to clear; NULL where there is none, which is told. */
static PGresult *
ask(const char *check, const char *sql)
{
	PGresult *result = NULL;
	enum rc_progress progress = rc_connection_ask(&doctor.connection, sql, QUESTION_MS, &result);

	if (progress == RC_READY && rc_result_is_good(result))
		return result;
	if (progress == RC_READY)
		find(check, WARNING, NULL, "the server says: %s", rc_result_words(result));
	else if (progress == RC_BUSY)
		find(check, ERROR, NULL, "no answer within %d ms", QUESTION_MS);
	else
		find(check, ERROR, NULL, "the connection was lost: %s", doctor.connection.failure.words.length > 0 ? doctor.connection.failure.words.bytes : "?");
	PQclear(result);
	return NULL;
}

static long long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool
log_in(void)
{
	const struct rc_login_limits limits = { .all = LOGIN_MS };
	const struct rc_failure *failure = &doctor.connection.failure;
	struct rc_settings settings = {0};
	struct rc_buf where = {0};
	bool good;

	rc_output_flush(&doctor.out);	/* a URL that can't be used ends us */
	rc_login_read(&settings);
	good = rc_connection_open(&doctor.connection, &settings, &limits);
	if (good) {
		rc_connection_add_where(&doctor.connection, &where);
		find("connection", SOUND, NULL, "%s", where.bytes);
	} else {
		doctor.class = rc_failure_class(failure);
		find("connection", ERROR, doctor.class == RC_RETRY ? "wait for the server: rc-db-wait" : "see DATABASE_URL and the PG variables",
		    "%s: %s", failure->where.length > 0 ? failure->where.bytes : "the database", failure->words.length > 0 ? failure->words.bytes : "no login");
	}
	rc_buf_free(&where);
	rc_settings_wipe(&settings);
	return good;
}

static bool
is_true(const PGresult *result, int row, int column)
{
	return strcmp(rc_result_text(result, row, column), "t") == 0;
}

static void
look_at_clock(const char *server, long long before, long long after)
{
	long long there = strtoll(server, NULL, 10), apart = there < before ? before - there : there > after ? there - after : 0;

	find("clock", apart > CLOCK_MS ? WARNING : SOUND, apart > CLOCK_MS ? "set the clock of this host or of the server (NTP)" : NULL,
	    "the server's clock is %lld ms %s", apart, there < before ? "behind" : apart == 0 ? "apart from this one" : "ahead");
}

static void
look_at_server(void)
{
	long long before = now_ms();
	PGresult *result = ask("server", "select pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'),"
	    " pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid(),"
	    " (extract(epoch from pg_catalog.clock_timestamp()) operator(pg_catalog.*) 1000)::bigint,"
	    " pg_catalog.current_setting('transaction_read_only')");
	long long after = now_ms();
	bool pooled, old;

	if (result == NULL)
		return;
	old = strtol(rc_result_text(result, 0, 1), NULL, 10) < OLDEST_SERVER;
	find("server", old ? WARNING : SOUND, old ? "rc is tested with 13 to 18" : NULL, "PostgreSQL %s", rc_result_text(result, 0, 0));
	if (is_true(result, 0, 2) || strcmp(rc_result_text(result, 0, 5), "on") == 0)
		find("server", WARNING, "name the primary", "it takes no changes: %s", is_true(result, 0, 2) ? "it is a standby" : "transactions are read only");
	pooled = strtol(rc_result_text(result, 0, 3), NULL, 10) != PQbackendPID(doctor.connection.libpq);
	find("pooler", pooled ? NOTE : SOUND, pooled ? "RC_LOCK_URL names a direct address for what needs a session of its own" : NULL,
	    pooled ? "there is a pooler before the server" : "there is no pooler before the server");
	look_at_clock(rc_result_text(result, 0, 4), before, after);
	PQclear(result);
}

static void
look_at_rights(void)
{
	PGresult *result = ask("rights", "select r.rolname, r.rolsuper, pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary'),"
	    " t.tables, t.readable, t.writable from pg_catalog.pg_roles r, (select pg_catalog.count(*) as tables,"
	    " pg_catalog.count(*) filter (where pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')) as readable,"
	    " pg_catalog.count(*) filter (where pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'insert')"
	    " and pg_catalog.has_table_privilege(c.oid, 'update')) as writable"
	    " from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace"
	    " where c.relkind::text operator(pg_catalog.=) any (array['r', 'p']) and not n.nspname::text operator(pg_catalog.=)"
	    " any (array['pg_catalog', 'information_schema', 'pg_toast'])) t where r.rolname operator(pg_catalog.=) current_user");
	bool none;

	if (result == NULL || PQntuples(result) != 1) {
		PQclear(result);
		return;
	}
	none = strcmp(rc_result_text(result, 0, 3), "0") != 0 && strcmp(rc_result_text(result, 0, 4), "0") == 0;
	find("rights", none ? WARNING : SOUND, none ? "grant the role what it needs, or log in as another one" : NULL,
	    "role %s%s can read %s and write %s of %s table(s)", rc_result_text(result, 0, 0), is_true(result, 0, 1) ? ", a superuser," : "",
	    rc_result_text(result, 0, 4), rc_result_text(result, 0, 5), rc_result_text(result, 0, 3));
	if (!is_true(result, 0, 2))
		find("rights", NOTE, "grant temporary on the database", "it can make no temporary tables, which sync and upsert need");
	PQclear(result);
}

static void
look_at_locks(void)
{
	PGresult *result = ask("locks", "select pg_catalog.format('pid %s (%s) waits for %s s; in its way: %s', w.pid, w.application_name,"
	    " extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) w.state_change)::int,"
	    " coalesce((select pg_catalog.string_agg(pg_catalog.format('pid %s (%s, user %s, %s)', b.pid, b.application_name, b.usename, b.state), ', ')"
	    " from pg_catalog.pg_stat_activity b where b.pid operator(pg_catalog.=) any (pg_catalog.pg_blocking_pids(w.pid))), 'a session that is gone'))"
	    " from pg_catalog.pg_stat_activity w where w.wait_event_type operator(pg_catalog.=) 'Lock'"
	    " and w.datname operator(pg_catalog.=) pg_catalog.current_database() order by w.state_change limit 20");

	if (result == NULL)
		return;
	for (int i = 0; i < PQntuples(result); i++)
		find("locks", WARNING, "pg_terminate_backend(PID) ends a session", "%s", rc_result_text(result, i, 0));
	if (PQntuples(result) == 0)
		find("locks", SOUND, NULL, "no session of this database waits for a lock");
	PQclear(result);
}

static void
look_at_connections(void)
{
	PGresult *result = ask("connections", "select pg_catalog.count(*), pg_catalog.current_setting('max_connections') from pg_catalog.pg_stat_activity"
	    " where backend_type operator(pg_catalog.=) 'client backend'");
	long used, most;

	if (result == NULL)
		return;
	used = strtol(rc_result_text(result, 0, 0), NULL, 10);
	most = strtol(rc_result_text(result, 0, 1), NULL, 10);
	find("connections", used * 100 >= most * CONNECTIONS_FULL ? WARNING : SOUND, NULL, "%ld of %ld are in use", used, most);
	PQclear(result);
}

/* ---- the whole ---- */

static void
set_fail_on(const char *text)
{
	if (strcmp(text, "warning") == 0)
		doctor.fail_on = WARNING;
	else if (strcmp(text, "error") == 0)
		doctor.fail_on = ERROR;
	else if (strcmp(text, "never") == 0)
		doctor.fail_on = SEVERITIES;
	else
		rc_usage("--fail-on is warning, error or never, not '%s'", text);
}

static enum rc_exit
code(void)
{
	if (doctor.worst < doctor.fail_on)
		return RC_OK;
	return doctor.worst < ERROR ? RC_NO : doctor.class == RC_OK ? RC_FATAL : doctor.class;
}

int
main(int argc, char *argv[])
{
	int opt;

	doctor.text = isatty(STDOUT_FILENO);
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_TEXT: doctor.text = true; break;
		case OPT_JSON: doctor.text = false; break;
		case OPT_FAIL_ON: set_fail_on(optarg); break;
		}
	}
	if (optind < argc)
		rc_usage("unexpected argument '%s'", argv[optind]);
	rc_output_open(&doctor.out, NULL);
	look_at_versions();
	look_at_libraries();
	look_at_disk();
	look_at_runs();
	if (log_in()) {
		look_at_server();
		look_at_rights();
		look_at_locks();
		look_at_connections();
	}
	rc_connection_close(&doctor.connection);
	find("all", doctor.worst, NULL, "the worst of all is: %s", severity_names[doctor.worst]);
	doctor.out.answer = code();
	return rc_finish(NULL, &doctor.out);
}

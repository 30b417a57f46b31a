/*
 * rc-run - run a job: one at a time, bounded, with a history
 *
 * Holds of the output, with --quiet, one to two megabytes.  What a run leaves
 * for others (history, metrics, pings) and its lock are in lib/run.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "rc_child.h"
#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_event_counts.h"
#include "rc_history.h"
#include "rc_leftover.h"
#include "rc_mask.h"
#include "rc_mem.h"
#include "rc_metrics.h"
#include "rc_notify.h"
#include "rc_opt.h"
#include "rc_run_lock.h"
#include "rc_run_record.h"
#include "rc_tail.h"
#include "rc_trace.h"
#include "rc_utf8.h"

enum { OPT_LOCK = RC_OPT_LONG, OPT_OVERLAP, OPT_SKIP_EXIT, OPT_TIMEOUT, OPT_GRACE, OPT_METRICS, OPT_PING, OPT_ON_FAILURE, OPT_SLOT,
    OPT_NO_HISTORY };
enum { NAME_MAX_LENGTH = 100, PING_MS = 5000, ON_FAILURE_MS = 60000 };

static const struct rc_option options[] = {
	{ OPT_LOCK, "lock", "file|database", "let no other run of NAME begin meanwhile, on this host or with this database" },
	{ OPT_OVERLAP, "overlap", "skip|wait[=DURATION]|replace", "what to do where another one runs (default: skip)" },
	{ OPT_SKIP_EXIT, "skip-exit", "N", "the exit code of a run that was skipped (default: 0)" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "end the command after that time" },
	{ OPT_GRACE, "grace", "DURATION", "time between TERM and KILL (default: 10s)" },
	{ 'q', "quiet", NULL, "show the output only where the command fails" },
	{ OPT_SLOT, "slot", "TEXT", "do nothing where NAME has succeeded for TEXT already" },
	{ OPT_METRICS, "metrics", "DIR", "write rc_NAME.prom there, for Prometheus" },
	{ OPT_PING, "ping", "URL", "tell the health check of that address" },
	{ OPT_ON_FAILURE, "on-failure", "COMMAND", "run it by sh where the command fails, with the run's record as input" },
	{ OPT_NO_HISTORY, "no-history", NULL, "leave no line in the history" },
	RC_OPTION_END
};

static const char *const example[] = { "--no-history", "example", "--", "true", NULL };

static const struct rc_program program = {
	.name = "rc-run",
	.synopsis = "[--lock file|database] [--overlap skip|wait|replace] [--timeout DURATION] NAME -- COMMAND [ARGUMENT ...]",
	.summary = "run a job: one at a time, bounded, with a history",
	.options = options,
	.writes = "what the command writes",
	.example = example,
};

struct run {
	struct rc_run_record record;
	struct rc_run_lock lock;
	struct rc_metrics metrics;
	struct rc_event_counts counts;
	long skip_exit, timeout, grace;	/* the last two in milliseconds */
	bool quiet, no_history;
	bool has_begun;		/* the command was started and has the lock */
	bool is_done;		/* its slot was done by the run that was waited for */
	bool is_told;		/* all has been told of it that is to be told */
	char *ping;
	const char *on_failure;

	struct rc_tail tail;
	struct rc_child child;
	char message[512];
};

static struct run the_run = { .grace = 10000, .lock = RC_RUN_LOCK_INIT, .metrics.exit = -1 };

/* ---- before it ---- */

/* A run's id is its own; that of the run around it is the parent. */
static void
begin_run(struct run *run)
{
	const char *outer = getenv("RC_RUN_ID");

	if (outer != NULL && rc_run_id_is_one(outer))
		run->record.parent = rc_strndup(outer, RC_RUN_ID_LENGTH);
	unsetenv("RC_RUN_ID");
	rc_run_id();
}

/* ---- what is told of it ---- */

static void
ping(const struct run *run, const char *what, bool wait)
{
	struct rc_buf url = {0};
	size_t path;
	pid_t pid;

	if (run->ping == NULL)
		return;
	path = strcspn(run->ping, "?");
	rc_buf_add(&url, run->ping, path);
	rc_buf_printf(&url, "%s%s%srid=%s", what, run->ping + path, run->ping[path] == '?' ? "&" : "?", rc_run_id());
	pid = rc_notify_ping(rc_buf_text(&url), PING_MS);
	if (wait && pid >= 0 && rc_notify_wait(pid, PING_MS + 1000) == -1)
		rc_warn("the ping was ended after %d ms", PING_MS + 1000);
	rc_buf_wipe(&url);
}

static void
keep(struct run *run, const struct rc_buf *line)
{
	int failure = run->no_history ? 0 : rc_history_append(line->bytes, line->length);

	if (failure != 0)
		rc_warn("this run is not in the history: %s", strerror(failure));
}

/* What the event of our end counts: commands that ran, and how long. */
static void
count(const struct run *run, int commands)
{
	char counts[64];

	snprintf(counts, sizeof counts, "{\"commands\":%d,\"duration_ms\":%lld}", commands, rc_clock_ms() - run->record.began);
	rc_event_set_counts(counts);
}

static void
tell(struct run *run, int code)
{
	bool skipped = strcmp(run->record.status, "skipped") == 0, ok = strcmp(run->record.status, "ok") == 0;
	struct rc_buf line = {0}, counts = {0}, records = {0};

	run->is_told = true;
	signal(SIGXFSZ, SIG_IGN);
	count(run, skipped ? 0 : 1);
	if (!skipped)
		rc_event_counts_end(&run->counts);
	rc_event_counts_json(&run->counts, &counts);
	rc_event_counts_metrics(&run->counts, run->record.name, &records);
	run->record.counts = rc_buf_text(&counts);
	if (run->metrics.start == 0)	/* the lock in the database could not be had, and that is a failure */
		run->metrics.start = (long long)time(NULL);
	run->record.exit = code;
	rc_run_record_write(&run->record, &line);
	keep(run, &line);
	rc_run_lock_end_slot(&run->lock);
	if (!skipped) {
		run->metrics.running = false;
		run->metrics.exit = code;
		run->metrics.duration = (double)(rc_clock_ms() - run->record.began) / 1000;
		run->metrics.records = rc_buf_text(&records);
		run->metrics.success = ok ? (long long)time(NULL) : 0;
		if (run->metrics.folder != NULL)
			rc_metrics_write(&run->metrics);
		ping(run, ok ? "" : "/fail", true);
		if (!ok && run->on_failure != NULL)
			rc_notify_shell(run->on_failure, line.bytes, line.length, &run->child.mask, ON_FAILURE_MS);
	}
	rc_buf_free(&line);
	rc_buf_free(&counts);
	rc_buf_free(&records);
	rc_event_counts_free(&run->counts);
}

/* Ends the process, once all is told that is to be told. */
static int
end_run(struct run *run, int code)
{
	tell(run, code);
	return rc_leave(code);
}

/* A run that could not begin is one that failed, and is told as such. */
static void
tell_of_no_begin(int code)
{
	if (the_run.is_told)
		return;
	if (the_run.tail.is_open) {	/* what was said is in there */
		rc_tail_restore(&the_run.tail);
		rc_tail_read(&the_run.tail);
		rc_tail_show(&the_run.tail);
	}
	the_run.record.status = "failed";
	the_run.record.message = "it could not be begun";
	tell(&the_run, code);
}

/* Another run has the lock. */
static int
skip(struct run *run)
{
	rc_run_lock_describe_holder(&run->lock, run->message, sizeof run->message);
	rc_warn("%s: skipped: %s", run->record.name, run->message);
	run->record.status = "skipped";
	run->record.message = run->message;
	return end_run(run, (int)run->skip_exit);
}

static bool
is_done(const struct run *run)
{
	return run->record.slot != NULL && rc_run_record_is_done(run->record.name, run->record.slot);
}

static int
pass_over(struct run *run)
{
	run->is_told = true;
	rc_warn("%s: already done for %s", run->record.name, run->record.slot);
	count(run, 0);
	return rc_leave(RC_OK);
}

/* ---- while it runs ---- */

/* Starts the command, behind rc-db-lock where that holds its lock. */
static void
start(struct run *run)
{
	char **call = rc_run_lock_command(&run->lock, run->record.command);

	run->child.has_group = true;
	run->child.ends_with_us = SIGTERM;
	run->child.inherited = run->lock.inherited;
	if (run->quiet)
		rc_tail_open(&run->tail);
	rc_child_start(&run->child, call);
	if (run->quiet)
		rc_tail_restore(&run->tail);
	rc_run_lock_started(&run->lock);
}

static void
show_running(struct run *run)
{
	run->metrics.start = (long long)time(NULL);
	run->metrics.running = true;
	if (run->metrics.folder != NULL)
		rc_metrics_write(&run->metrics);
}

/* When the command may run, which is when it has the lock: its time begins, and it is told to all who want to know. */
static void
begin(struct run *run)
{
	rc_run_lock_listen(&run->lock);
	if (run->has_begun || run->is_done || (run->lock.kind == RC_RUN_LOCK_DATABASE && !run->lock.held))
		return;
	if (run->lock.kind == RC_RUN_LOCK_DATABASE) {
		if (run->record.slot != NULL)
			rc_run_lock_take_slot(&run->lock);
		run->is_done = is_done(run);
		if (!run->is_done) {
			rc_run_record_begin(&run->record);
			show_running(run);
		}
		rc_run_lock_answer(&run->lock, !run->is_done);
		if (run->is_done)
			return;
	}
	run->has_begun = true;
	ping(run, "/start", false);
	rc_notify_service("READY=1\nSTATUS=the command runs");
}

/* Until the command has ended, by itself, by a signal of ours, or when its time is over. */
static void
watch(struct run *run)
{
	struct pollfd ready[3] = { { .fd = run->child.signals, .events = POLLIN }, { .events = POLLIN }, { .fd = run->lock.told, .events = POLLIN } };
	long long term_at = LLONG_MAX, kill_at = LLONG_MAX;
	bool is_timed = false;

	while (!rc_child_look(&run->child)) {
		long long now = rc_clock_ms(), next;

		begin(run);
		if (run->has_begun && run->timeout > 0 && !is_timed) {
			term_at = run->record.began + run->timeout;
			is_timed = true;
		}
		rc_leftover_reap(&run->child);
		if (run->child.signal != 0 && kill_at == LLONG_MAX)
			kill_at = now + run->grace;
		if (now >= term_at) {
			run->record.status = "timeout";
			snprintf(run->message, sizeof run->message, "no end after %ld ms", run->timeout);
			rc_warn("%s: %s; ending the command", run->record.name, run->message);
			rc_child_kill(&run->child, SIGTERM);
			rc_child_kill(&run->child, SIGCONT);
			term_at = LLONG_MAX;
			kill_at = now + run->grace;
		}
		if (now >= kill_at) {
			rc_child_kill(&run->child, SIGKILL);
			kill_at = LLONG_MAX - 1;
		}
		next = term_at < kill_at ? term_at : kill_at;
		ready[1].fd = run->quiet ? run->tail.fd : -1;
		poll(ready, 3, next >= LLONG_MAX - 1 ? -1 : next - now > INT_MAX ? INT_MAX : next <= now ? 0 : (int)(next - now));
		if (run->quiet)
			rc_tail_read(&run->tail);
		if (ready[2].revents & POLLHUP) {
			begin(run);
			ready[2].fd = -1;
		}
	}
	begin(run);
}

/* How it went; the code. */
static int
judge(struct run *run)
{
	int code = rc_child_code(&run->child);

	if (WIFSIGNALED(run->child.status))
		run->record.signal = WTERMSIG(run->child.status);
	if (run->record.status != NULL) {
		run->record.message = run->message;
		return RC_RETRY;
	}
	run->record.status = code == 0 ? "ok" : "failed";
	if (run->lock.told >= 0 && !run->lock.held)
		run->record.message = "the lock in the database could not be had";
	return code;
}

/* ---- options ---- */

static void
set_overlap(struct run *run, const char *text)
{
	run->lock.patience = -1;
	if (strcmp(text, "skip") == 0)
		run->lock.overlap = RC_OVERLAP_SKIP;
	else if (strcmp(text, "replace") == 0)
		run->lock.overlap = RC_OVERLAP_REPLACE;
	else if (strcmp(text, "wait") == 0 || strncmp(text, "wait=", 5) == 0)
		run->lock.overlap = RC_OVERLAP_WAIT;
	else
		rc_usage("--overlap is skip, wait, wait=DURATION or replace, not '%s'", text);
	if (text[0] == 'w' && text[4] == '=')
		run->lock.patience = rc_opt_duration("overlap", text + 5);
}

static void
set_lock(struct run *run, const char *text)
{
	if (strcmp(text, "file") == 0)
		run->lock.kind = RC_RUN_LOCK_HOST;
	else if (strcmp(text, "database") == 0)
		run->lock.kind = RC_RUN_LOCK_DATABASE;
	else
		rc_usage("--lock is file or database, not '%s'", text);
}

/* The address is often a secret: it is kept out of the list of processes and of all that is told. */
static void
set_ping(struct run *run, char *url)
{
	size_t length = strlen(url);

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		rc_usage("--ping is not http:// or https://");
	run->ping = rc_strndup(url, length);
	rc_mask_add(url, length);
	memset(url, '*', length);
}

static void
set_option(struct run *run, int opt)
{
	switch (opt) {
	case OPT_LOCK: set_lock(run, optarg); break;
	case OPT_OVERLAP: set_overlap(run, optarg); break;
	case OPT_SKIP_EXIT: run->skip_exit = rc_opt_long("skip-exit", optarg, 0, 255); break;
	case OPT_TIMEOUT: run->timeout = rc_opt_duration("timeout", optarg); break;
	case OPT_GRACE: run->grace = rc_opt_duration("grace", optarg); break;
	case 'q': run->quiet = true; break;
	case OPT_SLOT: run->record.slot = optarg; break;
	case OPT_METRICS: run->metrics.folder = optarg; break;
	case OPT_PING: set_ping(run, optarg); break;
	case OPT_ON_FAILURE: run->on_failure = optarg; break;
	case OPT_NO_HISTORY: run->no_history = true; break;
	}
}

static void
check(const struct run *run, char *const command[])
{
	const char *name = run->record.name;

	if (command == NULL)
		rc_usage("a command is needed after --");
	if (*name == '\0' || *name == '.' || strlen(name) > NAME_MAX_LENGTH ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(name))
		rc_usage("the name is not one of letters, digits, '.', '_' and '-'");
	if (run->record.slot != NULL && (*run->record.slot == '\0' || !rc_utf8_valid(run->record.slot, strlen(run->record.slot))))
		rc_usage("--slot is empty or not UTF-8");
	if (run->record.slot != NULL && run->no_history)
		rc_usage("--slot needs the history");
	if (run->lock.overlap != RC_OVERLAP_SKIP && run->lock.kind == RC_RUN_LOCK_NONE)
		rc_usage("--overlap needs --lock, or no run would see another");
	if (run->lock.kind == RC_RUN_LOCK_DATABASE && run->lock.overlap == RC_OVERLAP_REPLACE)
		rc_usage("--overlap replace needs --lock file: it ends a process of this host");
}

/* Reads the call into RUN, or ends the process. */
static void
read_options(struct run *run, int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		set_option(run, opt);
	if (optind + 1 != argc)
		rc_usage("a name and, after --, a command are needed");
	run->lock.name = argv[optind];
	run->record.name = run->metrics.name = run->lock.name;
	run->record.command = command;
	check(run, command);
	rc_mask_learn(command);
	if (run->lock.overlap == RC_OVERLAP_REPLACE)	/* it ends its command, and tells of it, first */
		run->lock.patience = run->grace + PING_MS * 2L;
}

int
main(int argc, char *argv[])
{
	struct run *run = &the_run;
	int code;

	rc_run_record_begin(&run->record);
	begin_run(run);
	read_options(run, argc, argv);
	rc_at_exit(tell_of_no_begin);
	rc_trace_begin();
	sigprocmask(SIG_BLOCK, NULL, &run->child.mask);
	if (!rc_run_lock_take(&run->lock, &run->record))
		return skip(run);
	if (is_done(run))
		return pass_over(run);
	if (run->lock.kind != RC_RUN_LOCK_DATABASE)
		show_running(run);
	rc_event_counts_begin(&run->counts);
	start(run);
	watch(run);
	rc_notify_service("STOPPING=1");
	rc_leftover_end(&run->child, run->grace, run->quiet ? &run->tail : NULL);
	if (run->quiet)
		rc_tail_read(&run->tail);
	if (run->is_done)
		return pass_over(run);
	if (run->lock.busy)
		return skip(run);
	code = judge(run);
	if (run->quiet && code != 0)
		rc_tail_show(&run->tail);
	return end_run(run, code);
}

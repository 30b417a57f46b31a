/*
 * rc-run - run a job: one at a time, bounded, with a history
 *
 * Holds of the output, with --quiet, one to two megabytes.  The lock in the
 * database is held by rc-db-lock, between us and the command, so that a run
 * without it needs no libpq.
 */
#define _GNU_SOURCE	/* sigabbrev_np(3) */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_child.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_event_counts.h"
#include "rc_notify.h"
#include "rc_history.h"
#include "rc_json.h"
#include "rc_lock.h"
#include "rc_mask.h"
#include "rc_mem.h"
#include "rc_metrics.h"
#include "rc_opt.h"
#include "rc_random.h"
#include "rc_record.h"
#include "rc_run_record.h"
#include "rc_tail.h"
#include "rc_utf8.h"

enum { OPT_LOCK = RC_OPT_LONG, OPT_OVERLAP, OPT_SKIP_EXIT, OPT_TIMEOUT, OPT_GRACE, OPT_METRICS, OPT_PING, OPT_ON_FAILURE, OPT_SLOT,
    OPT_NO_HISTORY };
enum { NAME_MAX_LENGTH = 100, LOOK_AGAIN_MS = 20, PING_MS = 5000, ON_FAILURE_MS = 60000, LOCK_WORDS = 10 };
enum overlap { OVERLAP_SKIP, OVERLAP_WAIT, OVERLAP_REPLACE };

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
	struct rc_metrics metrics;
	struct rc_event_counts counts;
	enum overlap overlap;
	long wait_ms;		/* -1: with no end */
	long skip_exit, timeout, grace;
	bool lock_file, lock_database, quiet, no_history;
	char *ping;
	const char *on_failure;

	struct rc_lock lock;
	int tell;		/* what rc-db-lock tells, or -1 */
	bool held, busy;	/* of the lock in the database */
	struct rc_tail tail;
	struct rc_child child;
	char **call;		/* what is run: the command, with --lock database behind rc-db-lock */
	int inherited[3];
	char message[160];
};

/* ---- the ids ---- */

/* A run's id is its own; that of the run around it is the parent. */
static void
begin_run(struct run *run)
{
	const char *outer = getenv("RC_RUN_ID");

	if (outer != NULL && strlen(outer) == RC_RUN_ID_LENGTH)
		run->record.parent = rc_strndup(outer, RC_RUN_ID_LENGTH);
	unsetenv("RC_RUN_ID");
	rc_run_id();
}

static bool
is_trace(const char *text)
{
	static const char form[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

	if (text == NULL || strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == 'x' ? strchr("0123456789abcdef", text[i]) == NULL : text[i] != form[i])
			return false;
	return true;
}

/* W3C: the trace of our caller, or one of our run id, and a new span for the command. */
static void
set_trace(void)
{
	const char *outer = getenv("TRACEPARENT"), *id = rc_run_id();
	unsigned char span[8];
	char text[64];
	size_t n = 3;

	rc_random_bytes(span, sizeof span);
	memcpy(text, "00-", 3);
	if (is_trace(outer)) {
		memcpy(text + n, outer + 3, 32);
		n += 32;
	} else {
		for (; *id != '\0'; id++)
			if (*id != '-')
				text[n++] = *id;
	}
	snprintf(text + n, sizeof text - n, "-%02x%02x%02x%02x%02x%02x%02x%02x-01", span[0] | 1, span[1], span[2], span[3], span[4], span[5],
	    span[6], span[7]);
	if (setenv("TRACEPARENT", text, 1) != 0)
		rc_die(RC_RETRY, "out of memory");
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

/* Ends the process, once all is told that is to be told. */
static int
end_run(struct run *run, int code)
{
	bool skipped = strcmp(run->record.status, "skipped") == 0, ok = strcmp(run->record.status, "ok") == 0;
	struct rc_buf line = {0}, counts = {0}, records = {0};

	signal(SIGXFSZ, SIG_IGN);
	count(run, skipped ? 0 : 1);
	if (!skipped)
		rc_event_counts_end(&run->counts);
	rc_event_counts_json(&run->counts, &counts);
	rc_event_counts_metrics(&run->counts, run->record.name, &records);
	run->record.counts = rc_buf_text(&counts);
	run->record.exit = code;
	rc_run_record_write(&run->record, &line);
	keep(run, &line);
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
	return rc_leave(code);
}

/* ---- one at a time ---- */

/* What stands in the holder's line; TEXT is for the caller to free with the record. */
static const char *
holder_text(struct rc_record *holder, const char *name)
{
	const char *text = rc_record_string(holder, name, NULL);

	return text == NULL ? "?" : text;
}

static bool
read_holder(const struct run *run, struct rc_record *holder, long *pid)
{
	struct rc_json_error error;
	const char *text = rc_json_pad(&holder->arena, run->lock.holder.bytes, strcspn(run->lock.holder.bytes, "\n")), *value;
	size_t length;

	if (*text == '\0' || !rc_json_read_object(&holder->object, text, strlen(text), &holder->arena, &error))
		return false;
	holder->changed = true;
	value = rc_record_value(holder, "pid", &length);
	return value != NULL && (*pid = strtol(value, NULL, 10)) > 1;
}

static int
skip(struct run *run)
{
	struct rc_record holder = {0};
	long pid = 0;

	if (read_holder(run, &holder, &pid))
		snprintf(run->message, sizeof run->message, "held by pid %ld on %s since %s", pid, holder_text(&holder, "host"),
		    holder_text(&holder, "since"));
	else
		snprintf(run->message, sizeof run->message, "held by a process that is not known");
	rc_warn("%s: skipped: %s", run->record.name, run->message);
	rc_record_free(&holder);
	run->record.status = "skipped";
	run->record.message = run->message;
	return end_run(run, (int)run->skip_exit);
}

/* Whether the process is an rc-run of this host: only that is one which has signed. */
static bool
is_run_here(struct rc_record *holder, long pid)
{
	char path[64], name[32] = "", host[256] = "";
	ssize_t n;
	int fd;

	gethostname(host, sizeof host - 1);
	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	if (strcmp(host, holder_text(holder, "host")) != 0 || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, name, sizeof name - 1);
	close(fd);
	return n > 0 && strcmp(name, "rc-run\n") == 0;
}

/* Asks the holder to end; it ends its command by TERM and KILL. */
static void
replace(struct run *run)
{
	struct rc_record holder = {0};
	long pid;

	if (!read_holder(run, &holder, &pid) || !is_run_here(&holder, pid))
		rc_die(RC_RETRY, "%s: cannot replace the run that holds the lock: it is no rc-run of this host", run->record.name);
	if (kill((pid_t)pid, SIGTERM) != 0 && errno != ESRCH)
		rc_die(RC_FATAL, "%s: cannot end pid %ld: %s", run->record.name, pid, strerror(errno));
	rc_record_free(&holder);
}

/* Whether we have the lock now. */
static bool
take_lock(struct run *run)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long patience = run->overlap == OVERLAP_REPLACE ? run->grace + PING_MS * 2L : run->wait_ms;
	struct rc_buf who = {0};

	rc_lock_open(&run->lock, run->record.name);
	if (!rc_lock_try(&run->lock)) {
		long long end = rc_clock_ms() + patience;

		if (run->overlap == OVERLAP_SKIP)
			return false;
		if (run->overlap == OVERLAP_REPLACE)
			replace(run);
		do {
			if (patience >= 0 && rc_clock_ms() >= end)
				return false;
			nanosleep(&a_moment, NULL);
		} while (!rc_lock_try(&run->lock));
	}
	rc_run_record_sign(&run->record, &who);
	rc_lock_sign(&run->lock, who.bytes, who.length);
	rc_buf_free(&who);
	return true;
}

/* The command with rc-db-lock before it, which tells us through a pipe whether it has the lock. */
static char **
with_database_lock(struct run *run, char *command[])
{
	static char words[5][64] = { "--direct", "--tell", "", "--timeout", "" }, end[] = "--";
	char self[PATH_MAX], **call, *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	struct rc_buf path = {0};
	size_t n = 0, at = 0;
	int ends[2];

	if (length <= 0 || pipe2(ends, O_CLOEXEC) != 0)
		rc_die(RC_RETRY, "cannot begin rc-db-lock: %s", strerror(errno));
	self[length] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	rc_buf_printf(&path, "%s/rc-db-lock", self);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	run->tell = ends[0];
	run->inherited[0] = ends[1];
	snprintf(words[2], sizeof *words, "%d", ends[1]);
	snprintf(words[4], sizeof *words, "%ldms", run->overlap == OVERLAP_WAIT ? run->wait_ms : 0);
	while (command[n] != NULL)
		n++;
	call = rc_alloc((n + LOCK_WORDS) * sizeof *call);
	call[at++] = rc_buf_text(&path);
	for (size_t i = 0; i < (run->overlap == OVERLAP_WAIT && run->wait_ms < 0 ? 3 : 5); i++)
		call[at++] = words[i];
	call[at++] = rc_strndup(run->record.name, strlen(run->record.name));
	call[at++] = end;
	memcpy(call + at, command, (n + 1) * sizeof *call);
	return call;
}

static void
hear_lock(struct run *run)
{
	char word;

	while (run->tell >= 0 && read(run->tell, &word, 1) == 1) {
		run->held = run->held || word == 'h';
		run->busy = run->busy || word == 'b';
	}
}

/* ---- while it runs ---- */

/* Sends a signal to all that came to us because their parents ended. */
static bool
kill_left(int signal_number)
{
	char path[64], list[4096];
	ssize_t n;
	int fd;
	bool any = false;

	snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, list, sizeof list - 1);
	close(fd);
	list[n > 0 ? n : 0] = '\0';
	for (char *at = list, *end; *at != '\0'; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		any = kill((pid_t)pid, signal_number) == 0 || any;
		while (*end == ' ')
			end++;
	}
	return any;
}

/* After the command's end: what it has left gets TERM, and after the grace KILL; no one is left behind. */
static void
end_left(struct run *run)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long long end = rc_clock_ms() + run->grace;
	int with = SIGTERM;

	for (bool told = false;;) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return;
		if (with == SIGTERM && rc_clock_ms() >= end)
			with = SIGKILL;
		if (!told || with == SIGKILL) {
			kill(-run->child.pid, with);
			kill_left(with);
			told = true;
		}
		if (run->quiet)
			rc_tail_read(&run->tail);
		nanosleep(&a_moment, NULL);
	}
}

/* Takes the ends of those that were left to us, but not that of the command. */
static void
reap_left(const struct run *run)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && info.si_pid != run->child.pid) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

static void
start(struct run *run)
{
	run->child.has_group = true;
	run->child.ends_with_us = SIGTERM;
	run->child.inherited = run->inherited;
	if (run->quiet)
		rc_tail_open(&run->tail);
	rc_child_start(&run->child, run->call);
	if (run->quiet)
		rc_tail_restore(&run->tail);
	if (run->inherited[0] >= 0 && run->tell >= 0)
		close(run->inherited[0]);
}

/* Until the command has ended, by itself, by a signal of ours, or when its time is over. */
static void
watch(struct run *run)
{
	struct pollfd ready[3] = { { .fd = run->child.signals, .events = POLLIN }, { .events = POLLIN }, { .fd = run->tell, .events = POLLIN } };
	long long term_at = run->timeout > 0 ? run->record.began + run->timeout : LLONG_MAX, kill_at = LLONG_MAX;

	while (!rc_child_look(&run->child)) {
		long long now = rc_clock_ms(), next;

		reap_left(run);
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
		hear_lock(run);
		if (ready[2].revents & POLLHUP)
			ready[2].fd = -1;
	}
	hear_lock(run);
}

/* How it went; the code. */
static int
judge(struct run *run)
{
	int code = rc_child_code(&run->child);

	if (run->busy) {
		run->record.status = "skipped";
		return (int)run->skip_exit;
	}
	if (WIFSIGNALED(run->child.status))
		run->record.signal = WTERMSIG(run->child.status);
	if (run->record.status != NULL) {
		run->record.message = run->message;
		return RC_RETRY;
	}
	run->record.status = code == 0 ? "ok" : "failed";
	if (run->tell >= 0 && !run->held)
		run->record.message = "the lock in the database could not be had";
	return code;
}

/* ---- options ---- */

static void
set_overlap(struct run *run, const char *text)
{
	run->wait_ms = -1;
	if (strcmp(text, "skip") == 0)
		run->overlap = OVERLAP_SKIP;
	else if (strcmp(text, "replace") == 0)
		run->overlap = OVERLAP_REPLACE;
	else if (strcmp(text, "wait") == 0 || strncmp(text, "wait=", 5) == 0)
		run->overlap = OVERLAP_WAIT;
	else
		rc_usage("--overlap is skip, wait, wait=DURATION or replace, not '%s'", text);
	if (text[0] == 'w' && text[4] == '=')
		run->wait_ms = rc_opt_duration("overlap", text + 5);
}

static void
set_lock(struct run *run, const char *text)
{
	run->lock_file = strcmp(text, "file") == 0;
	run->lock_database = strcmp(text, "database") == 0;
	if (!run->lock_file && !run->lock_database)
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
	if (run->overlap != OVERLAP_SKIP && !run->lock_file && !run->lock_database)
		rc_usage("--overlap needs --lock, or no run would see another");
	if (run->lock_database && run->overlap == OVERLAP_REPLACE)
		rc_usage("--overlap replace needs --lock file: it ends a process of this host");
}

int
main(int argc, char *argv[])
{
	static struct run run = { .grace = 10000, .tell = -1, .inherited = { -1, -1, -1 }, .wait_ms = -1, .metrics.exit = -1 };
	char **command;
	int opt, code;

	run.record.began = rc_clock_ms();
	rc_clock_text(run.record.start);
	begin_run(&run);
	command = rc_opt_command(&argc, argv);
	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		set_option(&run, opt);
	if (optind + 1 != argc)
		rc_usage("a name and, after --, a command are needed");
	run.record.name = run.metrics.name = argv[optind];
	check(&run, command);
	run.record.command = command;
	rc_mask_learn(command);
	set_trace();
	sigprocmask(SIG_BLOCK, NULL, &run.child.mask);
	if (run.lock_file && !take_lock(&run))
		return skip(&run);
	if (run.record.slot != NULL && rc_run_record_is_done(run.record.name, run.record.slot)) {
		rc_warn("%s: already done for %s", run.record.name, run.record.slot);
		count(&run, 0);
		return rc_leave(RC_OK);
	}
	if (run.lock_file)
		run.inherited[0] = run.lock.fd;
	run.call = run.lock_database ? with_database_lock(&run, command) : command;
	run.metrics.start = (long long)time(NULL);
	run.metrics.running = true;
	if (run.metrics.folder != NULL)
		rc_metrics_write(&run.metrics);
	rc_event_counts_begin(&run.counts);
	start(&run);
	ping(&run, "/start", false);
	rc_notify_service("READY=1\nSTATUS=the command runs");
	watch(&run);
	rc_notify_service("STOPPING=1");
	end_left(&run);
	if (run.quiet)
		rc_tail_read(&run.tail);
	code = judge(&run);
	if (run.quiet && code != 0)
		rc_tail_show(&run.tail);
	return end_run(&run, code);
}

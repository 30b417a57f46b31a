/*
 * rc-job-run - do the jobs of a table, with programs that read them and write verdicts
 *
 * One loop over the server's socket, the handlers' pipes and the signals, in
 * which nothing waits: while the server settles and claims, handlers work.
 * Holds as many jobs as --max-jobs says, and no more than 64 MB of them when it
 * claims others.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_handlers.h"
#include "rc_job.h"
#include "rc_job_map.h"
#include "rc_job_queue.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_HANDLERS = RC_OPT_LONG, OPT_PER_HANDLER, OPT_IN_FLIGHT, OPT_EXEC, OPT_MAP, OPT_POLL, OPT_ONCE, OPT_LIMIT, OPT_MAX_JOBS,
    OPT_TIMEOUT, OPT_STALL, OPT_GRACE, OPT_ATTEMPTS, OPT_DELAY_MAX, OPT_JITTER, OPT_ADOPT, OPT_REPORT, OPT_WARN, OPT_SAY, OPT_PORCELAIN, OPT_HOLD };
enum { TARGET_FIRST = 20, BYTES_MAX = 64 << 20, SETTLE_WITHIN = 5, SIGNAL_SOCKETS = 2, POLL_MAX = 1024, LAST_WORDS = 5000, HOLD_MOST = 1000 };

static const struct rc_option options[] = {
	{ OPT_HANDLERS, "handlers", "DIR", "run DIR/TYPE for the jobs of a type, from its first one on" },
	{ OPT_PER_HANDLER, "per-handler", "N", "so many copies of a handler at most (default: 1)" },
	{ OPT_IN_FLIGHT, "in-flight", "N", "give a copy so many jobs at once (default: 100)" },
	{ OPT_EXEC, "exec", NULL, "run a process for each job; its exit status is the verdict: 0 done, 100 failed, else retry" },
	{ OPT_HOLD, "hold", NULL, "hold jobs by row locks until they are done, where no other program takes jobs from the table" },
	{ OPT_MAP, "map", "FILE", "the table, its columns and statuses (default: outbox)" },
	{ OPT_POLL, "poll-seconds", "SECONDS", "look for jobs that often where nothing tells of them (default: 2)" },
	{ OPT_ONCE, "once", NULL, "end when no job is due, or when the server has been away for --grace" },
	{ OPT_LIMIT, "limit", "N", "end after so many jobs" },
	{ OPT_MAX_JOBS, "max-jobs", "N", "have so many jobs in hand at most (default: 1000)" },
	{ OPT_TIMEOUT, "job-timeout", "DURATION", "end a handler that has given no verdict for so long; 0 is never (default: 15m)" },
	{ OPT_STALL, "stall", "DURATION", "give a handler without a verdict for so long an end of input (default: 5s)" },
	{ OPT_GRACE, "grace", "DURATION", "wait so long for handlers after TERM or INT, and with --once for the server (default: 30s)" },
	{ OPT_ATTEMPTS, "attempts", "N", "a job has failed after so many (default: 10)" },
	{ OPT_DELAY_MAX, "delay-max", "DURATION", "try again after 2^attempts seconds, but that at most (default: 300s)" },
	{ OPT_JITTER, "jitter", "PERCENT", "shorten or lengthen the delay by up to so much (default: 0)" },
	{ OPT_ADOPT, "adopt-after", "DURATION", "take others' jobs over that have been running for so long" },
	{ OPT_REPORT, "report", "WHICH", "write a record for each job: all, or trouble: those that are not done" },
	{ OPT_WARN, "warn", NULL, "a warning for each job that fails" },
	{ OPT_SAY, "say", "WHEN=TEXT", "a line of text at the start, when it is stopping, or has stopped, instead of the counts" },
	{ OPT_PORCELAIN, "porcelain", "NAME", "be the command NAME: messages begin with it, and any failure ends with 1" },
	RC_OPTION_END
};

static const char *const example[] = { "--once", "--", "sed", "-E", "s/^(.\"id\":[0-9]+).*/\\1,\"status\":\"done\"}/", NULL };

static const struct rc_program program = {
	.name = "rc-job-run",
	.synopsis = "[--map FILE] [--hold] [--once] [--limit N] [--max-jobs N] [--poll-seconds SECONDS] [--exec] [--per-handler N] [--in-flight N] "
	    "[--job-timeout DURATION] [--grace DURATION] [--attempts N] [--adopt-after DURATION] [--report all|trouble] [--warn] [--say WHEN=TEXT] ... [--porcelain NAME] "
	    "--handlers DIR | -- HANDLER [ARGUMENT ...]",
	.summary = "do the jobs of a table with programs that read them and write verdicts",
	.options = options,
	.writes = "with --report a record for each job, and at the end one with the counts",
	.changes = "changes",
	.category = "worker",
	.risk = "medium",
	.example = example,
};

enum report { REPORT_NONE, REPORT_TROUBLE, REPORT_ALL };

enum saying { SAY_START, SAY_STOPPING, SAY_STOPPED, SAYINGS };

static const char *const sayings[SAYINGS] = { "start=", "stopping=", "stopped=" };

struct counts {
	long long claimed, done, retried, failed, returned, late;
};

struct worker {
	struct rc_job_map map;
	struct rc_job_index index;
	struct rc_job_queue queue;
	struct rc_handlers handlers;
	struct rc_job_rules job_rules;
	struct rc_handler_rules handler_rules;
	struct rc_output out;
	long poll_every, grace, max_jobs, limit;	/* ms, ms, jobs, jobs (-1: none) */
	bool once, warn;
	enum report report;
	const char *says[SAYINGS];	/* or NULL */

	int signals;
	long target;		/* how many jobs are to wait for handlers */
	bool hungry;		/* there may be jobs to claim */
	long long next_poll;	/* ms */
	long long answered_since;	/* ms: the first verdict that waits to be settled, 0: none */
	bool gave_up;		/* the server was away for too long */
	bool unanswered;	/* and it did not take the last verdicts in time, or give back what was claimed last */
	bool stopping, ended;	/* no claims any more; the handlers were ended */
	long long stop_by;	/* ms: the end of the grace */
	struct rc_buf except;
	struct counts counts;
};

/* ---- options ---- */

static long
opt_seconds(const char *text)
{
	long ms;

	if (!rc_parse_duration(text, &ms))
		rc_usage("--poll-seconds takes seconds such as 2 or 0.5, not '%s'", text);
	return ms;
}

static enum report
opt_report(const char *text)
{
	if (strcmp(text, "all") != 0 && strcmp(text, "trouble") != 0)
		rc_usage("--report takes all or trouble, not '%s'", text);
	return *text == 'a' ? REPORT_ALL : REPORT_TROUBLE;
}

static void
take_saying(struct worker *worker, const char *text)
{
	for (int i = 0; i < SAYINGS; i++)
		if (strncmp(text, sayings[i], strlen(sayings[i])) == 0) {
			worker->says[i] = text + strlen(sayings[i]);
			return;
		}
	rc_usage("--say takes start=TEXT, stopping=TEXT or stopped=TEXT, not '%s'", text);
}

static void
take_option(struct worker *worker, const char **map, int opt)
{
	struct rc_handler_rules *handlers = &worker->handler_rules;
	struct rc_job_rules *jobs = &worker->job_rules;

	switch (opt) {
	case OPT_HANDLERS: handlers->folder = optarg; break;
	case OPT_PER_HANDLER: handlers->copies = (int)rc_opt_long("per-handler", optarg, 1, 256); break;
	case OPT_IN_FLIGHT: handlers->in_flight = (int)rc_opt_long("in-flight", optarg, 1, 100000); break;
	case OPT_EXEC: handlers->exec = true; break;
	case OPT_HOLD: jobs->hold = true; break;
	case OPT_MAP: *map = optarg; break;
	case OPT_POLL: worker->poll_every = opt_seconds(optarg); break;
	case OPT_ONCE: worker->once = true; break;
	case OPT_LIMIT: worker->limit = rc_opt_long("limit", optarg, 0, 1L << 60); break;
	case OPT_MAX_JOBS: worker->max_jobs = rc_opt_long("max-jobs", optarg, 0, 1000000); break;
	case OPT_TIMEOUT: handlers->job_timeout = rc_opt_duration("job-timeout", optarg); break;
	case OPT_STALL: handlers->stall = rc_opt_duration("stall", optarg); break;
	case OPT_GRACE: worker->grace = rc_opt_duration("grace", optarg); break;
	case OPT_ATTEMPTS: jobs->attempts = (int)rc_opt_long("attempts", optarg, 1, 1000000); break;
	case OPT_DELAY_MAX: jobs->delay_max = (double)rc_opt_duration("delay-max", optarg) / 1000; break;
	case OPT_JITTER: jobs->jitter = (double)rc_opt_long("jitter", optarg, 0, 100) / 100; break;
	case OPT_ADOPT: jobs->adopt_after = (double)rc_opt_duration("adopt-after", optarg) / 1000; break;
	case OPT_WARN: worker->warn = true; break;
	case OPT_PORCELAIN: rc_err_set_porcelain(optarg); break;
	case OPT_SAY: take_saying(worker, optarg); break;
	case OPT_REPORT: worker->report = opt_report(optarg); break;
	}
}

static void
take_options(struct worker *worker, int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	const char *map = "outbox";
	int opt;

	*worker = (struct worker){ .poll_every = 2000, .grace = 30000, .max_jobs = 1000, .limit = -1, .target = TARGET_FIRST, .hungry = true,
		.job_rules = { .attempts = 10, .delay_max = 300 },
		.handler_rules = { .copies = 1, .in_flight = 100, .job_timeout = 900000, .stall = 5000 } };
	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		take_option(worker, &map, opt);
	if (optind < argc)
		rc_usage("unexpected argument '%s'; a handler stands after --", argv[optind]);
	if ((command == NULL) == (worker->handler_rules.folder == NULL))
		rc_usage("either --handlers DIR or a handler after -- is needed");
	if (worker->handler_rules.folder != NULL && access(worker->handler_rules.folder, R_OK | X_OK) != 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", worker->handler_rules.folder, strerror(errno));
	worker->handler_rules.command = command;
	rc_job_map_read(&worker->map, map);
}

/* ---- what was settled ---- */

static void
report_job(struct worker *worker, const struct rc_job *job, const char *status)
{
	struct rc_buf line = {0};

	rc_json_open(&line);
	if (worker->map.numeric)
		rc_json_add_value(&line, "id", job->id);
	else
		rc_json_add_text(&line, "id", job->id);
	rc_json_add_text(&line, "job_type", job->type);
	rc_json_add_text(&line, "status", status);
	rc_json_add_integer(&line, "attempts", job->verdict == RC_VERDICT_DONE || job->verdict == RC_VERDICT_BACK ? job->attempts : job->attempts + 1);
	if (strcmp(status, "retry") == 0) {
		struct rc_buf after = {0};

		rc_buf_printf(&after, "%.1f", job->after);
		rc_json_add_value(&line, "after", rc_buf_text(&after));
		rc_buf_free(&after);
	}
	if (job->error != NULL)
		rc_json_add_text(&line, "error", job->error);
	rc_json_close(&line);
	rc_output_line(&worker->out, line.bytes, line.length);
	rc_buf_free(&line);
}

static void
say(struct worker *worker, enum saying when)
{
	if (worker->says[when] == NULL)
		return;
	rc_output_text(&worker->out, worker->says[when], strlen(worker->says[when]));
	rc_output_text(&worker->out, "\n", 1);
	rc_output_flush(&worker->out);
}

static void
warn_of(const struct worker *worker, const struct rc_job *job, bool given_up)
{
	const char *error = job->error == NULL ? "" : job->error;

	if (given_up)
		rc_warn("Job %s (%s) marked as FAILED after %d attempts. Last error: %.200s", job->id, job->type, job->attempts + 1, error);
	else
		rc_warn("Job %s (%s) failed (attempt %d/%d). Scheduled retry after %.1fs. Error: %.200s", job->id, job->type,
		    job->attempts + 1, worker->job_rules.attempts, job->after, error);
}

static void
free_settled(struct worker *worker)
{
	struct rc_job *job;

	while ((job = rc_job_take_first(&worker->queue.settled)) != NULL) {
		bool done = job->verdict == RC_VERDICT_DONE, back = job->verdict == RC_VERDICT_BACK;
		bool given_up = rc_job_queue_gives_up(&worker->job_rules, job);

		*(done ? &worker->counts.done : back ? &worker->counts.returned :
		    given_up ? &worker->counts.failed : &worker->counts.retried) += 1;
		if (worker->report == REPORT_ALL || (worker->report == REPORT_TROUBLE && !done && !back))
			report_job(worker, job, done ? "done" : back ? "returned" : given_up ? "failed" : "retry");
		if (worker->warn && !done && !back)
			warn_of(worker, job, given_up);
		rc_job_free(&worker->index, job);
	}
	if (worker->queue.late > 0)
		rc_warn("%ld %s too late: the jobs are no longer ours", worker->queue.late, worker->queue.late == 1 ? "verdict came" : "verdicts came");
	worker->counts.late += worker->queue.late;
	worker->queue.late = 0;
	if (worker->report != REPORT_NONE)
		rc_output_flush(&worker->out);
}

/* ---- rounds ---- */

/* How many jobs to claim now. */
static long
claim_size(struct worker *worker)
{
	long waiting = worker->handlers.waiting, most = worker->target - waiting, room = worker->max_jobs - worker->index.count;

	if (worker->queue.open)	/* what is settled with the round leaves room for others */
		room += worker->queue.settling.count + worker->handlers.answered.count;

	if (worker->stopping || !worker->hungry || worker->index.bytes > BYTES_MAX || waiting > worker->target / 2)
		return 0;
	if (most > room)
		most = room;
	if (worker->limit >= 0 && most > worker->limit - worker->counts.claimed)
		most = (long)(worker->limit - worker->counts.claimed);
	if (most <= 0 || !rc_handlers_paused(&worker->handlers, &worker->except))
		return most > 0 ? most : 0;
	worker->hungry = !worker->once;	/* the one handler does not run: not now */
	return 0;
}

/* What came of a claim tells how many the next one shall bring: more where handlers had to wait for it. */
static void
learn_from_claim(struct worker *worker)
{
	struct rc_job_queue *queue = &worker->queue;

	queue->claim_over = false;
	if (queue->asked == 0)
		return;		/* it failed, and is made again */
	worker->counts.claimed += queue->claimed.count;
	worker->hungry = queue->got == queue->asked;
	if (worker->hungry && worker->handlers.waiting == 0 && worker->target < worker->max_jobs)
		worker->target = worker->target * 2 < worker->max_jobs ? worker->target * 2 : worker->max_jobs;
	for (struct rc_handler *one = worker->handlers.first; one != NULL; one = one->next)
		if (one->waiting.first != NULL && rc_clock_ms() - one->waiting.first->given > 1000 && worker->target > 1)
			worker->target /= 2;
	worker->next_poll = rc_clock_ms() + worker->poll_every;
	rc_handlers_take(&worker->handlers, &queue->claimed);
}

/* Hold mode, with a transaction open: closes it when all that it holds has a verdict, or after a while, and settles meanwhile. */
static void
hold_on(struct worker *worker, long long now)
{
	struct rc_job_list *answered = &worker->handlers.answered;
	struct rc_job_queue *queue = &worker->queue;
	bool close = answered->count >= queue->held || now - queue->opened >= HOLD_MOST;

	if (!close && answered->count <= worker->target / 4)
		return;
	worker->answered_since = 0;
	rc_job_queue_round(queue, answered, close ? claim_size(worker) : 0, worker->except.bytes, close);
}

/* Begins a round where there is something for it: at once where handlers would wait for it, else when it is worth the trip. */
static void
begin_round(struct worker *worker)
{
	struct rc_job_list *answered = &worker->handlers.answered;
	long long now = rc_clock_ms();
	long most;

	if (answered->count > 0 && worker->answered_since == 0)
		worker->answered_since = now;
	if (worker->queue.state != RC_QUEUE_FREE || now < worker->queue.again)
		return;
	if (worker->queue.open) {
		hold_on(worker, now);
		return;
	}
	most = claim_size(worker);
	if (most == 0 && (answered->count == 0 || (answered->count < worker->target / 2 && worker->handlers.waiting > 0 &&
	    now - worker->answered_since < SETTLE_WITHIN)))
		return;
	worker->answered_since = 0;
	rc_job_queue_round(&worker->queue, answered, most, worker->except.bytes, true);
}

/* Takes what the last round has brought. */
static void
take_round(struct worker *worker)
{
	struct rc_job_queue *queue = &worker->queue;

	free_settled(worker);
	rc_job_move_all(&worker->handlers.answered, &queue->unsettled);
	if (queue->claim_over)
		learn_from_claim(worker);
	if (queue->notified)
		worker->hungry = true;
}

/* ---- signals, and the end ---- */

static void
stop(struct worker *worker)
{
	worker->stopping = true;
	worker->stop_by = rc_clock_ms() + worker->grace;
	say(worker, SAY_STOPPING);
	rc_handlers_stop(&worker->handlers);
}

static void
take_signals(struct worker *worker)
{
	struct signalfd_siginfo info;

	while (read(worker->signals, &info, sizeof info) == sizeof info) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			break;
		case SIGUSR1:
			rc_handlers_tell(&worker->handlers);
			break;
		default:
			if (worker->stopping)
				worker->stop_by = rc_clock_ms();	/* a second one does not wait for handlers */
			else
				stop(worker);
		}
	}
	rc_handlers_reap(&worker->handlers);
}

static int
open_signals(void)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD };
	struct sigaction old;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (wanted[i] == SIGCHLD || (sigaction(wanted[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN))
			sigaddset(&set, wanted[i]);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);	/* a handler that is gone is seen otherwise */
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		rc_die(RC_RETRY, "cannot make a signalfd: %s", strerror(errno));
	return fd;
}

/* A run that has an end does not wait for a server for ever. */
static void
look_for_server(struct worker *worker)
{
	if (!worker->once || worker->stopping || worker->queue.away == 0 || rc_clock_ms() - worker->queue.away < worker->grace)
		return;
	worker->gave_up = true;
	stop(worker);
	worker->stop_by = rc_clock_ms();
}

/* Whether all is settled and nothing is to come. */
static bool
is_over(struct worker *worker)
{
	bool enough = worker->limit >= 0 && worker->counts.claimed >= worker->limit;
	long long now = rc_clock_ms();

	if (worker->stopping && !worker->ended && (now >= worker->stop_by || (worker->handlers.given == 0 && worker->handlers.waiting == 0))) {
		rc_handlers_end(&worker->handlers);
		worker->ended = true;
		worker->stop_by = now + LAST_WORDS;
	}
	if (worker->queue.state == RC_QUEUE_ROUND || worker->queue.open || worker->index.count > 0) {
		worker->unanswered = worker->ended && worker->queue.state != RC_QUEUE_FREE && now >= worker->stop_by;
		return worker->unanswered;
	}
	if (worker->stopping)
		return worker->ended;
	return (enough || (worker->once && !worker->hungry)) && worker->queue.state == RC_QUEUE_FREE && !worker->queue.doubtful;
}

/* ---- the loop ---- */

static long
sooner(long a, long b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static long
until(long long moment)
{
	long long left = moment - rc_clock_ms();

	return left < 0 ? 0 : (long)left;
}

static void
wait_for_something(struct worker *worker, long wait)
{
	static struct pollfd ready[POLL_MAX];
	long server_wait;
	short events;
	int count;

	ready[0] = (struct pollfd){ .fd = worker->signals, .events = POLLIN };
	ready[1].fd = rc_job_queue_socket(&worker->queue, &events, &server_wait);
	ready[1].events = events;
	ready[1].revents = 0;
	wait = sooner(wait, server_wait);
	if (worker->queue.state == RC_QUEUE_FREE && worker->queue.again > rc_clock_ms())
		wait = sooner(wait, until(worker->queue.again));
	if (!worker->stopping && !worker->hungry && !worker->once)
		wait = sooner(wait, until(worker->next_poll));
	if (worker->stopping)
		wait = sooner(wait, until(worker->stop_by));
	else if (worker->once && worker->queue.away != 0)
		wait = sooner(wait, until(worker->queue.away + worker->grace));
	if (worker->queue.state == RC_QUEUE_FREE && worker->queue.open)
		wait = sooner(wait, until(worker->queue.opened + HOLD_MOST));
	if (worker->queue.state == RC_QUEUE_FREE && worker->handlers.answered.count > 0)
		wait = sooner(wait, SETTLE_WITHIN);
	count = rc_handlers_poll(&worker->handlers, ready + SIGNAL_SOCKETS, POLL_MAX - SIGNAL_SOCKETS);
	if (poll(ready, (nfds_t)(count + SIGNAL_SOCKETS), (int)wait) < 0 && errno != EINTR)
		rc_die(RC_RETRY, "poll: %s", strerror(errno));
	rc_handlers_go_on(&worker->handlers, ready + SIGNAL_SOCKETS);
	if (ready[0].revents != 0)
		take_signals(worker);
	if (ready[1].revents != 0 || worker->queue.state < RC_QUEUE_FREE)
		rc_job_queue_go_on(&worker->queue);
}

static void
run(struct worker *worker)
{
	for (;;) {
		long wait;

		take_round(worker);
		if (!worker->hungry && rc_clock_ms() >= worker->next_poll && !worker->once)
			worker->hungry = true;
		wait = rc_handlers_give(&worker->handlers);
		if (worker->once && !worker->hungry && worker->handlers.waiting == 0 && worker->queue.state != RC_QUEUE_ROUND)
			rc_handlers_drain(&worker->handlers);
		begin_round(worker);
		look_for_server(worker);
		if (is_over(worker))
			return;
		wait_for_something(worker, wait);
	}
}

static void
tell_counts(struct worker *worker)
{
	const struct counts *counts = &worker->counts;
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "claimed", counts->claimed);
	rc_json_add_integer(&line, "done", counts->done);
	rc_json_add_integer(&line, "retried", counts->retried);
	rc_json_add_integer(&line, "failed", counts->failed);
	rc_json_add_integer(&line, "returned", counts->returned);
	rc_json_add_integer(&line, "late", counts->late);
	rc_json_close(&line);
	rc_output_line(&worker->out, line.bytes, line.length);
	rc_buf_free(&line);
}

int
main(int argc, char *argv[])
{
	static struct worker worker;
	long lost;

	take_options(&worker, argc, argv);
	rc_output_open(&worker.out, NULL);
	worker.signals = open_signals();
	rc_handlers_start(&worker.handlers, &worker.handler_rules, &worker.index);
	rc_job_queue_start(&worker.queue, &worker.map, &worker.index, &worker.job_rules);
	say(&worker, SAY_START);
	run(&worker);
	rc_handlers_end(&worker.handlers);
	lost = worker.index.count;
	rc_job_queue_close(&worker.queue);
	if (worker.says[SAY_STOPPED] == NULL)
		tell_counts(&worker);
	say(&worker, SAY_STOPPED);
	if (lost > 0)
		rc_die(RC_RETRY, "the server is away: %ld %s running in the table", lost, lost == 1 ? "job is left" : "jobs are left");
	if (worker.gave_up)
		rc_die(RC_RETRY, "the server has been away for %g s", (double)worker.grace / 1000);
	if (worker.unanswered)
		rc_die(RC_RETRY, "the server does not answer: jobs that were claimed last may be left running in the table");
	return rc_finish(NULL, &worker.out);
}

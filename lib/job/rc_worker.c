#include "rc_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_signal.h"
#include "rc_stream.h"

enum { TARGET_FIRST = 20, BYTES_MAX = 64 << 20, SETTLE_WITHIN = 5, SIGNAL_SOCKETS = 2, POLL_MAX = 1024, LAST_WORDS = 5000, HOLD_MOST = 1000,
    KEPT_TIMES = 3 };

/* ---- rounds ---- */

/* How many jobs to claim now. */
static long
claim_size(struct rc_worker *worker)
{
	long waiting = worker->handlers.waiting, most = worker->target - waiting, room = worker->rules.max_jobs - worker->index.count;

	if (worker->queue.open)	/* what is settled with the round leaves room for others */
		room += worker->queue.settling.count + worker->handlers.answered.count;

	if (worker->stopping || !worker->hungry || worker->index.bytes > BYTES_MAX || waiting > worker->target / 2)
		return 0;
	if (most > room)
		most = room;
	if (worker->rules.limit >= 0 && most > worker->rules.limit - worker->report.counts.claimed)
		most = (long)(worker->rules.limit - worker->report.counts.claimed);
	if (most <= 0 || !rc_handlers_paused(&worker->handlers, &worker->except))
		return most > 0 ? most : 0;
	worker->hungry = !worker->rules.once;	/* the one handler does not run: not now */
	return 0;
}

/* A claim found jobs that it could not mark: someone else was faster, which does not happen time and again, or a trigger keeps them. */
static void
learn_of_kept(struct rc_worker *worker)
{
	worker->kept = worker->queue.got > 0 ? 0 : worker->kept + 1;
	worker->hungry = worker->kept < KEPT_TIMES;
	if (worker->kept == KEPT_TIMES)
		rc_warn("jobs are due, but the database keeps out that they are running: is there a trigger on %s?", rc_job_map_text(worker->map, "table"));
}

/* What came of a claim tells how many the next one shall bring: more where handlers had to wait for it. */
static void
learn_from_claim(struct rc_worker *worker)
{
	struct rc_job_queue *queue = &worker->queue;

	queue->claim_over = false;
	if (queue->asked == 0)
		return;		/* it failed, and is made again */
	worker->report.counts.claimed += queue->claimed.count;
	worker->hungry = queue->got == queue->asked;
	if (queue->kept)
		learn_of_kept(worker);
	else if (queue->got > 0)
		worker->kept = 0;
	if (worker->hungry && worker->handlers.waiting == 0 && worker->target < worker->rules.max_jobs)
		worker->target = worker->target * 2 < worker->rules.max_jobs ? worker->target * 2 : worker->rules.max_jobs;
	for (struct rc_handler *one = worker->handlers.first; one != NULL; one = one->next)
		if (one->waiting.first != NULL && rc_clock_ms() - one->waiting.first->given > 1000 && worker->target > 1)
			worker->target /= 2;
	worker->next_poll = rc_clock_ms() + worker->rules.poll_every;
	rc_handlers_take(&worker->handlers, &queue->claimed);
}

/* Hold mode, with a transaction open: closes it when all that it holds has a verdict, or after a while, and settles meanwhile. */
static void
hold_on(struct rc_worker *worker, long long now)
{
	struct rc_job_list *answered = &worker->handlers.answered;
	struct rc_job_queue *queue = &worker->queue;
	bool close = answered->count >= queue->held || now - queue->opened >= HOLD_MOST;

	if (!close && answered->count <= worker->target / 4)
		return;
	worker->answered_since = 0;
	rc_job_queue_round(queue, answered, close ? claim_size(worker) : 0, worker->except.bytes, close);
}

/* With nothing in hand it asks whether there is anything before it claims: one query that writes nothing, where a claim takes several. */
static void
look(struct rc_worker *worker)
{
	worker->curious = false;
	if (!worker->stopping && (rc_handlers_paused(&worker->handlers, &worker->except) || !rc_job_queue_look(&worker->queue, worker->except.bytes)))
		worker->hungry = true;
}

/* Begins a round where there is something for it: at once where handlers would wait for it, else when it is worth the trip. */
static void
begin_round(struct rc_worker *worker)
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
	if (worker->curious && most == 0 && worker->index.count == 0) {
		look(worker);
		return;
	}
	if (most == 0 && (answered->count == 0 || (answered->count < worker->target / 2 && worker->handlers.waiting > 0 &&
	    now - worker->answered_since < SETTLE_WITHIN)))
		return;
	worker->answered_since = 0;
	rc_job_queue_round(&worker->queue, answered, most, worker->except.bytes, true);
}

/* What is in the table is told, and forgotten. */
static void
free_settled(struct rc_worker *worker)
{
	struct rc_job *job;

	while ((job = rc_job_take_first(&worker->queue.settled)) != NULL) {
		rc_job_report_settled(&worker->report, job);
		rc_job_free(&worker->index, job);
	}
	rc_job_report_late(&worker->report, worker->queue.late);
	worker->queue.late = 0;
	rc_job_report_flush(&worker->report);
}

/* Takes what the last round has brought. */
static void
take_round(struct rc_worker *worker)
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
tell_state(struct rc_worker *worker)
{
	const struct rc_job_state state = { .in_hand = worker->index.count, .given = worker->handlers.given, .away = worker->queue.away != 0 };

	rc_job_report_state(&worker->report, &state);
}

static void
stop(struct rc_worker *worker)
{
	worker->stopping = true;
	worker->stop_by = rc_clock_ms() + worker->rules.grace;
	rc_job_report_say(&worker->report, RC_SAY_STOPPING);
	rc_job_report_stopping();
	rc_handlers_stop(&worker->handlers);
}

static void
take_signals(struct rc_worker *worker)
{
	struct signalfd_siginfo info;

	while (read(worker->signals, &info, sizeof info) == sizeof info) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			break;
		case SIGUSR1:
			rc_handlers_tell(&worker->handlers);
			tell_state(worker);
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
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	signal(SIGPIPE, SIG_IGN);	/* a handler that is gone is seen otherwise */
	return rc_signal_open(wanted, sizeof wanted / sizeof *wanted, NULL);
}

/* A run that has an end does not wait for a server for ever. */
static void
look_for_server(struct rc_worker *worker)
{
	if (!worker->rules.once || worker->stopping || worker->queue.away == 0 || rc_clock_ms() - worker->queue.away < worker->rules.grace)
		return;
	worker->gave_up = true;
	stop(worker);
	worker->stop_by = rc_clock_ms();
}

/* Whether handlers have nothing in hand, and those that got an end of input have ended. */
static bool
handlers_are_over(const struct rc_worker *worker)
{
	return worker->handlers.given == 0 && worker->handlers.waiting == 0 && !rc_handlers_linger(&worker->handlers);
}

/* Whether all is settled and nothing is to come. */
static bool
is_over(struct rc_worker *worker)
{
	bool enough = worker->rules.limit >= 0 && worker->report.counts.claimed >= worker->rules.limit;
	long long now = rc_clock_ms();

	if (worker->stopping && !worker->ended && (now >= worker->stop_by || handlers_are_over(worker))) {
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
	if ((!enough && (!worker->rules.once || worker->hungry)) || worker->queue.state != RC_QUEUE_FREE || worker->queue.doubtful)
		return false;
	rc_handlers_drain(&worker->handlers);
	return handlers_are_over(worker);
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
wait_for_something(struct rc_worker *worker, long wait)
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
	if (!worker->stopping && !worker->hungry && !worker->rules.once)
		wait = sooner(wait, until(worker->next_poll));
	if (worker->stopping)
		wait = sooner(wait, until(worker->stop_by));
	else if (worker->rules.once && worker->queue.away != 0)
		wait = sooner(wait, until(worker->queue.away + worker->rules.grace));
	if (worker->queue.state == RC_QUEUE_FREE && worker->queue.open)
		wait = sooner(wait, until(worker->queue.opened + HOLD_MOST));
	if (worker->report.next != 0)
		wait = sooner(wait, until(worker->report.next));
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

/* What the clock brings. */
static void
look_at_clock(struct rc_worker *worker)
{
	long long now = rc_clock_ms();

	if (!worker->hungry && !worker->rules.once && now >= worker->next_poll) {
		worker->next_poll = now + worker->rules.poll_every;
		*(worker->index.count == 0 ? &worker->curious : &worker->hungry) = true;
	}
	if (worker->report.next != 0 && (now >= worker->report.next || (worker->queue.was_in && !worker->report.ready)))
		tell_state(worker);
}

static void
run(struct rc_worker *worker)
{
	for (;;) {
		long wait;

		take_round(worker);
		look_at_clock(worker);
		wait = rc_handlers_give(&worker->handlers);
		if (worker->rules.once && !worker->hungry && worker->handlers.waiting == 0 && worker->queue.state != RC_QUEUE_ROUND)
			rc_handlers_drain(&worker->handlers);
		begin_round(worker);
		look_for_server(worker);
		if (is_over(worker))
			return;
		wait_for_something(worker, wait);
	}
}

int
rc_worker_run(struct rc_worker *worker, const struct rc_worker_rules *rules, struct rc_job_map *map)
{
	long lost;

	*worker = (struct rc_worker){ .rules = *rules, .map = map, .target = TARGET_FIRST, .hungry = true };
	rc_job_report_start(&worker->report, &worker->rules.report, &worker->rules.jobs, map);
	worker->signals = open_signals();
	rc_handlers_start(&worker->handlers, &worker->rules.handlers, &worker->index);
	rc_job_queue_start(&worker->queue, map, &worker->index, &worker->rules.jobs);
	rc_job_report_say(&worker->report, RC_SAY_START);
	run(worker);
	rc_handlers_end(&worker->handlers);
	lost = worker->index.count;
	if (worker->report.next != 0)
		tell_state(worker);
	rc_job_queue_close(&worker->queue);
	if (!rc_job_report_say(&worker->report, RC_SAY_STOPPED))
		rc_job_report_counts(&worker->report);
	if (lost > 0)
		rc_die(RC_RETRY, "the server is away: %ld %s running in the table", lost, lost == 1 ? "job is left" : "jobs are left");
	if (worker->gave_up)
		rc_die(RC_RETRY, "the server has been away for %g s", (double)worker->rules.grace / 1000);
	if (worker->unanswered)
		rc_die(RC_RETRY, "the server does not answer: jobs that were claimed last may be left running in the table");
	if (worker->kept >= KEPT_TIMES)
		worker->report.out.answer = RC_NO;
	return rc_finish(NULL, &worker->report.out);
}

#include "rc_job_round.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_job_array.h"
#include "rc_mem.h"
#include "rc_random.h"
#include "rc_result.h"

enum { RESCAN_EVERY = 1000 };

const struct rc_job_kind rc_job_kinds[RC_STATEMENTS] = {
	[RC_CLAIM] = { "claim.sql", "rc_claim", 4 },
	[RC_DONE] = { "done.sql", "rc_done", 2 },
	[RC_FAIL] = { "fail.sql", "rc_fail", 5 },
	[RC_BACK] = { "back.sql", "rc_back", 2 },
	[RC_ASK] = { "look.sql", "rc_look", 1 },
	[RC_HOLD] = { "hold.sql", "rc_hold", 3 },
	[RC_HELD_DONE] = { "held-done.sql", "rc_held_done", 1 },
	[RC_LEASE] = { "lease.sql", "rc_lease", 2 },
	[RC_RETAKE] = { "retake.sql", "rc_retake", 3 },
	[RC_RECOVER] = { "recover.sql", "rc_recover", 2 },
	[RC_ADOPT] = { "adopt.sql", "rc_adopt", 4 },
	[RC_NOTE] = { "note.sql", "rc_note", 3 },
	[RC_FORGET] = { "forget.sql", "rc_forget", 2 },
	[RC_KEEP] = { "keep.sql", "rc_keep", 2 },
	[RC_LOST] = { "lost.sql", "rc_lost", 4 },
	[RC_ASK_NOTED] = { "look-noted.sql", "rc_look_noted", 3 },
};

/* ---- rules ---- */

double
rc_job_queue_delay(const struct rc_job_rules *rules, int attempts)
{
	double delay = attempts >= 30 ? rules->delay_max : (double)(1L << attempts);

	if (delay > rules->delay_max)
		delay = rules->delay_max;
	return delay * (1 + rules->jitter * ((double)rc_random() / (double)UINT64_MAX * 2 - 1));
}

bool
rc_job_queue_gives_up(const struct rc_job_rules *rules, const struct rc_job *job)
{
	return job->verdict == RC_VERDICT_FAILED || (job->verdict == RC_VERDICT_RETRY && job->attempts + 1 >= rules->attempts);
}

/* ---- a round ---- */

/* Goes on to a moment of the server's clock that no claim of ours had before. */
static void
next_moment(struct rc_job_queue *queue)
{
	long long now = queue->clock + rc_clock_ms() * 1000 + (long long)(rc_random() % 1000);

	queue->moment = now > queue->moment ? now : queue->moment + 1;
}

static struct rc_round_step *
next_step(struct rc_job_queue *queue, enum rc_statement_number number)
{
	struct rc_round_step *step;

	if (queue->step_count == queue->step_room) {
		queue->step_room = queue->step_room == 0 ? 64 : queue->step_room * 2;
		queue->steps = rc_realloc(queue->steps, rc_size_mul((size_t)queue->step_room, sizeof *queue->steps));
	}
	step = &queue->steps[queue->step_count++];
	*step = (struct rc_round_step){ .statement = number };
	return step;
}

static struct rc_round_step *
send_step(struct rc_job_queue *queue, enum rc_statement_number number, const char *const values[])
{
	struct rc_round_step *step = next_step(queue, number);

	if (PQsendQueryPrepared(queue->connection.libpq, rc_job_kinds[number].name, rc_job_kinds[number].parameters, values, NULL, NULL, 0) != 1)
		queue->failed = true;	/* the connection is gone */
	return step;
}

static void
send_plain(struct rc_job_queue *queue, enum rc_statement_number number)
{
	static const char *const words[] = { [RC_BEGIN] = "begin isolation level read committed", [RC_COMMIT] = "commit", [RC_ROLLBACK] = "rollback" };

	next_step(queue, number);
	if (PQsendQueryParams(queue->connection.libpq, words[number], 0, NULL, NULL, NULL, NULL, 0) != 1)
		queue->failed = true;
}

/* Takes a job whose verdict is sent. */
static void
take_settling(struct rc_job_queue *queue, struct rc_job_list *list, struct rc_job *job)
{
	rc_job_remove(list, job);
	rc_job_append(&queue->settling, job);
	if (job->held)
		queue->held--;
}

/* The jobs of LIST that are held: those that are done are found by their place, those that go back need nothing. */
static void
send_held(struct rc_job_queue *queue, struct rc_job_list *list)
{
	struct rc_buf places = {0};
	struct rc_round_step *step;
	const char *values[1];
	long done = 0;

	for (struct rc_job *job = list->first, *next; job != NULL; job = next) {
		next = job->next;
		if (!job->held || (job->verdict != RC_VERDICT_DONE && job->verdict != RC_VERDICT_BACK))
			continue;
		if (job->verdict == RC_VERDICT_DONE) {
			rc_job_array_add(&places, job->place);
			done++;
		}
		take_settling(queue, list, job);
	}
	if (done > 0) {
		values[0] = rc_job_array_end(&places);
		step = send_step(queue, RC_HELD_DONE, values);
		step->jobs = done;
		step->held = true;
	}
	rc_buf_free(&places);
}

/* Sends all jobs of LIST that have the verdict and the attempts of its first one as one step. */
static void
send_alike(struct rc_job_queue *queue, struct rc_job_list *list)
{
	enum rc_verdict verdict = list->first->verdict;
	int attempts = list->first->attempts;
	struct rc_buf ids = {0};
	char text[16];
	const char *values[2] = { NULL, text };
	struct rc_round_step step = {0}, *sent;

	for (struct rc_job *job = list->first, *next; job != NULL; job = next) {
		next = job->next;
		if (job->verdict != verdict || job->attempts != attempts)
			continue;
		rc_job_array_add(&ids, job->id);
		step.jobs++;
		step.doubtful |= job->doubtful;
		take_settling(queue, list, job);
	}
	snprintf(text, sizeof text, "%d", attempts);
	values[0] = rc_job_array_end(&ids);
	sent = send_step(queue, verdict == RC_VERDICT_DONE ? RC_DONE : RC_BACK, values);
	sent->jobs = step.jobs;
	sent->doubtful = step.doubtful;
	rc_buf_free(&ids);
}

static void
send_failure(struct rc_job_queue *queue, struct rc_job *job)
{
	char attempts[16], delay[32];
	const char *values[] = { job->id, attempts, job->error, delay, rc_job_map_text(queue->map, job->held ? "pending" : "running") };
	struct rc_round_step *step;

	if (queue->plain)
		rc_job_plain_error(job);
	rc_job_cut_error(job, queue->room);
	snprintf(attempts, sizeof attempts, "%d", job->attempts);
	if (job->after < 0)
		job->after = rc_job_queue_delay(&queue->rules, job->attempts + 1);
	snprintf(delay, sizeof delay, "%.6f", job->after);
	if (rc_job_queue_gives_up(&queue->rules, job))
		values[3] = NULL;
	step = send_step(queue, RC_FAIL, values);
	step->jobs = 1;
	step->doubtful = job->doubtful;
	step->held = job->held;
}

/* All that is in hand, as an array: what must not be taken for lost. */
static const char *
held(const struct rc_job_queue *queue, struct rc_buf *array)
{
	rc_job_index_each(queue->index, array, rc_job_array_add);
	return rc_job_array_end(array);
}

static void
send_recovery(struct rc_job_queue *queue)
{
	struct rc_buf ids = {0};
	char text[RC_MOMENT_SIZE];
	const char *values[] = { text, held(queue, &ids) };

	rc_job_moment_text(queue->moment, text);
	send_step(queue, RC_RECOVER, values);
	rc_buf_free(&ids);
}

static void
send_adoption(struct rc_job_queue *queue)
{
	struct rc_buf ids = {0};
	char seconds[32], limit[16], room[16];
	const char *values[] = { seconds, held(queue, &ids), limit, room };
	double every = queue->rules.adopt_after / 2;

	snprintf(seconds, sizeof seconds, "%.3f", queue->rules.adopt_after);
	snprintf(limit, sizeof limit, "%d", queue->rules.attempts);
	snprintf(room, sizeof room, "%d", queue->room);
	send_step(queue, RC_ADOPT, values);
	rc_buf_free(&ids);
	queue->adopt = rc_clock_ms() + (long long)((every > 60 ? 60 : every) * 1000);
}

/* What is claimed at this moment is ours while we hold our lock. */
static void
send_note(struct rc_job_queue *queue)
{
	char moment[RC_MOMENT_SIZE];
	const char *note[] = { moment, queue->lock, queue->table.bytes };

	rc_job_moment_text(queue->moment, moment);
	send_step(queue, RC_NOTE, note);
}

/* Forgets the claims of which nothing is in hand, and looks for those of workers that are gone. */
static void
send_notes(struct rc_job_queue *queue)
{
	char oldest[RC_MOMENT_SIZE], limit[16], room[16];
	const char *forget[] = { queue->lock, oldest }, *lost[] = { queue->lock, limit, queue->table.bytes, room };
	long long now = rc_clock_ms();

	if (now >= queue->look) {
		snprintf(limit, sizeof limit, "%d", queue->rules.attempts);
		snprintf(room, sizeof room, "%d", queue->room);
		send_step(queue, RC_LOST, lost);
		queue->look = now + RESCAN_EVERY;
	}
	rc_job_moment_text(rc_job_index_oldest(queue->index, queue->moment), oldest);
	send_step(queue, RC_FORGET, forget);
}

/* Begins where the claim before ended, so that what it left behind is not read again; at the beginning from time to time. */
static void
send_claim(struct rc_job_queue *queue, long most, const char *except, enum rc_statement_number number)
{
	char count[24], moment[RC_MOMENT_SIZE];
	const char *from = "-infinity", *values[] = { count, except, NULL, moment };
	long long now = rc_clock_ms();

	if (now >= queue->rescan || queue->notified || queue->from.length == 0) {
		queue->rescan = now + RESCAN_EVERY;
		queue->from.length = 0;
	} else {
		from = rc_buf_text(&queue->from);
	}
	queue->notified = false;
	snprintf(count, sizeof count, "%ld", most);
	values[2] = from;
	if (number == RC_CLAIM) {
		next_moment(queue);
		rc_job_moment_text(queue->moment, moment);
		if (queue->noted) {
			send_notes(queue);
			send_note(queue);
		}
	}
	send_step(queue, number, values);
}

/* The jobs in hand that are chosen, as arrays of their ids and attempts; how many. */
static long
choose(const struct rc_job_queue *queue, bool (*chosen)(const struct rc_job *job), struct rc_buf *ids, struct rc_buf *attempts)
{
	struct rc_job *job = NULL;
	char text[16];
	long count = 0;

	while ((job = rc_job_index_next(queue->index, job)) != NULL) {
		if (!chosen(job))
			continue;
		snprintf(text, sizeof text, "%d", job->attempts);
		rc_job_array_add(ids, job->id);
		rc_job_array_add(attempts, text);
		count++;
	}
	return count;
}

static bool
is_slow(const struct rc_job *job)
{
	return job->held && job->verdict == RC_VERDICT_NONE;
}

static bool
is_orphan(const struct rc_job *job)
{
	return job->orphan;
}

/* The chosen jobs become running, in a moment of their own. */
static void
send_running(struct rc_job_queue *queue, enum rc_statement_number number, bool (*chosen)(const struct rc_job *job))
{
	struct rc_buf ids = {0}, attempts = {0};
	char moment[RC_MOMENT_SIZE];
	const char *values[3] = { NULL, moment, NULL };

	if (choose(queue, chosen, &ids, &attempts) > 0) {
		if (queue->noted)
			send_note(queue);
		rc_job_moment_text(queue->moment, moment);
		values[0] = rc_job_array_end(&ids);
		values[2] = rc_job_array_end(&attempts);
		send_step(queue, number, values);
	}
	rc_buf_free(&ids);
	rc_buf_free(&attempts);
}

static void
send_verdicts(struct rc_job_queue *queue, struct rc_job_list *list)
{
	if (queue->open)
		send_held(queue, list);
	while (list->count > 0) {
		struct rc_job *job = list->first;

		if (job->verdict == RC_VERDICT_DONE || job->verdict == RC_VERDICT_BACK) {
			send_alike(queue, list);
			continue;
		}
		send_failure(queue, job);
		take_settling(queue, list, job);
	}
}

static bool
adoption_is_due(const struct rc_job_queue *queue)
{
	return queue->rules.adopt_after > 0 && queue->statements[RC_ADOPT] != NULL && rc_clock_ms() >= queue->adopt;
}

/* In lease mode a round is one transaction. */
static void
send_lease_round(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except)
{
	if (queue->doubtful && queue->statements[RC_RECOVER] != NULL)
		send_recovery(queue);
	if (most > 0 && adoption_is_due(queue))
		send_adoption(queue);
	send_verdicts(queue, list);
	if (most > 0)
		send_claim(queue, most, except, RC_CLAIM);
}

/*
 * In hold mode the transaction in which the jobs were claimed stays open, and
 * the one that closes it may open the next.
 */
static void
send_hold_round(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except, bool close)
{
	if (queue->aborted)
		send_plain(queue, RC_ROLLBACK);
	if (!queue->open)
		send_plain(queue, RC_BEGIN);
	next_moment(queue);
	if (queue->orphans)
		send_running(queue, RC_RETAKE, is_orphan);
	send_verdicts(queue, list);
	if (!close && queue->open)
		return;
	if (queue->held > 0)
		send_running(queue, RC_LEASE, is_slow);
	if (most > 0 && adoption_is_due(queue))
		send_adoption(queue);
	if (most > 0 && queue->noted)
		send_notes(queue);
	send_plain(queue, RC_COMMIT);
	if (most > 0) {
		send_plain(queue, RC_BEGIN);
		send_claim(queue, most, except, RC_HOLD);
	}
}

/* A round begins, in which so many jobs are asked for. */
static void
begin_round(struct rc_job_queue *queue, long most)
{
	queue->step_count = queue->step = 0;
	queue->failed = false;
	queue->error.length = 0;
	queue->asked = most;
	queue->state = RC_QUEUE_ROUND;
}

/* All of it is on its way; false where the connection is lost. */
static bool
end_round(struct rc_job_queue *queue)
{
	if (queue->failed || PQpipelineSync(queue->connection.libpq) != 1)
		return false;
	queue->connection.events = PQflush(queue->connection.libpq) == 1 ? POLLIN | POLLOUT : POLLIN;
	return true;
}

bool
rc_job_round_may_look(const struct rc_job_queue *queue)
{
	return !queue->doubtful && !queue->orphans && !queue->aborted && !queue->open && !adoption_is_due(queue);
}

bool
rc_job_round_look(struct rc_job_queue *queue, const char *except)
{
	const char *values[] = { except, queue->lock, queue->table.bytes };

	begin_round(queue, 0);
	send_step(queue, queue->noted ? RC_ASK_NOTED : RC_ASK, values);
	return end_round(queue);
}

bool
rc_job_round_send(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except, bool close)
{
	if (queue->doubtful)
		most = 0;	/* or there could be two claims in doubt */
	begin_round(queue, most);
	if (queue->rules.hold)
		send_hold_round(queue, list, most, except, close);
	else
		send_lease_round(queue, list, most, except);
	return end_round(queue);
}

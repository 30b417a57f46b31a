#include "rc_job_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_result.h"

enum rc_exit
rc_job_answer_class(const char *sqlstate)
{
	/* someone cancelled it, or a limit of the role's on statements did */
	return strcmp(sqlstate, "57014") == 0 ? RC_RETRY : rc_sqlstate_class(sqlstate);
}

void
rc_job_answer_note_error(struct rc_job_queue *queue, const PGresult *result)
{
	if (queue->failed)
		return;		/* the first error is that of the round */
	queue->failed = true;
	rc_result_add_line(&queue->error, rc_result_words(result));
	snprintf(queue->sqlstate, sizeof queue->sqlstate, "%s", rc_result_sqlstate(result));
}

/* A value of a claimed row; without a byte where it is null, or the map has no such column. */
static struct rc_job_text
column(const PGresult *rows, int row, int number)
{
	if (number < 0 || PQgetisnull(rows, row, number))
		return (struct rc_job_text){0};
	return (struct rc_job_text){ PQgetvalue(rows, row, number), (size_t)PQgetlength(rows, row, number) };
}

static void
hold_job(struct rc_job_queue *queue, struct rc_job *job, const char *place)
{
	snprintf(job->place, sizeof job->place, "%s", place);
	job->held = true;
	job->orphan = false;
	queue->held++;
}

static void
take_claimed(struct rc_job_queue *queue)
{
	const PGresult *rows = queue->rows;
	int id = PQfnumber(rows, "id"), type = PQfnumber(rows, "job_type"), key = PQfnumber(rows, "dedup_key");
	int payload = PQfnumber(rows, "payload"), attempts = PQfnumber(rows, "attempts"), run_after = PQfnumber(rows, "run_after");
	int place = PQfnumber(rows, "place"), due = PQfnumber(rows, "due");

	if (id < 0 || type < 0 || attempts < 0 || run_after < 0 || (queue->rules.hold ? place : due) < 0)
		rc_die(RC_FATAL, "%s: the server's answer has not the form that was asked for", queue->map->file);
	queue->got = PQntuples(rows);
	if (queue->got == 1 && PQgetisnull(rows, 0, id))
		queue->got = 0;
	queue->kept = due >= 0 && PQntuples(rows) > 0 && atol(PQgetvalue(rows, 0, due)) > queue->got;
	for (int i = 0; i < queue->got; i++) {
		struct rc_job_text name = column(rows, i, id);
		struct rc_job *job = rc_job_find(queue->index, name.bytes, name.length);

		if (job != NULL) {	/* someone has put it back meanwhile; who works on it already may go on */
			job->attempts = atoi(PQgetvalue(rows, i, attempts));
			if (queue->rules.hold && job->verdict == RC_VERDICT_NONE)
				hold_job(queue, job, PQgetvalue(rows, i, place));
			continue;
		}
		job = rc_job_new(queue->index, name, queue->map->numeric, column(rows, i, type),
		    column(rows, i, key), column(rows, i, payload), atoi(PQgetvalue(rows, i, attempts)));

		job->moment = queue->moment;
		if (queue->rules.hold)
			hold_job(queue, job, PQgetvalue(rows, i, place));
		rc_job_append(&queue->claimed, job);
	}
	queue->from.length = 0;
	if (queue->got > 0 && queue->got == queue->asked)
		rc_buf_add_text(&queue->from, PQgetvalue(rows, (int)queue->got - 1, run_after));
}

/* Whether updated_at stands in the rows as it was written is told where it does not: a lost worker's jobs are known by it. */
static void
look_at_moments(struct rc_job_queue *queue, const PGresult *rows)
{
	int exact = PQfnumber(rows, "exact");

	for (int row = 0; exact >= 0 && !queue->inexact && row < PQntuples(rows); row++)
		queue->inexact = !PQgetisnull(rows, row, exact) && strcmp(PQgetvalue(rows, row, exact), "f") == 0;
	if (queue->inexact && !queue->told_inexact && queue->rules.adopt_after <= 0)
		rc_warn("%s is not kept in %s as it is written (a trigger, or a column that has no microseconds): jobs of a worker that is killed stay running, unless a worker has --adopt-after",
		    rc_job_map_text(queue->map, "updated_at"), rc_job_map_text(queue->map, "table"));
	queue->told_inexact = queue->inexact;
}

/* The open transaction was committed: its verdicts stand, and what it held and had no verdict is running. */
static void
take_commit(struct rc_job_queue *queue)
{
	struct rc_job *job = NULL;

	rc_job_move_all(&queue->settled, &queue->settling);
	while ((queue->held > 0 || queue->orphans) && (job = rc_job_index_next(queue->index, job)) != NULL) {
		if (job->held || job->orphan)
			job->moment = queue->moment;
		job->held = job->orphan = false;
	}
	queue->held = 0;
	queue->orphans = queue->open = queue->aborted = false;
}

/* Notes what a step's result says; the first error is that of the round. */
void
rc_job_answer_take(struct rc_job_queue *queue, PGresult *result)
{
	struct rc_round_step *step = &queue->steps[queue->step < queue->step_count ? queue->step : queue->step_count - 1];
	bool good = rc_result_is_good(result);

	if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
		rc_job_answer_note_error(queue, result);
	} else if (good && step->jobs > 0) {
		long settled = atol(PQcmdTuples(result));

		if (settled < step->jobs && step->held)
			rc_die(RC_FATAL, "the database keeps a verdict out: a job that was done is still due; is there a trigger on %s?", rc_job_map_text(queue->map, "table"));
		if (settled < step->jobs && !step->doubtful)
			queue->late += step->jobs - settled;
	} else if (good && step->statement == RC_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") == 0) {
		take_commit(queue);
	} else if (good && (step->statement == RC_ASK || step->statement == RC_ASK_NOTED)) {
		queue->notified |= strcmp(rc_result_text(result, 0, 0), "t") == 0;
	} else if (good && (step->statement == RC_LEASE || step->statement == RC_RETAKE)) {
		look_at_moments(queue, result);
	} else if (good && (step->statement == RC_CLAIM || step->statement == RC_HOLD)) {
		queue->rows = result;
		return;
	}
	PQclear(result);
}

/* No row lock is held any more: what was held is someone else's, unless it can be had again. */
static void
let_go(struct rc_job_queue *queue)
{
	struct rc_job *job = NULL;

	while (queue->rules.hold && (job = rc_job_index_next(queue->index, job)) != NULL)
		if (job->held) {
			job->held = false;
			queue->orphans = job->orphan = true;
		}
	queue->held = 0;
	queue->open = false;
}

void
rc_job_answer_give_up(struct rc_job_queue *queue, bool doubtful)
{
	for (struct rc_job *job = queue->settling.first; doubtful && job != NULL; job = job->next)
		job->doubtful = true;
	let_go(queue);
	rc_job_move_all(&queue->unsettled, &queue->settling);
	if (queue->state != RC_QUEUE_ROUND)
		return;
	PQclear(queue->rows);
	queue->rows = NULL;
	queue->asked = queue->got = 0;
	queue->claim_over = true;
	queue->from.length = 0;
}

void
rc_job_answer_judge(struct rc_job_queue *queue, const char *what)
{
	if (rc_job_answer_class(queue->sqlstate) == RC_FATAL)
		rc_die(RC_FATAL, "%s%s%s (%s)", what == NULL ? "" : what, what == NULL ? "" : ": ", queue->error.bytes, queue->sqlstate);
	if (!queue->told)
		rc_warn("%s%s%s (%s), trying again", what == NULL ? "" : what, what == NULL ? "" : ": ", queue->error.bytes, queue->sqlstate);
	queue->told = true;
}

/* The server has ended the round: all of it stands, or nothing; in hold mode, what it committed does. */
bool
rc_job_answer_end(struct rc_job_queue *queue)
{
	if (queue->failed) {
		rc_job_answer_judge(queue, NULL);
		rc_job_answer_give_up(queue, false);
		queue->aborted = PQtransactionStatus(queue->connection.libpq) == PQTRANS_INERROR;
		queue->state = RC_QUEUE_FREE;
		return false;
	}
	queue->state = RC_QUEUE_FREE;
	queue->backoff = 0;
	queue->told = queue->doubtful = false;
	if (!queue->rules.hold)
		rc_job_move_all(&queue->settled, &queue->settling);
	if (queue->rows != NULL) {
		look_at_moments(queue, queue->rows);
		take_claimed(queue);
		queue->claim_over = true;
		PQclear(queue->rows);
		queue->rows = NULL;
		queue->open = queue->rules.hold;
		queue->opened = rc_clock_ms();
	}
	return true;
}

#include "rc_job_queue.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rc_clock.h"
#include "rc_environment.h"
#include "rc_mem.h"
#include "rc_result.h"

enum { BACKOFF_FIRST = 100, BACKOFF_MOST = 5000, RESCAN_EVERY = 1000, MOMENT_SIZE = 96 };

static const struct { const char *file, *name; int parameters; } kinds[RC_STATEMENTS] = {
	[RC_CLAIM] = { "claim.sql", "rc_claim", 4 },
	[RC_DONE] = { "done.sql", "rc_done", 2 },
	[RC_FAIL] = { "fail.sql", "rc_fail", 4 },
	[RC_BACK] = { "back.sql", "rc_back", 2 },
	[RC_RECOVER] = { "recover.sql", "rc_recover", 2 },
	[RC_ADOPT] = { "adopt.sql", "rc_adopt", 2 },
	[RC_NOTE] = { "note.sql", "rc_note", 2 },
	[RC_FORGET] = { "forget.sql", "rc_forget", 2 },
	[RC_KEEP] = { "keep.sql", "rc_keep", 2 },
	[RC_LOST] = { "lost.sql", "rc_lost", 1 },
};

/* ---- rules ---- */

double
rc_job_queue_delay(const struct rc_job_rules *rules, int attempts)
{
	double delay = attempts >= 30 ? rules->delay_max : (double)(1L << attempts);

	if (delay > rules->delay_max)
		delay = rules->delay_max;
	return delay * (1 + rules->jitter * ((double)random() / (double)RAND_MAX * 2 - 1));
}

bool
rc_job_queue_gives_up(const struct rc_job_rules *rules, const struct rc_job *job)
{
	return job->verdict == RC_VERDICT_FAILED || (job->verdict == RC_VERDICT_RETRY && job->attempts + 1 >= rules->attempts);
}

/* ---- logging in ---- */

static bool
is_used(const struct rc_job_queue *queue, enum rc_statement_number number)
{
	return number < RC_RECOVER || rc_job_map_has(queue->map, "updated_at");
}

static void
log_in(struct rc_job_queue *queue)
{
	static const struct rc_login_limits limits = {0};

	queue->state = RC_QUEUE_LOGIN;
	rc_connection_start(&queue->connection, &queue->settings, &limits);
}

void
rc_job_queue_start(struct rc_job_queue *queue, struct rc_job_map *map, struct rc_job_index *index, const struct rc_job_rules *rules)
{
	*queue = (struct rc_job_queue){ .map = map, .index = index, .rules = *rules };
	rc_environment_read(&queue->settings);
	for (int i = 0; i < RC_STATEMENTS; i++)
		if (is_used(queue, i))
			queue->statements[i] = rc_job_map_statement(map, kinds[i].file);
	queue->listen = rc_job_map_statement(map, "listen.sql");
	log_in(queue);
}

/* The round's verdicts are with the caller again, and its claim is one that may have been made. */
static void
give_back_round(struct rc_job_queue *queue, bool doubtful)
{
	for (struct rc_job *job = queue->settling.first; doubtful && job != NULL; job = job->next)
		job->doubtful = true;
	rc_job_move_all(&queue->unsettled, &queue->settling);
	PQclear(queue->rows);
	queue->rows = NULL;
	queue->asked = queue->got = 0;
	queue->claim_over = true;
	queue->from.length = 0;
}

static void
back_off(struct rc_job_queue *queue)
{
	queue->backoff = queue->backoff == 0 ? BACKOFF_FIRST : queue->backoff * 2;
	if (queue->backoff > BACKOFF_MOST)
		queue->backoff = BACKOFF_MOST;
	queue->again = rc_clock_ms() + queue->backoff / 2 + random() % (queue->backoff / 2 + 1);
}

/* The connection is of no use; another one is made after a while. */
static void
lose(struct rc_job_queue *queue)
{
	const struct rc_failure *failure = &queue->connection.failure;
	bool login = queue->state == RC_QUEUE_LOGIN;

	if (!queue->was_in && rc_failure_class(failure) == RC_FATAL)
		rc_die(RC_FATAL, "%s: %s", login ? failure->where.bytes : "the connection", failure->words.bytes);
	if (!queue->told)
		rc_warn("%s%s%s, trying again", login ? failure->where.bytes : "the connection is lost", login ? ": " : "",
		    login ? failure->words.bytes : "");
	queue->told = true;
	if (queue->state == RC_QUEUE_ROUND) {
		queue->doubtful |= queue->asked > 0;
		give_back_round(queue, true);
	}
	PQclear(queue->answer.result);
	queue->answer = (struct rc_answer){0};
	rc_connection_close(&queue->connection);
	queue->state = RC_QUEUE_AWAY;
	back_off(queue);
}

/* What the session needs; its plans are ours alone, for nothing else runs in it but the table's own triggers. */
static void
begin_setup(struct rc_job_queue *queue)
{
	const char *schema = getenv("RC_SCHEMA");
	struct rc_buf sql = {0};

	queue->state = RC_QUEUE_SETUP;
	rc_buf_add_text(&sql, "set timezone = 'UTC'; set datestyle = 'ISO'; set standard_conforming_strings = on; set row_security = off; set lock_timeout = 5000;"
	    "set idle_in_transaction_session_timeout = 60000; set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
	    "set plan_cache_mode = force_custom_plan;");
	if (PQserverVersion(queue->connection.libpq) >= 140000)
		rc_buf_add_text(&sql, "set client_connection_check_interval = 1000;");
	if (schema != NULL && *schema != '\0') {
		char *quoted = PQescapeIdentifier(queue->connection.libpq, schema, strlen(schema));

		if (quoted == NULL)
			rc_die(RC_FATAL, "RC_SCHEMA is not UTF-8");
		rc_buf_printf(&sql, "set search_path = %s, public, pg_temp;", quoted);
		PQfreemem(quoted);
	}
	rc_buf_printf(&sql, "%s; select pg_catalog.pg_backend_pid(), (extract(epoch from pg_catalog.clock_timestamp()) * 1000000::pg_catalog.numeric)::bigint, "
	    "coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('rc.job_claim'), 'select, insert, update, delete'), false)",
	    queue->listen);
	rc_connection_send_script(&queue->connection, rc_buf_text(&sql));
	rc_buf_free(&sql);
}

/* The server's error on something that is the same at every try. */
static _Noreturn void
die_of(const PGresult *result, const char *what)
{
	struct rc_buf words = {0};

	rc_result_add_line(&words, rc_result_words(result));
	rc_die(rc_sqlstate_class(rc_result_sqlstate(result)), "%s: %s (%s)", what, words.bytes, rc_result_sqlstate(result));
}

/* Takes a lock of our own, and with it what was claimed under that of the session before. */
static bool
send_lock(struct rc_job_queue *queue)
{
	const char *values[] = { queue->old_lock, queue->lock };

	memcpy(queue->old_lock, queue->lock, sizeof queue->lock);
	snprintf(queue->lock, sizeof queue->lock, "%ld%09ld", random() % 1000000000, random() % 1000000000);
	return PQsendQueryParams(queue->connection.libpq, "select pg_catalog.pg_advisory_lock($1::bigint)", 1, NULL, &values[1], NULL, NULL, 0) == 1 &&
	    (*queue->old_lock == '\0' || PQsendQueryPrepared(queue->connection.libpq, kinds[RC_KEEP].name, 2, values, NULL, NULL, 0) == 1);
}

static void
begin_prepare(struct rc_job_queue *queue)
{
	PGconn *libpq = queue->connection.libpq;
	bool sent = PQenterPipelineMode(libpq) == 1;

	queue->state = RC_QUEUE_PREPARE;
	queue->step = queue->step_count = 0;
	for (int i = 0; i < RC_STATEMENTS; i++)
		if (queue->statements[i] != NULL && (queue->noted || i < RC_NOTE))
			sent = sent && PQsendPrepare(libpq, kinds[i].name, queue->statements[i], 0, NULL) == 1;
	if (queue->noted)
		sent = sent && send_lock(queue);
	if (!sent || PQpipelineSync(libpq) != 1)
		lose(queue);
}

static void
end_setup(struct rc_job_queue *queue)
{
	const PGresult *result = queue->answer.result;
	const char *pooler = getenv("RC_POOLER");

	if (!rc_result_is_good(result)) {
		if (rc_sqlstate_class(rc_result_sqlstate(result)) == RC_FATAL)
			die_of(result, "the session can't be set up");
		lose(queue);
		return;
	}
	if (atoi(rc_result_text(result, 0, 0)) != PQbackendPID(queue->connection.libpq) && (pooler == NULL || strcmp(pooler, "session") != 0))
		rc_die(RC_FATAL, "there is a pooler in the way, in which notices and sessions get lost; "
		    "give the server's own address, or set RC_POOLER=session where it has a mode for that");
	queue->noted = queue->statements[RC_NOTE] != NULL && strcmp(rc_result_text(result, 0, 2), "t") == 0;
	queue->clock = atoll(rc_result_text(result, 0, 1)) - rc_clock_ms() * 1000;
	PQclear(queue->answer.result);
	queue->answer = (struct rc_answer){0};
	begin_prepare(queue);
}

/* ---- a round ---- */

/* A moment as text. */
static void
moment_text(long long moment, char text[MOMENT_SIZE])
{
	time_t seconds = (time_t)(moment / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, MOMENT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(moment % 1000000));
}

/* Goes on to a moment of the server's clock that no claim of ours had before. */
static void
next_moment(struct rc_job_queue *queue)
{
	long long now = queue->clock + rc_clock_ms() * 1000 + random() % 1000;

	queue->moment = now > queue->moment ? now : queue->moment + 1;
}

/* Adds an element to the text of an array. */
static void
add_element(struct rc_buf *array, const char *text)
{
	rc_buf_add(array, array->length == 0 ? "{" : ",", 1);
	if (strspn(text, "0123456789abcdef-") == strlen(text) && *text != '\0') {
		rc_buf_add_text(array, text);
		return;
	}
	rc_buf_add(array, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			rc_buf_add(array, "\\", 1);
		rc_buf_add(array, text, 1);
	}
	rc_buf_add(array, "\"", 1);
}

static const char *
end_array(struct rc_buf *array)
{
	if (array->length == 0)
		rc_buf_add_text(array, "{");
	rc_buf_add_text(array, "}");
	return rc_buf_text(array);
}

static struct rc_round_step *
send_step(struct rc_job_queue *queue, enum rc_statement_number number, const char *const values[])
{
	struct rc_round_step *step;

	if (queue->step_count == queue->step_room) {
		queue->step_room = queue->step_room == 0 ? 64 : queue->step_room * 2;
		queue->steps = rc_realloc(queue->steps, rc_size_mul((size_t)queue->step_room, sizeof *queue->steps));
	}
	step = &queue->steps[queue->step_count++];
	*step = (struct rc_round_step){ .statement = number };
	if (PQsendQueryPrepared(queue->connection.libpq, kinds[number].name, kinds[number].parameters, values, NULL, NULL, 0) != 1)
		queue->failed = true;	/* go_on will see that the connection is gone */
	return step;
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
		add_element(&ids, job->id);
		step.jobs++;
		step.doubtful |= job->doubtful;
		rc_job_remove(list, job);
		rc_job_append(&queue->settling, job);
	}
	snprintf(text, sizeof text, "%d", attempts);
	values[0] = end_array(&ids);
	sent = send_step(queue, verdict == RC_VERDICT_DONE ? RC_DONE : RC_BACK, values);
	sent->jobs = step.jobs;
	sent->doubtful = step.doubtful;
	rc_buf_free(&ids);
}

static void
send_failure(struct rc_job_queue *queue, struct rc_job *job)
{
	char attempts[16], delay[32];
	const char *values[] = { job->id, attempts, job->error, delay };
	struct rc_round_step *step;

	snprintf(attempts, sizeof attempts, "%d", job->attempts);
	if (job->after < 0)
		job->after = rc_job_queue_delay(&queue->rules, job->attempts + 1);
	snprintf(delay, sizeof delay, "%.6f", job->after);
	if (rc_job_queue_gives_up(&queue->rules, job))
		values[3] = NULL;
	step = send_step(queue, RC_FAIL, values);
	step->jobs = 1;
	step->doubtful = job->doubtful;
}

/* All that is in hand, as an array: what must not be taken for lost. */
static const char *
held(const struct rc_job_queue *queue, struct rc_buf *array)
{
	rc_job_index_each(queue->index, array, add_element);
	return end_array(array);
}

static void
send_recovery(struct rc_job_queue *queue)
{
	struct rc_buf ids = {0};
	char text[MOMENT_SIZE];
	const char *values[] = { text, held(queue, &ids) };

	moment_text(queue->moment, text);
	send_step(queue, RC_RECOVER, values);
	rc_buf_free(&ids);
}

static void
send_adoption(struct rc_job_queue *queue)
{
	struct rc_buf ids = {0};
	char seconds[32];
	const char *values[] = { seconds, held(queue, &ids) };
	double every = queue->rules.adopt_after / 2;

	snprintf(seconds, sizeof seconds, "%.3f", queue->rules.adopt_after);
	send_step(queue, RC_ADOPT, values);
	rc_buf_free(&ids);
	queue->adopt = rc_clock_ms() + (long long)((every > 60 ? 60 : every) * 1000);
}

/* Notes the claim that comes, forgets those of which nothing is in hand, and looks for those of workers that are gone. */
static void
send_notes(struct rc_job_queue *queue)
{
	char moment[MOMENT_SIZE], oldest[MOMENT_SIZE];
	const char *note[] = { moment, queue->lock }, *forget[] = { queue->lock, oldest };
	long long now = rc_clock_ms();

	if (now >= queue->look) {
		send_step(queue, RC_LOST, forget);
		queue->look = now + RESCAN_EVERY;
	}
	moment_text(queue->moment, moment);
	moment_text(rc_job_index_oldest(queue->index, queue->moment), oldest);
	send_step(queue, RC_FORGET, forget);
	send_step(queue, RC_NOTE, note);
}

/* Begins where the claim before ended, so that what it left behind is not read again; at the beginning from time to time. */
static void
send_claim(struct rc_job_queue *queue, long most, const char *except)
{
	char count[24], moment[MOMENT_SIZE];
	const char *values[] = { count, moment, except, "-infinity" };
	long long now = rc_clock_ms();

	if (now >= queue->rescan || queue->notified || queue->from.length == 0) {
		queue->rescan = now + RESCAN_EVERY;
		queue->from.length = 0;
	} else {
		values[3] = rc_buf_text(&queue->from);
	}
	queue->notified = false;
	snprintf(count, sizeof count, "%ld", most);
	next_moment(queue);
	moment_text(queue->moment, moment);
	if (queue->noted)
		send_notes(queue);
	send_step(queue, RC_CLAIM, values);
}

void
rc_job_queue_round(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except)
{
	if (queue->doubtful)
		most = 0;	/* or there could be two claims in doubt */
	queue->step_count = queue->step = 0;
	queue->failed = false;
	queue->error.length = 0;
	queue->asked = most;
	queue->state = RC_QUEUE_ROUND;
	if (queue->doubtful && queue->statements[RC_RECOVER] != NULL)
		send_recovery(queue);
	if (queue->rules.adopt_after > 0 && queue->statements[RC_ADOPT] != NULL && most > 0 && rc_clock_ms() >= queue->adopt)
		send_adoption(queue);
	while (list->count > 0) {
		if (list->first->verdict == RC_VERDICT_DONE || list->first->verdict == RC_VERDICT_BACK) {
			send_alike(queue, list);
			continue;
		}
		send_failure(queue, list->first);
		rc_job_append(&queue->settling, rc_job_take_first(list));
	}
	if (most > 0)
		send_claim(queue, most, except);
	if (queue->failed || PQpipelineSync(queue->connection.libpq) != 1)
		lose(queue);
	else
		queue->connection.events = PQflush(queue->connection.libpq) == 1 ? POLLIN | POLLOUT : POLLIN;
}

/* ---- its answer ---- */

/* A value of a claimed row; without a byte where it is null, or the map has no such column. */
static struct rc_job_text
column(const PGresult *rows, int row, int number)
{
	if (number < 0 || PQgetisnull(rows, row, number))
		return (struct rc_job_text){0};
	return (struct rc_job_text){ PQgetvalue(rows, row, number), (size_t)PQgetlength(rows, row, number) };
}

static void
take_claimed(struct rc_job_queue *queue)
{
	const PGresult *rows = queue->rows;
	int id = PQfnumber(rows, "id"), type = PQfnumber(rows, "job_type"), key = PQfnumber(rows, "dedup_key");
	int payload = PQfnumber(rows, "payload"), attempts = PQfnumber(rows, "attempts"), run_after = PQfnumber(rows, "run_after");

	if (id < 0 || type < 0 || attempts < 0 || run_after < 0)
		rc_die(RC_FATAL, "%s: the server's answer has not the form that was asked for", queue->map->file);
	queue->got = PQntuples(rows);
	for (int i = 0; i < queue->got; i++) {
		struct rc_job_text name = column(rows, i, id);
		struct rc_job *job = rc_job_find(queue->index, name.bytes, name.length);

		if (job != NULL) {	/* someone has put it back meanwhile; who works on it already may go on */
			job->attempts = atoi(PQgetvalue(rows, i, attempts));
			continue;
		}
		job = rc_job_new(queue->index, name, queue->map->numeric, column(rows, i, type),
		    column(rows, i, key), column(rows, i, payload), atoi(PQgetvalue(rows, i, attempts)));

		job->moment = queue->moment;
		rc_job_append(&queue->claimed, job);
	}
	queue->from.length = 0;
	if (queue->got > 0 && queue->got == queue->asked)
		rc_buf_add_text(&queue->from, PQgetvalue(rows, (int)queue->got - 1, run_after));
}

/* Notes what a step's result says; the first error is that of the round. */
static void
take_result(struct rc_job_queue *queue, PGresult *result)
{
	struct rc_round_step *step = &queue->steps[queue->step < queue->step_count ? queue->step : queue->step_count - 1];

	if (PQresultStatus(result) == PGRES_FATAL_ERROR && !queue->failed) {
		queue->failed = true;
		rc_result_add_line(&queue->error, rc_result_words(result));
		snprintf(queue->sqlstate, sizeof queue->sqlstate, "%s", rc_result_sqlstate(result));
	} else if (rc_result_is_good(result) && step->jobs > 0) {
		long settled = atol(PQcmdTuples(result));

		if (settled < step->jobs && !step->doubtful)
			queue->late += step->jobs - settled;
	} else if (rc_result_is_good(result) && step->statement == RC_CLAIM) {
		queue->rows = result;
		return;
	}
	PQclear(result);
}

/* The server has ended the round: all of it stands, or nothing. */
static void
end_round(struct rc_job_queue *queue)
{
	queue->state = RC_QUEUE_FREE;
	if (queue->failed) {
		if (rc_sqlstate_class(queue->sqlstate) == RC_FATAL)
			rc_die(RC_FATAL, "%s (%s)", queue->error.bytes, queue->sqlstate);
		if (!queue->told)
			rc_warn("%s (%s), trying again", queue->error.bytes, queue->sqlstate);
		queue->told = true;
		give_back_round(queue, false);
		back_off(queue);
		return;
	}
	queue->backoff = 0;
	queue->told = queue->doubtful = false;
	rc_job_move_all(&queue->settled, &queue->settling);
	if (queue->rows != NULL) {
		take_claimed(queue);
		queue->claim_over = true;
		PQclear(queue->rows);
		queue->rows = NULL;
	}
}

/* Takes what has come of a pipeline; false where the connection is lost. */
static bool
read_pipeline(struct rc_job_queue *queue)
{
	PGconn *libpq = queue->connection.libpq;
	PGresult *result;

	while (!PQisBusy(libpq)) {
		if ((result = PQgetResult(libpq)) == NULL) {
			queue->step++;
			if (PQstatus(libpq) != CONNECTION_OK || queue->step > queue->step_count + RC_STATEMENTS + 2)
				return false;
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			if (queue->state == RC_QUEUE_ROUND) {
				end_round(queue);
			} else {
				queue->state = RC_QUEUE_FREE;
				queue->was_in = true;
			}
			return true;
		}
		if (rc_result_is_copy(result))
			rc_die(RC_FATAL, "%s: " RC_NO_COPY, queue->map->file);
		if (PQresultStatus(result) == PGRES_FATAL_ERROR && PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL) {
			PQclear(result);	/* libpq's own: the connection broke */
			return false;
		}
		if (queue->state == RC_QUEUE_ROUND)
			take_result(queue, result);
		else if (PQresultStatus(result) == PGRES_FATAL_ERROR && rc_sqlstate_class(rc_result_sqlstate(result)) == RC_FATAL)
			die_of(result, queue->map->file);
		else
			PQclear(result);
	}
	return true;
}

static void
take_notices(struct rc_job_queue *queue)
{
	PGnotify *notice;

	while ((notice = PQnotifies(queue->connection.libpq)) != NULL) {
		queue->notified = true;
		PQfreemem(notice);
	}
}

static void
go_on_pipeline(struct rc_job_queue *queue)
{
	PGconn *libpq = queue->connection.libpq;
	int left = PQflush(libpq);

	queue->connection.events = left == 1 ? POLLIN | POLLOUT : POLLIN;
	if (left < 0 || PQconsumeInput(libpq) != 1) {
		if (queue->state != RC_QUEUE_FREE)
			read_pipeline(queue);	/* what came before the end */
		if (queue->state != RC_QUEUE_AWAY)
			lose(queue);
		return;
	}
	take_notices(queue);
	if (queue->state != RC_QUEUE_FREE && !read_pipeline(queue))
		lose(queue);
}

void
rc_job_queue_go_on(struct rc_job_queue *queue)
{
	enum rc_progress progress;

	if (queue->state == RC_QUEUE_AWAY && rc_clock_ms() >= queue->again)
		log_in(queue);
	if (queue->state == RC_QUEUE_LOGIN) {
		if ((progress = rc_connection_login(&queue->connection)) == RC_FAILED)
			lose(queue);
		else if (progress == RC_READY)
			begin_setup(queue);
	} else if (queue->state == RC_QUEUE_SETUP) {
		if ((progress = rc_connection_answer(&queue->connection, &queue->answer)) == RC_FAILED)
			lose(queue);
		else if (progress == RC_READY)
			end_setup(queue);
	} else if (queue->state >= RC_QUEUE_PREPARE) {
		go_on_pipeline(queue);
	}
}

int
rc_job_queue_socket(const struct rc_job_queue *queue, short *events, long *wait)
{
	long long until = queue->state == RC_QUEUE_AWAY ? queue->again : queue->connection.deadline;

	*wait = -1;
	if (until != 0) {
		until -= rc_clock_ms();
		*wait = until < 0 ? 0 : (long)until;
	}
	*events = queue->connection.events;
	if (queue->state == RC_QUEUE_AWAY)
		return -1;
	if (PQsocket(queue->connection.libpq) < 0)
		*wait = 0;	/* it has failed already, which rc_job_queue_go_on() will see */
	return PQsocket(queue->connection.libpq);
}

void
rc_job_queue_close(struct rc_job_queue *queue)
{
	PQclear(queue->rows);
	PQclear(queue->answer.result);
	rc_connection_close(&queue->connection);
	rc_settings_wipe(&queue->settings);
	for (int i = 0; i < RC_STATEMENTS; i++)
		free(queue->statements[i]);
	free(queue->listen);
	free(queue->steps);
	rc_buf_free(&queue->from);
	rc_buf_free(&queue->error);
}

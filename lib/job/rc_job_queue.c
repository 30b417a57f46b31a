#include "rc_job_queue.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rc_clock.h"
#include "rc_job_answer.h"
#include "rc_job_round.h"
#include "rc_login.h"
#include "rc_mem.h"
#include "rc_random.h"
#include "rc_result.h"
#include "rc_schema.h"

enum { BACKOFF_FIRST = 100, BACKOFF_MOST = 5000, IDLE_MOST = 10000 };

/* ---- logging in ---- */

static bool
is_used(const struct rc_job_queue *queue, enum rc_statement_number number)
{
	if (number >= RC_HOLD && number <= RC_RETAKE)
		return queue->rules.hold;
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
	*queue = (struct rc_job_queue){ .map = map, .index = index, .rules = *rules, .away = rc_clock_ms() };
	rc_login_read(&queue->settings);
	for (int i = 0; i < RC_STATEMENTS; i++)
		if (is_used(queue, i))
			queue->statements[i] = rc_job_map_statement(map, rc_job_kinds[i].file);
	queue->listen = rc_job_map_statement(map, "listen.sql");
	queue->shape = rc_job_map_statement(map, "shape.sql");
	log_in(queue);
}

static void
back_off(struct rc_job_queue *queue)
{
	queue->backoff = queue->backoff == 0 ? BACKOFF_FIRST : queue->backoff * 2;
	if (queue->backoff > BACKOFF_MOST)
		queue->backoff = BACKOFF_MOST;
	queue->again = rc_clock_ms() + rc_random_pause(queue->backoff);
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
	if (queue->state == RC_QUEUE_ROUND && !queue->rules.hold)
		queue->doubtful |= queue->asked > 0;
	rc_job_answer_give_up(queue, queue->state == RC_QUEUE_ROUND);
	queue->aborted = false;
	if (queue->away == 0)
		queue->away = rc_clock_ms();
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
	struct rc_buf sql = {0};

	queue->state = RC_QUEUE_SETUP;
	rc_buf_add_text(&sql, "set timezone = 'UTC'; set datestyle = 'ISO'; set standard_conforming_strings = on; set row_security = off; set lock_timeout = 5000;"
	    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off; set plan_cache_mode = force_custom_plan;");
	rc_buf_printf(&sql, "set idle_in_transaction_session_timeout = %d;", IDLE_MOST);
	queue->wishes = (struct rc_wishes){ .before = 10 };
	rc_wishes_add(&queue->wishes, &sql, "set", PQserverVersion(queue->connection.libpq), RC_LIMITS_KEPT, queue->refused);
	if (rc_schema_add(&sql, queue->connection.libpq, "set"))
		rc_buf_add_text(&sql, ";");
	rc_buf_printf(&sql, "%s; select pg_catalog.pg_backend_pid(), (extract(epoch from pg_catalog.clock_timestamp()) * 1000000::pg_catalog.numeric)::bigint, "
	    "coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('rc.job_claim'), 'select, insert, update, delete'), false), "
	    "shape.* from (values (1)) as one left join (%s) as shape on true", queue->listen, queue->shape);
	rc_connection_send_script(&queue->connection, rc_buf_text(&sql));
	rc_buf_free(&sql);
}

/* Errors are noted from here on. */
static void
begin_errors(struct rc_job_queue *queue)
{
	queue->failed = false;
	queue->error.length = 0;
}

/* Takes a lock of our own, and with it what was claimed under that of the session before. */
static bool
send_lock(struct rc_job_queue *queue)
{
	const char *values[] = { queue->old_lock, queue->lock };

	memcpy(queue->old_lock, queue->lock, sizeof queue->lock);
	snprintf(queue->lock, sizeof queue->lock, "%" PRIu64, rc_random() >> 2);	/* no other's, dead ones among them: their claims stand under theirs */
	return PQsendQueryParams(queue->connection.libpq, "select pg_catalog.pg_advisory_lock($1::bigint)", 1, NULL, &values[1], NULL, NULL, 0) == 1 &&
	    (*queue->old_lock == '\0' || PQsendQueryPrepared(queue->connection.libpq, rc_job_kinds[RC_KEEP].name, 2, values, NULL, NULL, 0) == 1);
}

static void
begin_prepare(struct rc_job_queue *queue)
{
	PGconn *libpq = queue->connection.libpq;
	bool sent = PQenterPipelineMode(libpq) == 1;

	queue->state = RC_QUEUE_PREPARE;
	begin_errors(queue);
	queue->step = queue->step_count = 0;
	for (int i = 0; i < RC_STATEMENTS; i++)
		if (queue->statements[i] != NULL && (queue->noted || i < RC_NOTE))
			sent = sent && PQsendPrepare(libpq, rc_job_kinds[i].name, queue->statements[i], 0, NULL) == 1;
	if (queue->noted)
		sent = sent && send_lock(queue);
	if (!sent || PQpipelineSync(libpq) != 1)
		lose(queue);
}

static void
end_setup(struct rc_job_queue *queue)
{
	const PGresult *result = queue->answer.result;
	const char *pooler = getenv("RC_POOLER"), *encoding = PQparameterStatus(queue->connection.libpq, "server_encoding");

	if (!rc_result_is_good(result)) {
		if (rc_wishes_refuse(&queue->wishes, &queue->answer, &queue->refused)) {
			PQclear(queue->answer.result);
			queue->answer = (struct rc_answer){0};
			begin_setup(queue);
			return;
		}
		begin_errors(queue);
		rc_job_answer_note_error(queue, result);
		rc_job_answer_judge(queue, "the session can't be set up");
		lose(queue);
		return;
	}
	if (atoi(rc_result_text(result, 0, 0)) != PQbackendPID(queue->connection.libpq) && (pooler == NULL || strcmp(pooler, "session") != 0))
		rc_die(RC_FATAL, "there is a pooler in the way, in which notices and sessions get lost; "
		    "give the server's own address, or set RC_POOLER=session where it has a mode for that");
	if (strcmp(rc_result_text(result, 0, 4), "t") == 0)
		rc_die(RC_FATAL, "%s has its rows in partitions or other tables, where one can't be told from another by its place; let the map name one of those",
		    rc_job_map_text(queue->map, "table"));
	queue->plain = encoding == NULL || (strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "SQL_ASCII") != 0);
	queue->table.length = 0;
	rc_buf_add_text(&queue->table, rc_result_text(result, 0, 3));
	rc_buf_text(&queue->table);
	queue->room = PQnfields(result) > 5 ? atoi(rc_result_text(result, 0, 5)) : 0;
	if (queue->room <= 0)
		queue->room = RC_JOB_ERROR_MAX;
	queue->noted = queue->statements[RC_NOTE] != NULL && strcmp(rc_result_text(result, 0, 2), "t") == 0;
	queue->clock = atoll(rc_result_text(result, 0, 1)) - rc_clock_ms() * 1000;
	PQclear(queue->answer.result);
	queue->answer = (struct rc_answer){0};
	begin_prepare(queue);
}

/* ---- rounds ---- */

void
rc_job_queue_round(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except, bool close)
{
	if (!rc_job_round_send(queue, list, most, except, close))
		lose(queue);
}

bool
rc_job_queue_look(struct rc_job_queue *queue, const char *except)
{
	if (!rc_job_round_may_look(queue))
		return false;
	if (!rc_job_round_look(queue, except))
		lose(queue);
	return true;
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
			if (queue->state != RC_QUEUE_ROUND && queue->failed) {
				rc_job_answer_judge(queue, queue->map->file);
				return false;
			} else if (queue->state != RC_QUEUE_ROUND) {
				queue->state = RC_QUEUE_FREE;
				queue->was_in = queue->notified = true;	/* what was told meanwhile was not heard */
				queue->away = 0;
			} else if (!rc_job_answer_end(queue)) {
				back_off(queue);
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
			rc_job_answer_take(queue, result);
		else {
			if (PQresultStatus(result) == PGRES_FATAL_ERROR)
				rc_job_answer_note_error(queue, result);
			PQclear(result);
		}
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
	bool good = left >= 0 && PQconsumeInput(libpq) == 1;

	if (good && queue->state == RC_QUEUE_FREE)	/* the last words of a session that was ended come before its end: nothing is sent between them */
		good = PQconsumeInput(libpq) == 1;
	queue->connection.events = left == 1 ? POLLIN | POLLOUT : POLLIN;
	if (!good) {
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
	free(queue->shape);
	free(queue->steps);
	rc_buf_free(&queue->table);
	rc_buf_free(&queue->from);
	rc_buf_free(&queue->error);
}

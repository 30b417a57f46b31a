/*
 * rc-owner-assign - give the rows without an owner to one
 *
 * All targets in one transaction.  First every target is looked at: does its
 * column exist, would two rows clash in a unique index?  Only if all are well
 * do the updates run, one for each target.  Nothing is printed before COMMIT.
 * The look groups the rows that would change once for each unique index that
 * the column has a part in.
 *
 * Two calls at once wait for one another (an advisory lock of the
 * transaction), so the second finds nothing left to do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_change.h"
#include "rc_clash.h"
#include "rc_digest.h"
#include "rc_err.h"
#include "rc_evidence.h"
#include "rc_mem.h"
#include "rc_meta.h"
#include "rc_opt.h"
#include "rc_scope.h"
#include "rc_session.h"
#include "rc_statement.h"
#include "rc_stream.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_USER = RC_OPT_LONG, OPT_OWNER_SQL, OPT_DRY_RUN, OPT_SCOPE, OPT_GATE, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_UNDO_LOG, OPT_PLAN, OPT_ROWS_ALONE, OPT_APPLY };

static const struct rc_option options[] = {
	{ OPT_USER, "user", "NAME", "who becomes the owner (required)" },
	{ OPT_OWNER_SQL, "owner-sql", "FILE", "the query that finds {\"id\",\"name\"} by {\"user\"} in $1 (required)" },
	{ OPT_DRY_RUN, "dry-run", NULL, "count what would change and change nothing" },
	{ OPT_SCOPE, "scope", "NAME:=JSON", "only rows whose column NAME has that value; may be repeated" },
	{ OPT_GATE, "gate", NULL, "where the database or RC_ENVIRONMENT says production, read and change nothing and end with 3" },
	{ OPT_PLAN, "plan", "FILE", "do all of it, roll back, and write there which rows would change; a new file" },
	{ OPT_ROWS_ALONE, RC_EVIDENCE_ROWS_ALONE },
	{ OPT_APPLY, RC_EVIDENCE_APPLY },
	{ OPT_UNDO_LOG, "undo-log", "FILE", "write there, before COMMIT, what each row was and is, for rc-undo; a new file" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock, three times (default: 5s)" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the targets end with an end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--user", "alice", "--owner-sql", "user-by-name.sql", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-owner-assign",
	.synopsis = "--user NAME --owner-sql FILE [--dry-run] [--scope NAME:=JSON] ... [--gate] [--plan FILE [--rows-alone] | --apply PLAN] [--undo-log FILE] [--lock-timeout DURATION] "
	    "[--require-end-record] [FILE ...]",
	.summary = "give the rows without an owner to one",
	.options = options,
	.reads = "targets: {\"table\",\"column\",\"label\"}",
	.writes = "the same with \"owner\", \"owner_id\", \"count\", \"status\" (assigned, would_assign, unchanged, out_of_scope, "
	    "error) and \"error\"",
	.changes = "changes",
	.risk = "medium",
	.example = example,
	.example_input = "{\"table\":\"api_project\",\"column\":\"owner_id\",\"label\":\"Project\"}\n",
};

/* Where rows are without an owner, and what became of it. */
struct target {
	struct rc_record record;	/* as it was read; the results are added to it */
	const char *table, *column;
	char *type;			/* of the column, as SQL */
	char *rows;			/* SQL condition of the rows that would change */
	struct rc_change change;	/* all of it together */
	const char *status;
	unsigned long long count;
};

struct assignment {
	const char *user, *owner_sql;
	bool dry_run;
	struct rc_scope scope;		/* which rows */
	struct target *targets;
	size_t target_count;
	struct rc_statement owner_query;
	struct rc_record owner;		/* as the query gives it; {0} where there is none */
	const char *owner_id, *owner_name;
	const struct rc_json_field *owner_id_field;
	const char *values[RC_SCOPES_MAX + 1];	/* of the targets' statements: the owner's id, then the scopes' */
	int value_count;
	int errors;
	struct target *in_the_way;	/* the target at which a try ended */
	struct rc_arena arena;
	struct rc_output out;
	struct rc_evidence evidence;
	struct rc_spool refusals;	/* what is not as planned */
};

/* ---- what the user says ---- */

static void
read_targets(struct assignment *work, struct rc_input *in)
{
	struct rc_record record = {0};
	size_t room = 0;

	while (rc_input_next(in, &record)) {
		struct target *target;

		if (work->target_count == room) {
			room = room == 0 ? 16 : rc_size_mul(room, 2);
			work->targets = rc_realloc(work->targets, rc_size_mul(room, sizeof *work->targets));
		}
		target = &work->targets[work->target_count++];
		*target = (struct target){0};
		rc_record_copy(&target->record, &record);	/* all targets are needed together */
		rc_plan_add(&work->evidence.plan, record.text, record.length);
		target->table = rc_input_need_string(in, &target->record, "table");
		target->column = rc_input_need_string(in, &target->record, "column");
		rc_input_need_string(in, &target->record, "label");
	}
	rc_record_free(&record);
}

/* ---- results ---- */

static void
set_status(const struct assignment *work, struct target *target, const char *status)
{
	struct rc_record *record = &target->record;

	target->status = status;
	rc_record_set_text(record, "owner", work->owner_name);
	rc_record_set_json(record, "owner_id", work->owner_id_field->value, work->owner_id_field->value_length);
	rc_record_set_integer(record, "count", (long long)target->count);
	rc_record_set_text(record, "status", status);
}

/* Notes that TARGET is in a bad state; CONSTRAINT and ROWS (JSON) may be NULL. */
static void
set_error(struct assignment *work, struct target *target, const char *code, const char *message,
    const char *constraint, const char *rows)
{
	struct rc_buf error = {0};

	work->errors++;
	target->count = 0;
	set_status(work, target, "error");
	rc_json_open_error(&error, code, message);
	if (constraint != NULL)
		rc_json_add_text(&error, "constraint", constraint);
	if (rows != NULL)
		rc_json_add_value(&error, "rows", rows);
	rc_json_close(&error);
	rc_record_set_json(&target->record, "error", error.bytes, error.length);
	rc_buf_free(&error);
}

/* Writes the one record of a user that is not there. */
static void
report_no_owner(struct assignment *work)
{
	struct rc_buf message = {0}, error = {0};
	struct rc_record answer = {0};

	work->errors++;
	rc_buf_printf(&message, "there is no user '%s'", work->user);
	rc_json_open_error(&error, "no_owner", rc_buf_text(&message));
	rc_json_close(&error);
	rc_record_clear(&answer);
	rc_record_set_text(&answer, "user", work->user);
	rc_record_set_text(&answer, "status", "error");
	rc_record_set_json(&answer, "error", error.bytes, error.length);
	rc_output_put(&work->out, &answer);
	rc_record_free(&answer);
	rc_buf_free(&message);
	rc_buf_free(&error);
}

/* ---- looking ---- */

/* The text of a field of the owner's that must be there and not be null; FIELD may be NULL. */
static const char *
need_text(struct assignment *work, const char *name, const struct rc_json_field **field)
{
	const struct rc_json_field *found = rc_record_find(&work->owner, name);
	const char *text = rc_record_string(&work->owner, name, NULL);

	if (found == NULL || rc_json_type(found->value) == RC_JSON_NULL)
		rc_die(RC_FATAL, "%s: must give the columns id and name, neither of them null", work->owner_sql);
	if (field != NULL)
		*field = found;
	return text != NULL ? text : rc_arena_copy(&work->owner.arena, found->value, found->value_length);
}

/* Finds the owner by the user's query; where there is none, its record is written.  NULL, or the lock in the way. */
static PGresult *
find_owner(struct rc_session *session, struct assignment *work)
{
	struct rc_buf parameter = {0};
	PGresult *result;

	rc_json_open(&parameter);
	rc_json_add_text(&parameter, "user", work->user);
	rc_json_close(&parameter);
	result = rc_statement_run(&work->owner_query, session, rc_buf_text(&parameter));
	rc_buf_free(&parameter);
	if (rc_result_is_locked(result))
		return result;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		rc_session_die(session, result, work->owner_sql);
	if (PQntuples(result) > 1)
		rc_die(RC_FATAL, "%s: more than one owner for '%s'", work->owner_sql, work->user);
	work->owner_id = NULL;
	if (PQntuples(result) == 0) {
		report_no_owner(work);
	} else {
		rc_statement_read_row(&work->owner_query, result, 0, &work->owner);
		work->owner_id = need_text(work, "id", &work->owner_id_field);
		work->owner_name = need_text(work, "name", NULL);
	}
	PQclear(result);
	return NULL;
}

/* Makes the condition of the rows that would change; false where the target is not in all scopes. */
static bool
make_condition(struct rc_session *session, const struct assignment *work, struct target *target)
{
	struct rc_buf sql = {0};

	rc_session_add_identifier(session, &sql, target->column);
	rc_buf_add_text(&sql, " is null");
	if (!rc_scope_add_sql(&work->scope, session, target->table, 2, &sql)) {
		rc_buf_free(&sql);
		return false;
	}
	target->rows = rc_buf_text(&sql);
	target->change = (struct rc_change){ .table = target->table, .column = target->column, .type = target->type,
	    .rows = target->rows, .values = { .count = work->value_count, .values = work->values } };
	return true;
}

/* Says which part of a target is not there. */
static void
report_missing(struct rc_session *session, struct assignment *work, struct target *target)
{
	bool table = rc_change_has_table(session, target->table);
	struct rc_buf message = {0};

	if (table)
		rc_buf_printf(&message, "the table '%s' has no column '%s': has every migration run?",
		    target->table, target->column);
	else
		rc_buf_printf(&message, "there is no table '%s': is this the right database, and has every migration run?",
		    target->table);
	set_error(work, target, table ? "no_column" : "no_table", rc_buf_text(&message), NULL, NULL);
	rc_buf_free(&message);
}

/*
 * Looks at one target: its column, its scopes, whether it has rows to change.
 * A status is set where nothing is to be done.  NULL, or the lock in the way.
 */
static PGresult *
look_at(struct rc_session *session, struct assignment *work, struct target *target)
{
	PGresult *failed = NULL;

	free(target->type);	/* of an earlier try */
	free(target->rows);
	target->type = target->rows = NULL;
	target->status = NULL;
	target->count = 0;
	if ((target->type = rc_change_find_type(session, target->table, target->column)) == NULL)
		report_missing(session, work, target);
	else if (!make_condition(session, work, target))
		set_status(work, target, "out_of_scope");
	else if ((failed = rc_change_count(session, &target->change, "1", &target->count)) == NULL && target->count == 0)
		set_status(work, target, "unchanged");
	return failed;
}

/* Looks at the rows of a target that has some: would two of them clash? */
static void
look_for_clash(struct rc_session *session, struct assignment *work, struct target *target)
{
	struct rc_clash clash = {0};
	struct rc_buf message = {0};

	if (rc_clash_find(session, &target->change, &clash)) {
		rc_buf_printf(&message, "%s: two rows would have the same (%s) = %s, which %s forbids: %s", target->table,
		    clash.keys.bytes, clash.key.bytes, clash.index.bytes, clash.rows.bytes);
		set_error(work, target, "unique_clash", rc_buf_text(&message), clash.index.bytes, clash.rows.bytes);
	}
	rc_clash_free(&clash);
	rc_buf_free(&message);
}

/* Looks at all targets; the number of those that have rows to change goes to WITH_ROWS.  NULL, or the lock in the way. */
static PGresult *
look_at_all(struct rc_session *session, struct assignment *work, size_t *with_rows)
{
	PGresult *failed;

	*with_rows = 0;
	work->values[0] = work->owner_id;
	work->value_count = 1 + rc_scope_get_values(&work->scope, work->values + 1);
	for (size_t i = 0; i < work->target_count; i++) {
		if ((failed = look_at(session, work, &work->targets[i])) != NULL)
			return failed;
		*with_rows += work->targets[i].status == NULL;
	}
	if (*with_rows == 0)
		return NULL;
	PQclear(rc_session_query(session, "settings", "set local enable_seqscan = on", NULL));
	for (size_t i = 0; i < work->target_count; i++)
		if (work->targets[i].status == NULL)
			look_for_clash(session, work, &work->targets[i]);
	return NULL;
}

/* ---- doing ---- */

/* Changes the target's rows, or only counts them where that is wanted or another target is in a bad state. */
static PGresult *
change(struct rc_session *session, struct assignment *work, struct target *target)
{
	bool real = !work->dry_run && work->errors == 0;
	PGresult *failed = real ? rc_change_make(session, &target->change, &target->count)
	    : rc_change_count(session, &target->change, "all", &target->count);

	if (failed == NULL)
		set_status(work, target, target->count == 0 ? "unchanged" : real ? "assigned" : "would_assign");
	else
		work->in_the_way = target;
	return failed;
}

/* What was changed is rolled back, so no target tells of it. */
static void
take_back(struct assignment *work)
{
	for (size_t i = 0; i < work->target_count; i++)
		if (work->targets[i].status == NULL || strcmp(work->targets[i].status, "assigned") == 0)
			set_status(work, &work->targets[i], "would_assign");
}

/* Whether the rows have their owner now: a trigger, a rule or a policy may have kept the change out.  NULL, or the lock in the way. */
static PGresult *
look_at_changed(struct rc_session *session, struct assignment *work)
{
	for (size_t i = 0; i < work->target_count; i++) {
		struct target *target = &work->targets[i];
		bool left = false;
		struct rc_buf message = {0};
		PGresult *failed;

		if (target->type == NULL || target->rows == NULL)
			continue;	/* not looked at */
		if ((failed = rc_change_verify(session, &target->change, &left)) != NULL)
			return failed;
		if (!left)
			continue;
		take_back(work);
		rc_buf_printf(&message, "%s was not written: the database kept the row out", target->table);
		set_error(work, target, "not_written", rc_buf_text(&message), NULL, NULL);
		rc_buf_free(&message);
	}
	return NULL;
}

/* A clash that only the server sees, such as one of two targets together: its words are the target's error. */
static void
report_clash(struct assignment *work, const PGresult *failed)
{
	const char *detail = PQresultErrorField(failed, PG_DIAG_MESSAGE_DETAIL);
	struct rc_buf message = {0};

	rc_buf_printf(&message, "%s: %s%s%s", work->in_the_way->table, rc_result_words(failed), detail == NULL ? "" : ": ",
	    detail == NULL ? "" : detail);
	take_back(work);
	set_error(work, work->in_the_way, "unique_clash", rc_buf_text(&message),
	    PQresultErrorField(failed, PG_DIAG_CONSTRAINT_NAME), NULL);
	rc_buf_free(&message);
}

static void
begin(struct rc_session *session, const struct assignment *work)
{
	struct rc_transaction transaction = { .read_only = work->dry_run };
	bool find_blocker = session->find_blocker;
	struct rc_buf first = {0};

	/*
	 * Whether there are rows at all is asked of an index where there is one:
	 * after a large change the planner's statistics are old, and it would read
	 * the whole table.
	 */
	rc_buf_add_text(&first, "set local enable_seqscan = off");
	if (!work->dry_run)	/* another rc-owner-assign is waited for as long as it takes, and named after a second */
		rc_buf_printf(&first, ";set local lock_timeout = 0;"
		    "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rc-owner-assign'));"
		    "set local lock_timeout = %ld", session->lock_timeout);
	transaction.first = rc_buf_text(&first);
	session->report_blocker = !work->dry_run;
	session->find_blocker = true;
	rc_transaction_begin(session, &transaction);
	session->report_blocker = false;
	session->find_blocker = find_blocker;
	rc_buf_free(&first);
}

/* Whether there is a plan to write or to hold to, and so one try alone. */
static bool
has_plan(const struct assignment *work)
{
	return work->evidence.plan.write != NULL || work->evidence.plan.apply != NULL;
}

/* Watches the tables that have rows to change, besides those of a plan. */
static void
watch(struct rc_session *session, struct assignment *work)
{
	if (!has_plan(work)) {
		rc_capture_free(&work->evidence.capture);	/* of an earlier try */
		rc_identity_free(&work->evidence.identity);
	}
	for (size_t i = 0; i < work->target_count; i++)
		if (rc_evidence_is_wanted(&work->evidence) && work->targets[i].status == NULL)
			rc_capture_add(&work->evidence.capture, work->targets[i].table);
	rc_evidence_begin(&work->evidence, session, &work->refusals);
}

/* Writes what is wanted of the change, and commits it, or rolls it back where only a plan is, or it is not as planned. */
static void
end(struct rc_session *session, struct assignment *work, bool has_changes)
{
	bool known = true;

	rc_evidence_write(&work->evidence, &work->refusals);
	if (work->refusals.records == 0 && work->evidence.plan.write == NULL && has_changes)
		known = rc_transaction_commit(session);
	else
		rc_transaction_rollback(session);
	if (work->refusals.records == 0)
		rc_evidence_keep(&work->evidence);
	if (work->evidence.plan.write != NULL)
		take_back(work);
	if (!known)
		rc_die(RC_RETRY, "%s", rc_transaction_unknown(session));
}

/* One transaction; NULL, or the lock or clash that stood in the way, with all rolled back. */
static PGresult *
attempt(struct rc_session *session, void *context)
{
	struct assignment *work = context;
	size_t with_rows = 0;
	PGresult *failed;

	work->errors = 0;
	begin(session, work);
	failed = find_owner(session, work);
	if (failed == NULL && work->owner_id != NULL)
		failed = look_at_all(session, work, &with_rows);
	if (failed == NULL && work->owner_id != NULL && work->errors == 0 && !work->dry_run)
		watch(session, work);
	if (work->refusals.records > 0) {
		rc_transaction_rollback(session);
		return NULL;
	}
	for (size_t i = 0; i < work->target_count && with_rows > 0 && failed == NULL; i++)
		if (work->targets[i].status == NULL)
			failed = change(session, work, &work->targets[i]);
	if (failed == NULL && with_rows > 0 && work->errors == 0 && !work->dry_run)
		failed = look_at_changed(session, work);
	if (failed != NULL && has_plan(work))
		rc_session_die(session, failed, "nothing was changed");
	if (failed != NULL || work->errors > 0 || work->dry_run) {
		rc_transaction_rollback(session);
		return failed;
	}
	/* Django's foreign keys are deferred: here they can still be reported, at COMMIT the cause would be lost. */
	if ((failed = rc_transaction_settle(session)) != NULL) {
		if (!rc_result_is_locked(failed) || has_plan(work))
			rc_session_die(session, failed, "foreign keys");
		rc_transaction_rollback(session);
		return failed;
	}
	end(session, work, with_rows > 0);
	return NULL;
}

/* Writes what became of the targets, and frees them. */
static void
put_targets(struct assignment *work)
{
	for (size_t i = 0; i < work->target_count; i++) {
		if (work->owner_id != NULL && work->refusals.records == 0)
			rc_output_put(&work->out, &work->targets[i].record);
		free(work->targets[i].type);
		free(work->targets[i].rows);
		rc_record_free(&work->targets[i].record);
	}
	free(work->targets);
}

static void
plan_text(struct assignment *work, const char *text)
{
	rc_plan_add(&work->evidence.plan, text, strlen(text));
}

static void
check_evidence(struct assignment *work)
{
	const struct rc_plan *plan = &work->evidence.plan;

	if (plan->write != NULL && plan->apply != NULL)
		rc_usage("--plan and --apply exclude one another");
	if (plan->rows_alone && plan->write == NULL)
		rc_usage("--rows-alone goes with --plan");
	if (work->evidence.undo.path != NULL && (work->dry_run || plan->write != NULL))
		rc_usage("--undo-log and --%s exclude one another", plan->write != NULL ? "plan" : "dry-run");
	if (plan->apply != NULL && work->dry_run)
		rc_usage("--apply and --dry-run exclude one another");
	if (plan->write != NULL)
		work->dry_run = false;	/* its rows are known once they were changed */
}

int
main(int argc, char *argv[])
{
	struct assignment work = {0};
	bool require_end = false, gate = false;
	long lock_timeout = RC_LOCK_TIMEOUT;
	struct rc_session session = {0};
	PGresult *failed;
	struct rc_input in;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_USER: work.user = optarg; break;
		case OPT_OWNER_SQL: work.owner_sql = optarg; break;
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_SCOPE: rc_scope_add(&work.scope, optarg, &work.arena); break;
		case OPT_GATE: gate = true; break;
		case OPT_UNDO_LOG: work.evidence.undo.path = optarg; break;
		case OPT_PLAN: work.evidence.plan.write = optarg; break;
		case OPT_ROWS_ALONE: work.evidence.plan.rows_alone = true; break;
		case OPT_APPLY: work.evidence.plan.apply = optarg; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	if (work.user == NULL || work.owner_sql == NULL)
		rc_usage("--user and --owner-sql are needed");
	if (!rc_utf8_valid(work.user, strlen(work.user)))
		rc_die(RC_FATAL, "the user's name is not UTF-8");
	check_evidence(&work);
	rc_plan_open(&work.evidence.plan, &work.evidence.capture);
	rc_undo_log_open(&work.evidence.undo);
	rc_input_open(&in, argc - optind, argv + optind);
	if (gate) {
		rc_session_open(&session);
		if (rc_meta_says_production(&session))
			rc_exit(RC_LOOK);
	}
	if (require_end)
		in.digest = rc_digest_new();
	read_targets(&work, &in);
	if (require_end)
		rc_input_require_end(&in);
	if (!gate)
		rc_session_open(&session);
	session.lock_timeout = lock_timeout;
	rc_statement_read(&work.owner_query, RC_QUERY, work.owner_sql, 2);
	plan_text(&work, work.user);
	plan_text(&work, work.owner_query.text);
	for (int i = 0; i < work.scope.count; i++) {
		plan_text(&work, work.scope.names[i]);
		plan_text(&work, work.scope.values[i] == NULL ? "" : work.scope.values[i]);
	}
	rc_output_open(&work.out, NULL);

	/* A lock may be released, a clash come from a row inserted meanwhile: look again. */
	if ((failed = rc_transaction_retry(&session, "nothing was changed", attempt, &work)) != NULL)
		report_clash(&work, failed);
	PQclear(failed);
	rc_session_close(&session);
	rc_evidence_free(&work.evidence);

	put_targets(&work);
	rc_spool_write(&work.refusals, &work.out);
	rc_output_pass_end(&work.out, &in);
	rc_statement_free(&work.owner_query);
	rc_record_free(&work.owner);
	rc_arena_free(&work.arena);
	work.out.answer = work.errors > 0 || work.refusals.records > 0 ? RC_NO : RC_OK;
	rc_spool_free(&work.refusals);
	return rc_finish(&in, &work.out);
}

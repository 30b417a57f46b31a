/*
 * rc-owner-assign - give the rows without an owner to one
 *
 * All targets in one transaction.  First every target is looked at: does its
 * column exist, would two rows clash in a unique index?  Only if all are well
 * do the updates run, one for each target.  Nothing is printed before COMMIT.
 * The look groups the rows that would change once for each unique index that
 * the column has a part in.
 *
 * With a limit of rc_pace each batch of rows is a transaction of its own, after
 * all targets were looked at; what is left to do the next call finds by itself.
 *
 * Two calls at once wait for one another (an advisory lock of the
 * transaction), so the second finds nothing left to do.
 */
#include <string.h>

#include "rc_change.h"
#include "rc_change_walk.h"
#include "rc_digest.h"
#include "rc_err.h"
#include "rc_evidence.h"
#include "rc_meta.h"
#include "rc_opt.h"
#include "rc_owner.h"
#include "rc_owner_target.h"
#include "rc_pace.h"
#include "rc_scope.h"
#include "rc_session.h"
#include "rc_stream.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_USER = RC_OPT_LONG, OPT_OWNER_SQL, OPT_DRY_RUN, OPT_SCOPE, OPT_GATE, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_UNDO_LOG,
    OPT_PLAN, OPT_ROWS_ALONE, OPT_APPLY, OPT_BATCH, OPT_MAX_LAG, OPT_MAX_WAL_RATE, OPT_PAUSE_FILE };
enum { BATCH_MAX = 1000000, BATCH_DEFAULT = 10000, WALKS_MAX = 3 };

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
	{ OPT_BATCH, "batch", "N", "commit after every N rows, at most 1000000 (default: 10000 with one of the next three)" },
	{ OPT_MAX_LAG, RC_PACE_MAX_LAG },
	{ OPT_MAX_WAL_RATE, RC_PACE_MAX_WAL_RATE },
	{ OPT_PAUSE_FILE, RC_PACE_PAUSE_FILE },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock, three times (default: 5s)" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the targets end with an end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--user", "alice", "--owner-sql", "user-by-name.sql", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-owner-assign",
	.synopsis = "--user NAME --owner-sql FILE [--dry-run] [--scope NAME:=JSON] ... [--gate] [--plan FILE [--rows-alone] | --apply PLAN] [--undo-log FILE] [--batch N] [--max-lag DURATION|SIZE] "
	    "[--max-wal-rate SIZE] [--pause-file FILE] [--lock-timeout DURATION] "
	    "[--require-end-record] [FILE ...]",
	.summary = "give the rows without an owner to one",
	.options = options,
	.reads = "targets: {\"table\",\"column\",\"label\"}",
	.writes = "the same with \"owner\", \"owner_id\", \"count\", \"status\" (assigned, partial, would_assign, unchanged, "
	    "out_of_scope, error) and \"error\"",
	.changes = "changes",
	.risk = "medium",
	.example = example,
	.example_input = "{\"table\":\"api_project\",\"column\":\"owner_id\",\"label\":\"Project\"}\n",
};

struct assignment {
	struct rc_owner owner;
	bool dry_run;
	bool only_counts;		/* changes nothing: a dry run, or the look before the first batch */
	struct rc_scope scope;		/* which rows */
	struct rc_owner_targets targets;
	const char *values[RC_SCOPES_MAX + 1];	/* of the targets' statements: the owner's id, then the scopes' */
	int errors;
	struct rc_owner_target *current;	/* the target that is changed, or at which a try ended */
	struct rc_arena arena;
	struct rc_output out;
	struct rc_evidence evidence;
	struct rc_spool refusals;	/* what is not as planned */

	long batch;			/* rows in a batch, 0: all is one transaction */
	struct rc_pace pace;
	struct rc_change_walk walk;
	unsigned long long left;	/* whether a walk has missed rows */
};

/* ---- looking ---- */

/* Looks at all targets; the number of those that have rows to change goes to WITH_ROWS.  NULL, or the lock in the way. */
static PGresult *
look_at_all(struct rc_session *session, struct assignment *work, size_t *with_rows)
{
	PGresult *failed;

	struct rc_parameters values = { .count = 1 + rc_scope_get_values(&work->scope, work->values + 1), .values = work->values };

	*with_rows = 0;
	work->values[0] = work->owner.id;
	for (size_t i = 0; i < work->targets.count; i++) {
		if ((failed = rc_owner_target_look(&work->targets.list[i], session, &work->owner, &work->scope, &values)) != NULL)
			return failed;
		*with_rows += work->targets.list[i].status == NULL;
		work->errors += rc_owner_target_failed(&work->targets.list[i]);
	}
	if (*with_rows == 0)
		return NULL;
	PQclear(rc_session_query(session, "settings", "set local enable_seqscan = on", NULL));
	for (size_t i = 0; i < work->targets.count; i++)
		if (work->targets.list[i].status == NULL) {
			rc_owner_target_look_for_clash(&work->targets.list[i], session, &work->owner);
			work->errors += rc_owner_target_failed(&work->targets.list[i]);
		}
	return NULL;
}

/* ---- doing ---- */

/* Changes the target's rows, or only counts them where that is wanted or another target is in a bad state. */
static PGresult *
change(struct rc_session *session, struct assignment *work, struct rc_owner_target *target)
{
	bool real = !work->only_counts && work->errors == 0;
	PGresult *failed = real ? rc_change_make(session, &target->change, &target->count)
	    : rc_change_count(session, &target->change, "all", &target->count);

	if (failed == NULL)
		rc_owner_target_set(target, &work->owner, target->count == 0 ? "unchanged" : real ? "assigned" : "would_assign");
	else
		work->current = target;
	return failed;
}

static void
fail_as_kept_out(struct assignment *work, struct rc_owner_target *target)
{
	struct rc_buf message = {0};

	work->errors++;
	rc_buf_printf(&message, "%s was not written: the database kept the row out", target->table);
	rc_owner_target_fail(target, &work->owner, "not_written", rc_buf_text(&message), NULL, NULL);
	rc_buf_free(&message);
}

/* Whether the rows have their owner now: a trigger, a rule or a policy may have kept the change out.  NULL, or the lock in the way. */
static PGresult *
look_at_changed(struct rc_session *session, struct assignment *work)
{
	for (size_t i = 0; i < work->targets.count; i++) {
		struct rc_owner_target *target = &work->targets.list[i];
		bool left = false;
		PGresult *failed;

		if (target->type == NULL || target->rows == NULL)
			continue;	/* not looked at */
		if ((failed = rc_change_verify(session, &target->change, &left)) != NULL)
			return failed;
		if (!left)
			continue;
		rc_owner_targets_take_back(&work->targets, &work->owner);
		target->count = 0;
		fail_as_kept_out(work, target);
	}
	return NULL;
}

static void
begin(struct rc_session *session, const struct assignment *work)
{
	struct rc_transaction transaction = { .read_only = work->only_counts };
	bool find_blocker = session->find_blocker;
	struct rc_buf first = {0};

	/*
	 * Whether there are rows at all is asked of an index where there is one:
	 * after a large change the planner's statistics are old, and it would read
	 * the whole table.
	 */
	rc_buf_add_text(&first, "set local enable_seqscan = off");
	if (!work->only_counts)	/* another rc-owner-assign is waited for as long as it takes, and named after a second */
		rc_buf_printf(&first, ";set local lock_timeout = 0;"
		    "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rc-owner-assign'));"
		    "set local lock_timeout = %ld", session->lock_timeout);
	transaction.first = rc_buf_text(&first);
	session->report_blocker = !work->only_counts;
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
	for (size_t i = 0; i < work->targets.count; i++)
		if (rc_evidence_is_wanted(&work->evidence) && work->targets.list[i].status == NULL)
			rc_capture_add(&work->evidence.capture, work->targets.list[i].table);
	rc_evidence_begin(&work->evidence, session);
}

/* Writes what is wanted of the change; commits it where there is one to commit, or rolls it back, as where only a plan is wanted, or it is not as planned. */
static void
end(struct rc_session *session, struct assignment *work, bool has_changes)
{
	bool known = true, planned = work->evidence.plan.write != NULL;

	rc_evidence_write(&work->evidence, &work->refusals);
	if (work->refusals.records == 0 && !planned && has_changes)
		known = rc_transaction_commit(session);
	else
		rc_transaction_rollback(session);
	if (work->refusals.records == 0)
		rc_evidence_keep(&work->evidence);
	if (planned)
		rc_owner_targets_take_back(&work->targets, &work->owner);
	if (!known)
		rc_die(RC_RETRY, "%s", rc_transaction_unknown(session));
}

/* Commits; NULL, or the lock in the way, with all rolled back. */
static PGresult *
commit(struct rc_session *session, struct assignment *work)
{
	PGresult *failed;

	/* Django's foreign keys are deferred: here they can still be reported, at COMMIT the cause would be lost. */
	if ((failed = rc_transaction_settle(session)) != NULL) {
		if (!rc_result_is_locked(failed) || has_plan(work))
			rc_session_die(session, failed, "foreign keys");
		rc_transaction_rollback(session);
		return failed;
	}
	end(session, work, true);
	return NULL;
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
	failed = rc_owner_find(&work->owner, session);
	if (failed == NULL && work->owner.id == NULL) {
		work->errors++;
		rc_owner_report_absent(&work->owner, &work->out);
	}
	if (failed == NULL && work->owner.id != NULL)
		failed = look_at_all(session, work, &with_rows);
	if (failed == NULL && work->owner.id != NULL && work->errors == 0 && !work->only_counts)
		watch(session, work);
	if (work->refusals.records > 0) {
		rc_transaction_rollback(session);
		return NULL;
	}
	for (size_t i = 0; i < work->targets.count && with_rows > 0 && failed == NULL; i++)
		if (work->targets.list[i].status == NULL)
			failed = change(session, work, &work->targets.list[i]);
	if (failed == NULL && with_rows > 0 && work->errors == 0 && !work->only_counts)
		failed = look_at_changed(session, work);
	if (failed != NULL && has_plan(work))
		rc_session_die(session, failed, "nothing was changed");
	if (failed != NULL || work->errors > 0 || work->only_counts) {
		rc_transaction_rollback(session);
		return failed;
	}
	if (with_rows == 0) {
		end(session, work, false);
		return NULL;
	}
	return commit(session, work);
}

/* All of it as one transaction.  A lock may be released, a clash come from a row inserted meanwhile: look again. */
static void
assign_at_once(struct rc_session *session, struct assignment *work)
{
	PGresult *failed = rc_transaction_retry(session, "nothing was changed", attempt, work);

	if (failed != NULL) {
		rc_owner_targets_take_back(&work->targets, &work->owner);
		work->errors++;
		work->current->count = 0;
		rc_owner_target_fail_by_clash(work->current, &work->owner, failed);
	}
	PQclear(failed);
}

/* ---- in batches ---- */

/* Begins a walk where there are rows left; NULL, or the lock in the way. */
static PGresult *
attempt_walk(struct rc_session *session, void *context)
{
	static const struct rc_transaction transaction = { .read_only = true, .first = "set local enable_seqscan = off" };
	struct assignment *work = context;
	const struct rc_change *rows = &work->current->change;
	PGresult *failed;

	rc_transaction_begin(session, &transaction);
	if ((failed = rc_change_count(session, rows, "1", &work->left)) == NULL && work->left > 0)
		rc_change_walk_begin(&work->walk, session, rows);
	rc_transaction_rollback(session);
	return failed;
}

/* Changes some rows; NULL, or the lock or clash that stood in the way, with these rows rolled back. */
static PGresult *
attempt_batch(struct rc_session *session, void *context)
{
	struct assignment *work = context;
	PGresult *failed;

	begin(session, work);
	failed = rc_change_walk_change(&work->walk, work->pace.size);
	if (failed == NULL && work->walk.changed > 0 && !work->walk.kept_out)
		return commit(session, work);
	rc_transaction_rollback(session);
	return failed;
}

/* Walks over the current target's rows once; false where it is in a bad state then. */
static bool
walk_over(struct rc_session *session, struct assignment *work)
{
	struct rc_owner_target *target = work->current;

	while (!rc_change_walk_is_over(&work->walk)) {
		PGresult *failed;

		rc_pace_wait(&work->pace);
		if ((failed = rc_transaction_retry(session, "this batch was rolled back", attempt_batch, work)) != NULL) {
			work->errors++;
			rc_owner_target_fail_by_clash(target, &work->owner, failed);
			PQclear(failed);
			return false;
		}
		if (work->walk.kept_out) {
			fail_as_kept_out(work, target);
			return false;
		}
		if (work->walk.changed > 0) {
			target->count += work->walk.changed;
			rc_owner_target_set(target, &work->owner, "partial");
			rc_pace_done(&work->pace, work->walk.changed, work->walk.changed);
		}
		rc_change_walk_step(&work->walk);
	}
	return true;
}

/* A walk misses rows that others move meanwhile, and those that they add; but who adds rows for ever does not keep us for ever. */
static void
assign_target(struct rc_session *session, struct assignment *work)
{
	struct rc_owner_target *target = work->current;

	target->count = 0;
	for (int i = 0; i < WALKS_MAX; i++) {
		PQclear(rc_transaction_retry(session, "nothing more was changed", attempt_walk, work));
		if (work->left == 0)
			break;
		if (!walk_over(session, work))
			return;
	}
	rc_owner_target_set(target, &work->owner, target->count == 0 ? "unchanged" : "assigned");
}

static struct assignment *broken_off;	/* unless it is NULL */

/* What is committed is told, whatever ends the process. */
static void
put_at_exit(int code)
{
	struct assignment *work = broken_off;

	broken_off = NULL;
	if (work != NULL && code >= RC_FATAL && work->pace.batches > 0)
		rc_owner_targets_put(&work->targets, &work->out);
}

static void
assign_in_batches(struct rc_session *session, struct assignment *work)
{
	work->only_counts = true;
	assign_at_once(session, work);
	if (work->errors > 0)
		return;
	work->only_counts = false;
	session->tells_commits = true;
	for (size_t i = 0; i < work->targets.count; i++)
		work->pace.total += work->targets.list[i].count;
	rc_pace_start(&work->pace, session);
	rc_at_exit(put_at_exit);
	broken_off = work;
	for (size_t i = 0; i < work->targets.count && work->errors == 0; i++) {
		work->current = &work->targets.list[i];
		if (strcmp(work->current->status, "would_assign") == 0)
			assign_target(session, work);
	}
	rc_change_walk_free(&work->walk);
}

/* ---- all ---- */

static void
check_evidence(struct assignment *work)
{
	bool plan = work->evidence.plan.write != NULL, apply = work->evidence.plan.apply != NULL;

	rc_evidence_check(&work->evidence, work->dry_run);
	if (plan)
		work->dry_run = false;	/* its rows are known once they were changed */
	if (work->batch > 0 && rc_evidence_is_wanted(&work->evidence))
		rc_usage("--%s is for one transaction; with --batch, --max-lag, --max-wal-rate or --pause-file each batch is one of its own",
		    plan ? "plan" : apply ? "apply" : "undo-log");
}

/* What one option excludes of the others. */
static void
check_options(struct assignment *work)
{
	if (work->owner.user == NULL || work->owner.file == NULL)
		rc_usage("--user and --owner-sql are needed");
	if (!rc_utf8_valid(work->owner.user, strlen(work->owner.user)))
		rc_die(RC_FATAL, "the user's name is not UTF-8");
	if (work->batch == 0 && rc_pace_is_wanted(&work->pace))
		work->batch = BATCH_DEFAULT;
	check_evidence(work);
	if (work->batch > 0)
		rc_pace_open(&work->pace, "rows", work->batch);
	work->only_counts = work->dry_run;
}

/* A plan is one for this user, these targets and scopes. */
static void
plan_all(struct assignment *work)
{
	struct rc_plan *plan = &work->evidence.plan;

	rc_plan_add_text(plan, work->owner.user);
	rc_plan_add_text(plan, work->owner.query.text);
	for (int i = 0; i < work->scope.count; i++) {
		rc_plan_add_text(plan, work->scope.names[i]);
		rc_plan_add_text(plan, work->scope.values[i] == NULL ? "" : work->scope.values[i]);
	}
	for (size_t i = 0; i < work->targets.count; i++)
		rc_plan_add_record(plan, &work->targets.list[i].record);
}

int
main(int argc, char *argv[])
{
	static struct assignment work;
	bool require_end = false, gate = false;
	long lock_timeout = RC_LOCK_TIMEOUT;
	struct rc_session session = {0};
	struct rc_input in;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_USER: work.owner.user = optarg; break;
		case OPT_OWNER_SQL: work.owner.file = optarg; break;
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_SCOPE: rc_scope_add(&work.scope, optarg, &work.arena); break;
		case OPT_GATE: gate = true; break;
		case OPT_UNDO_LOG: work.evidence.undo.path = optarg; break;
		case OPT_PLAN: work.evidence.plan.write = optarg; break;
		case OPT_ROWS_ALONE: work.evidence.plan.rows_alone = true; break;
		case OPT_APPLY: work.evidence.plan.apply = optarg; break;
		case OPT_BATCH: work.batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case OPT_MAX_LAG: rc_pace_take_max_lag(&work.pace, optarg); break;
		case OPT_MAX_WAL_RATE: rc_pace_take_max_wal_rate(&work.pace, optarg); break;
		case OPT_PAUSE_FILE: rc_pace_take_pause_file(&work.pace, optarg); break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	check_options(&work);
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
	rc_owner_targets_read(&work.targets, &in);
	if (require_end)
		rc_input_require_end(&in);
	if (!gate)
		rc_session_open(&session);
	session.lock_timeout = lock_timeout;
	rc_owner_read(&work.owner);
	plan_all(&work);
	rc_output_open(&work.out, NULL);

	if (work.batch > 0 && !work.dry_run)	/* a dry run reads only, and needs no batches */
		assign_in_batches(&session, &work);
	else
		assign_at_once(&session, &work);
	rc_session_close(&session);

	broken_off = NULL;
	if (work.owner.id != NULL && work.refusals.records == 0)
		rc_owner_targets_put(&work.targets, &work.out);
	rc_spool_write(&work.refusals, &work.out);
	rc_output_pass_end(&work.out, &in);
	rc_output_flush(&work.out);
	if (work.errors == 0)
		rc_pace_end(&work.pace);
	rc_owner_targets_free(&work.targets);
	rc_owner_free(&work.owner);
	rc_arena_free(&work.arena);
	rc_evidence_free(&work.evidence);
	work.out.answer = work.errors > 0 || work.refusals.records > 0 ? RC_NO : RC_OK;
	rc_spool_free(&work.refusals);
	return rc_finish(&in, &work.out);
}

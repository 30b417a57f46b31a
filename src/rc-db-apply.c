/*
 * rc-db-apply - run statements for each record, all in one transaction
 *
 * For each record the files run in order with the record as `$1::jsonb`.  The
 * row of a file but the last is merged into the record for the next, so that
 * an id made by one step reaches the next; the rows of the last are the
 * result.  A row with `status` "error" and an object `error` refuses its
 * record: what follows for it does not run, the other records are still looked
 * at, nothing is committed.
 *
 * Results wait in a spool until COMMIT has made them true; those for --output
 * in its temporary file.  One record is held at a time, with --batch as many as
 * it says.
 *
 * With a limit of rc_pace each batch is a transaction of its own
 * (rc_apply_batches), or all would have to be held for one.
 *
 * With --copy-to no file runs for the records: they are sent as they come
 * (rc_staging), for the files of --after to work on.
 *
 * Files of --before and --after run once, around all records; they share a
 * record of their own, that of --with, into which their rows are merged.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_append.h"
#include "rc_apply_batches.h"
#include "rc_around.h"
#include "rc_batch.h"
#include "rc_commit_mark.h"
#include "rc_digest.h"
#include "rc_evidence.h"
#include "rc_meta.h"
#include "rc_opt.h"
#include "rc_print_before.h"
#include "rc_sent.h"
#include "rc_session.h"
#include "rc_staging.h"
#include "rc_steps.h"
#include "rc_stream.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_DRY_RUN = RC_OPT_LONG, OPT_LOCAL, OPT_PRINT, OPT_BATCH, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_MARK, OPT_BEFORE, OPT_AFTER, OPT_WITH, OPT_VISIBLE,
    OPT_REQUIRE_ROWS, OPT_APPEND, OPT_NUL, OPT_GATE, OPT_UNDO_LOG, OPT_WATCH, OPT_PLAN, OPT_APPLY, OPT_ROWS_ALONE, OPT_COPY, OPT_PROBLEM, OPT_RESUME, OPT_MAX_LAG, OPT_MAX_WAL_RATE, OPT_PAUSE_FILE };
enum { STEPS_MAX = 64, BATCH_MAX = 10000, LOCK_TIMEOUT = RC_LOCK_TIMEOUT * RC_LOCK_TRIES };

static const struct rc_option options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, check the foreign keys too, and roll back" },
	{ OPT_LOCAL, "local", "FIELD", "never send this field to the server; may be repeated" },
	{ OPT_PRINT, "print-before-commit", "FIELD|TEMPLATE", "print this field's text, or a line as rc-say does, before COMMIT, of each record with a result; the field is local, too" },
	{ OPT_BATCH, "batch", "N", "run the one file for N records at a time, which are an array in $1 (at most 10000)" },
	{ OPT_RESUME, "resume", "NAME", "with --batch: commit batch by batch, keep the place under NAME in the table rc_import_progress, and go on from there" },
	{ OPT_MAX_LAG, RC_PACE_MAX_LAG },
	{ OPT_MAX_WAL_RATE, RC_PACE_MAX_WAL_RATE },
	{ OPT_PAUSE_FILE, RC_PACE_PAUSE_FILE },
	{ OPT_COPY, "copy-to", "TABLE", "put the records into this table by COPY, instead of running a file for them" },
	{ OPT_PROBLEM, "problem-column", "COLUMN", "with --copy-to: what a column can't hold becomes null, and is told here" },
	{ OPT_BEFORE, "before", "FILE.sql", "run this once before the first record; may be repeated" },
	{ OPT_AFTER, "after", "FILE.sql", "run this once after the last record; may be repeated" },
	{ OPT_WITH, "with", "FILE", "the one record in FILE is $1 of --before and --after (default: {})" },
	{ 'o', "output", "FILE", "write the results there, replacing it as a whole, instead of to standard output" },
	{ OPT_APPEND, "append-before-commit", "FILE", "append the results to FILE, too, just before COMMIT; they are taken back where it fails" },
	{ OPT_NUL, "nul-field", "FIELD", "in a record with U+0000, which jsonb can't hold, put U+FFFD in its place and set FIELD to true" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
	{ OPT_PLAN, RC_EVIDENCE_PLAN },
	{ OPT_ROWS_ALONE, RC_EVIDENCE_ROWS_ALONE },
	{ OPT_APPLY, RC_EVIDENCE_APPLY },
	{ OPT_UNDO_LOG, RC_EVIDENCE_UNDO_LOG },
	{ OPT_WATCH, RC_EVIDENCE_WATCH },
	{ OPT_GATE, "gate", NULL, "where the database or RC_ENVIRONMENT says production, read and change nothing and end with 3" },
	{ OPT_MARK, "commit-mark", "FILE", "make FILE just before COMMIT; where it is absent afterwards, nothing was changed" },
	{ OPT_VISIBLE, "rows-visible-to-me", NULL, "where row level security hides rows, go on without them" },
	{ OPT_REQUIRE_ROWS, "require-rows", NULL, "refuse a record for which the last file gives no row; not with --batch" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the records end with an end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--dry-run", "user-by-name.sql", NULL };

static const struct rc_program program = {
	.name = "rc-db-apply",
	.synopsis = "[--dry-run] [--local FIELD] ... [--print-before-commit FIELD|TEMPLATE] [--batch N] [--resume NAME] [--max-lag DURATION|SIZE] [--max-wal-rate SIZE] [--pause-file FILE] [--before FILE.sql] ... "
	    "[--after FILE.sql] ... [--with FILE] [--output FILE] "
	    "[--append-before-commit FILE] [--plan FILE [--rows-alone] | --apply PLAN] [--undo-log FILE] [--watch TABLE] ... [--nul-field FIELD] [--commit-mark FILE] [--gate] [--lock-timeout DURATION] [--rows-visible-to-me] [--require-rows] "
	    "[--require-end-record] FILE.sql ... | --copy-to TABLE [--problem-column COLUMN] [FILE ...]",
	.summary = "run statements for each record, all in one transaction",
	.options = options,
	.reads = "any record, which the statements have as $1::jsonb",
	.writes = "the rows that the last file returns, after COMMIT",
	.changes = "destroys",
	.risk = "high",
	.not_idempotent = true,
	.example = example,
	.example_input = "{\"user\":\"alice\"}\n",
};

struct apply {
	struct rc_session session;
	const char *files[STEPS_MAX];
	struct rc_statement each[STEPS_MAX];	/* the same, prepared */
	int file_count;
	struct rc_staging staging;	/* with a table_name: the records go there */
	struct rc_steps steps;	/* how all of them run, and what they answered */
	struct rc_around around;	/* what runs once */
	struct rc_evidence evidence;
	struct rc_sent sent;
	struct rc_print_before print;
	long batch;		/* records in $1, 0: the record itself */
	struct rc_apply_batches batches;	/* each committed by itself, with a name or a limit */
	bool dry_run, visible;	/* rows that a policy hides are not wanted */
	const char *append;	/* the file of --append-before-commit, or NULL */
	int append_fd;
	const char *mark;	/* the file of --commit-mark, or NULL */
	const char *output;	/* the file of --output, or NULL */
	bool require_end, gate;
	long lock_timeout;	/* ms */
	struct rc_input in;
	struct rc_output out;
};

/* ---- the begin ---- */

/*
 * Begins the transaction, runs what comes before, and prepares all files, those
 * of before one by one, for one may make the table of the next.  The source of
 * the records may take its time.  False where all is refused.
 */
static bool
begin(struct apply *work, const struct rc_transaction *transaction)
{
	struct rc_around *around = &work->around;
	bool alone = work->staging.table_name == NULL && around->before.count + work->file_count + around->after.count == 1;

	rc_transaction_begin(&work->session, transaction);
	rc_evidence_begin(&work->evidence, &work->session);
	if (!rc_around_run_before(around, &work->steps, alone))
		return false;
	for (int i = 0; i < work->file_count; i++)
		rc_steps_prepare(&work->steps, &work->each[i], work->files[i], alone);
	rc_around_prepare_after(around, &work->steps, alone);
	for (int i = 0; i < around->before.count; i++)
		rc_plan_add_text(&work->evidence.plan, around->before.steps[i].text);
	for (int i = 0; i < work->file_count; i++)
		rc_plan_add_text(&work->evidence.plan, work->each[i].text);
	for (int i = 0; i < around->after.count; i++)
		rc_plan_add_text(&work->evidence.plan, around->after.steps[i].text);
	work->steps.blame = &work->in;
	return true;
}

/* ---- records ---- */

static void
run_each(struct apply *work)
{
	struct rc_record record = {0};

	while (rc_input_next(&work->in, &record)) {
		rc_print_before_make(&work->print, &work->in, &record);
		rc_sent_strip(&work->sent, &record);
		rc_plan_add_record(&work->evidence.plan, &record);
		if (rc_steps_run(&work->steps, work->each, work->file_count, &record, &work->sent))
			rc_print_before_take(&work->print);
	}
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
}

static void
run_batch(struct apply *work, struct rc_batch *batch)
{
	rc_steps_keep(&work->steps, work->each, rc_batch_close(batch));
	rc_batch_clear(batch);
}

static void
run_batches(struct apply *work)
{
	struct rc_record record = {0};
	struct rc_batch batch = {0};

	while (rc_input_next(&work->in, &record)) {
		rc_sent_strip(&work->sent, &record);
		rc_plan_add_record(&work->evidence.plan, &record);
		if (!rc_batch_add(&batch, &work->sent, &record)) {
			run_batch(work, &batch);
			rc_batch_add(&batch, &work->sent, &record);
		}
		if (batch.count == work->batch)	/* now, so that an error names the batch's last line */
			run_batch(work, &batch);
	}
	if (batch.count > 0)
		run_batch(work, &batch);
	rc_batch_free(&batch);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
}

/* Sends all records to the table; what is wrong with one is the table's to tell, lone surrogates too. */
static void
run_copy(struct apply *work)
{
	struct rc_record record = { .object = { .lone_surrogates = true } };

	work->staging.session = &work->session;
	rc_staging_begin(&work->staging);
	while (rc_input_next(&work->in, &record)) {
		rc_sent_strip(&work->sent, &record);
		rc_plan_add_record(&work->evidence.plan, &record);
		if (!rc_staging_add(&work->staging, &work->in, &record))
			break;
	}
	rc_staging_end(&work->staging);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
}

/* ---- the end ---- */

/* Deferred constraints are checked here: at COMMIT the cause would be lost, and a ROLLBACK never checks them. */
static void
settle(struct apply *work)
{
	PGresult *failed = rc_transaction_settle(&work->session);

	if (failed != NULL)
		rc_session_die(&work->session, failed, "deferred constraints, nothing was changed");
}

/*
 * Ends the transaction, and prints what is true then.  A file of results gets
 * its name only afterwards, so it is written before: then a full disk is seen
 * while nothing is changed yet.
 */
static void
finish(struct apply *work)
{
	struct rc_output *out = &work->out;
	bool to_file = out->file != NULL;

	if (work->steps.refusals.records == 0) {
		settle(work);
		rc_evidence_write(&work->evidence, &work->steps.refusals);
	}
	if (work->steps.refusals.records > 0) {
		rc_transaction_rollback(&work->session);
		rc_spool_write(&work->steps.refusals, out);
		out->answer = RC_NO;
		return;
	}
	if (to_file) {
		rc_spool_write(&work->steps.results, out);
		rc_output_flush(out);
	}
	if (work->dry_run) {
		rc_transaction_rollback(&work->session);
	} else {
		bool known;

		rc_print_before_write(&work->print);
		if (work->append != NULL) {
			rc_append_begin();
			rc_spool_copy(&work->steps.results, work->append_fd, work->append);
			rc_append_sync();
		}
		if (work->mark != NULL)
			rc_commit_mark_make(work->mark);
		known = rc_transaction_commit(&work->session);
		rc_commit_mark_keep();
		rc_evidence_keep(&work->evidence);
		if (work->append != NULL)
			rc_append_keep();	/* where no one knows, too: a line too many is better than one that is lost */
		if (!known) {
			rc_transaction_tell_unknown(&work->session, out);
			return;
		}
	}
	if (!to_file && work->print.what == NULL)
		rc_spool_write(&work->steps.results, out);
}

/* ---- options ---- */

/* The first operands, as far as their names end in .sql, are the files. */
static int
take_files(struct apply *work, int argc, char *argv[])
{
	int n = optind;

	for (; n < argc && strlen(argv[n]) > 4 && strcmp(argv[n] + strlen(argv[n]) - 4, ".sql") == 0; n++) {
		if (work->file_count == STEPS_MAX)
			rc_usage("more than %d files", STEPS_MAX);
		work->files[work->file_count++] = argv[n];
	}
	if (work->file_count == 0 && work->staging.table_name == NULL)
		rc_usage("a file with a statement is needed, whose name ends in .sql");
	return n;
}

/* Whether each batch is a transaction of its own. */
static bool
is_paced(const struct apply *work)
{
	return work->batches.name != NULL || rc_pace_is_wanted(&work->batches.pace);
}

/* What is of one transaction has no place where there are many. */
static void
open_paced(struct apply *work)
{
	const struct { bool given; const char *name; } whole[] = {
		{ work->evidence.plan.write != NULL, "plan" }, { work->evidence.plan.apply != NULL, "apply" },
		{ work->evidence.undo.path != NULL, "undo-log" }, { work->evidence.capture.count > 0, "watch" },
		{ work->dry_run, "dry-run" }, { work->around.before.count > 0, "before" }, { work->around.after.count > 0, "after" },
		{ work->around.with != NULL, "with" }, { work->output != NULL, "output" }, { work->append != NULL, "append-before-commit" },
		{ work->mark != NULL, "commit-mark" },
	};

	if (work->batch == 0)
		rc_usage("--resume, --max-lag, --max-wal-rate and --pause-file need --batch");
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (whole[i].given)
			rc_usage("--%s is for one transaction; with --resume, --max-lag, --max-wal-rate or --pause-file each batch is one of its own", whole[i].name);
	rc_pace_open(&work->batches.pace, "records", work->batch);
}

/* What one option excludes of the others, and what names must be. */
static void
check_options(struct apply *work)
{
	if (work->batch > 0 && work->file_count > 1)
		rc_usage("--batch takes exactly one file");
	if (work->batch > 0 && work->print.what != NULL)
		rc_usage("--batch and --print-before-commit exclude one another");
	if (work->batch > 0 && work->steps.require_rows)
		rc_usage("--batch and --require-rows exclude one another");
	if (work->staging.table_name != NULL && (work->file_count > 0 || work->batch > 0 || work->print.what != NULL || work->sent.nul_field != NULL || work->steps.require_rows))
		rc_usage("--copy-to takes no file for the records, and none of --batch, --print-before-commit, --nul-field and --require-rows");
	if (work->staging.problem != NULL && work->staging.table_name == NULL)
		rc_usage("--problem-column goes with --copy-to");
	if (work->append != NULL && work->print.what != NULL)
		rc_usage("--append-before-commit and --print-before-commit exclude one another");
	if (work->sent.nul_field != NULL && !rc_utf8_valid(work->sent.nul_field, strlen(work->sent.nul_field)))
		rc_usage("--nul-field is not UTF-8");
	if (is_paced(work))
		open_paced(work);
}

/* Reads the options and the files' names; the index of the first operand that is input. */
static int
take_options(struct apply *work, int argc, char *argv[])
{
	int opt, operands;

	work->lock_timeout = LOCK_TIMEOUT;
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_DRY_RUN: work->dry_run = true; break;
		case OPT_LOCAL: rc_sent_add_local(&work->sent, optarg); break;
		case OPT_PRINT:
			if (work->print.what != NULL)
				rc_usage("--print-before-commit is given twice");
			work->print.what = optarg;
			break;
		case OPT_BATCH: work->batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case OPT_RESUME: work->batches.name = optarg; break;
		case OPT_MAX_LAG: rc_pace_take_max_lag(&work->batches.pace, optarg); break;
		case OPT_MAX_WAL_RATE: rc_pace_take_max_wal_rate(&work->batches.pace, optarg); break;
		case OPT_PAUSE_FILE: rc_pace_take_pause_file(&work->batches.pace, optarg); break;
		case OPT_COPY: work->staging.table_name = optarg; break;
		case OPT_PROBLEM: work->staging.problem = optarg; break;
		case OPT_BEFORE: rc_around_add(&work->around.before, optarg); break;
		case OPT_AFTER: rc_around_add(&work->around.after, optarg); break;
		case OPT_WITH: work->around.with = optarg; break;
		case 'o': work->output = optarg; break;
		case OPT_APPEND: work->append = optarg; break;
		case OPT_NUL: work->sent.nul_field = optarg; break;
		case OPT_MARK: work->mark = optarg; break;
		case OPT_LOCK_TIMEOUT: work->lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_PLAN: work->evidence.plan.write = optarg; work->dry_run = true; break;
		case OPT_ROWS_ALONE: work->evidence.plan.rows_alone = true; break;
		case OPT_APPLY: work->evidence.plan.apply = optarg; break;
		case OPT_UNDO_LOG: work->evidence.undo.path = optarg; break;
		case OPT_WATCH:
			rc_capture_add(&work->evidence.capture, optarg);
			work->evidence.capture.by_option = true;
			break;
		case OPT_GATE: work->gate = true; break;
		case OPT_REQUIRE_ROWS: work->steps.require_rows = true; break;
		case OPT_VISIBLE: work->visible = true; break;
		case OPT_REQUIRE_END: work->require_end = true; break;
		}
	}
	rc_print_before_open(&work->print, &work->sent);
	operands = take_files(work, argc, argv);
	check_options(work);
	return operands;
}

/* ---- all ---- */

/* Opens what can fail early, before a record is read. */
static void
open_all(struct apply *work, int count, char *files[])
{
	rc_around_read(&work->around);
	rc_input_open(&work->in, count, files);
	if (work->require_end)
		work->in.digest = rc_digest_new();
	if (work->print.what != NULL)
		signal(SIGPIPE, SIG_IGN);	/* a reader that is gone is an error to tell, before COMMIT */
	if (work->append != NULL && !work->dry_run)
		work->append_fd = rc_append_open(work->append);
	rc_evidence_open(&work->evidence, work->dry_run);
	rc_session_open(&work->session);
	if (work->gate && rc_meta_says_production(&work->session))
		rc_exit(RC_LOOK);
	work->session.lock_timeout = work->lock_timeout > 0 ? work->lock_timeout : 1;	/* 0 is forever to the server */
	work->session.lock_tries = 1;
	work->session.find_blocker = work->session.report_blocker = true;
	work->steps.session = &work->session;
	work->steps.has_array = work->batch > 0;
	rc_output_open(&work->out, work->output);
}

static void
close_all(struct apply *work)
{
	rc_session_close(&work->session);
	for (int i = 0; i < work->file_count; i++)
		rc_statement_free(&work->each[i]);
	rc_around_free(&work->around);
	rc_evidence_free(&work->evidence);
	rc_staging_free(&work->staging);
	rc_steps_free(&work->steps);
	rc_print_before_free(&work->print);
}

/* One transaction for all records. */
static void
run_whole(struct apply *work, const struct rc_transaction *transaction)
{
	if (begin(work, transaction)) {
		if (work->staging.table_name != NULL)
			run_copy(work);
		else if (work->batch > 0)
			run_batches(work);
		else
			run_each(work);
		if (work->require_end)
			rc_input_require_end(&work->in);
		rc_around_run_after(&work->around, &work->steps, work->in.records);
	}
	finish(work);
	if (work->print.what == NULL && work->output == NULL && work->out.answer == RC_OK)
		rc_output_pass_end(&work->out, &work->in);
}

/* One for each batch. */
static void
run_paced(struct apply *work, const struct rc_transaction *transaction)
{
	struct rc_apply_batches *batches = &work->batches;

	batches->steps = &work->steps;
	batches->file = work->files[0];
	batches->sent = &work->sent;
	batches->in = &work->in;
	batches->out = &work->out;
	batches->transaction = transaction;
	batches->require_end = work->require_end;
	rc_apply_batches(batches);
}

int
main(int argc, char *argv[])
{
	static struct apply work;
	int operands = take_options(&work, argc, argv);
	const struct rc_transaction transaction = { .patience = RC_NO_IDLE_LIMIT, .visible_rows = work.visible };

	open_all(&work, argc - operands, argv + operands);
	if (is_paced(&work))
		run_paced(&work, &transaction);
	else
		run_whole(&work, &transaction);
	close_all(&work);
	rc_stream_wipe(&work.in, &work.out);	/* local fields came that way */
	return rc_finish(&work.in, &work.out);
}

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
 * With --copy-to no file runs for the records: they are sent as they come
 * (rc_staging), for the files of --after to work on.
 *
 * Files of --before and --after run once, around all records; they share a
 * record of their own, that of --with, into which their rows are merged.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_append.h"
#include "rc_around.h"
#include "rc_commit_mark.h"
#include "rc_digest.h"
#include "rc_evidence.h"
#include "rc_file.h"
#include "rc_json_write.h"
#include "rc_meta.h"
#include "rc_nul.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_staging.h"
#include "rc_steps.h"
#include "rc_stream.h"
#include "rc_template.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_DRY_RUN = RC_OPT_LONG, OPT_LOCAL, OPT_PRINT, OPT_BATCH, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_MARK, OPT_BEFORE, OPT_AFTER, OPT_WITH, OPT_VISIBLE,
    OPT_REQUIRE_ROWS, OPT_APPEND, OPT_NUL, OPT_GATE, OPT_UNDO_LOG, OPT_WATCH, OPT_PLAN, OPT_APPLY, OPT_ROWS_ALONE, OPT_COPY, OPT_PROBLEM };
enum { STEPS_MAX = 64, LOCALS_MAX = 16, BATCH_MAX = 10000, BATCH_BYTES = 64 << 20,
    LOCK_TIMEOUT = RC_LOCK_TIMEOUT * RC_LOCK_TRIES };

static const struct rc_option options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, check the foreign keys too, and roll back" },
	{ OPT_LOCAL, "local", "FIELD", "never send this field to the server; may be repeated" },
	{ OPT_PRINT, "print-before-commit", "FIELD|TEMPLATE", "print this field's text, or a line as rc-say does, before COMMIT, of each record with a result; the field is local, too" },
	{ OPT_BATCH, "batch", "N", "run the one file for N records at a time, which are an array in $1 (at most 10000)" },
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
	.synopsis = "[--dry-run] [--local FIELD] ... [--print-before-commit FIELD|TEMPLATE] [--batch N] [--before FILE.sql] ... "
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
	const char *locals[LOCALS_MAX];
	int local_count;
	const char *print;	/* the field or template to print before COMMIT, or NULL */
	struct rc_template *template;	/* NULL: it is a field */
	long batch;		/* records in $1, 0: the record itself */
	bool dry_run, visible;	/* rows that a policy hides are not wanted */
	const char *append;	/* the file of --append-before-commit, or NULL */
	int append_fd;
	const char *nul_field;	/* that tells of U+0000, or NULL */
	const char *mark;	/* the file of --commit-mark, or NULL */
	const char *output;	/* the file of --output, or NULL */
	bool require_end, gate;
	long lock_timeout;	/* ms */
	struct rc_input in;
	struct rc_output out;
	struct rc_buf before;	/* the text to print before COMMIT */
};

/* ---- the begin ---- */

static void
plan_text(struct apply *work, const char *text)
{
	rc_plan_add(&work->evidence.plan, text, strlen(text));
}

/* A plan is one for the records that are read, without what never leaves this process. */
static void
plan_record(struct apply *work, const struct rc_record *record)
{
	struct rc_buf text = {0};

	if (work->evidence.plan.change == NULL)
		return;
	rc_record_write(record, &text);
	rc_plan_add(&work->evidence.plan, text.bytes, text.length);
	rc_buf_wipe(&text);
}

/*
 * Begins the transaction, runs what comes before, and prepares all files, those
 * of before one by one, for one may make the table of the next.  The source of
 * the records may take its time.  False where all is refused.
 */
static bool
begin(struct apply *work)
{
	const struct rc_transaction transaction = { .patience = RC_NO_IDLE_LIMIT, .visible_rows = work->visible };
	struct rc_around *around = &work->around;
	bool alone = work->staging.table_name == NULL && around->before.count + work->file_count + around->after.count == 1;

	rc_transaction_begin(&work->session, &transaction);
	rc_evidence_begin(&work->evidence, &work->session, &work->steps.refusals);
	if (work->steps.refusals.records > 0)
		return false;
	if (!rc_around_run_before(around, &work->steps, alone))
		return false;
	for (int i = 0; i < work->file_count; i++)
		rc_steps_prepare(&work->steps, &work->each[i], work->files[i], alone);
	rc_around_prepare_after(around, &work->steps, alone);
	for (int i = 0; i < around->before.count; i++)
		plan_text(work, around->before.steps[i].text);
	for (int i = 0; i < work->file_count; i++)
		plan_text(work, work->each[i].text);
	for (int i = 0; i < around->after.count; i++)
		plan_text(work, around->after.steps[i].text);
	work->steps.blame = &work->in;
	return true;
}

/* ---- records ---- */

/* Adds RECORD as the statements get it. */
static void
add_record(const struct apply *work, struct rc_record *record, struct rc_buf *text)
{
	size_t start = text->length;

	rc_record_write(record, text);
	if (work->nul_field == NULL || !rc_nul_replace(text->bytes + start, text->length - start))
		return;
	text->length--;	/* the closing brace */
	rc_json_add_value(text, work->nul_field, "true");
	rc_json_close(text);
}

/* Runs all files for RECORD, whose local fields are gone; whether the last one gave a result. */
static bool
run_record(struct apply *work, struct rc_record *record)
{
	const struct rc_statement *last = &work->each[work->file_count - 1];
	struct rc_buf text = {0};
	bool kept = false;

	for (const struct rc_statement *step = work->each; step <= last; step++) {
		text.length = 0;
		add_record(work, record, &text);
		if (step == last)
			kept = rc_steps_keep(&work->steps, step, rc_buf_text(&text));
		else if (!rc_steps_merge(&work->steps, step, rc_buf_text(&text), record))
			break;
	}
	rc_buf_wipe(&text);
	return kept;
}

static void
add_to_buffer(void *to, const char *bytes, size_t length)
{
	rc_buf_add(to, bytes, length);
}

/* Adds the line that is printed for RECORD, which has its local fields still. */
static void
add_print(struct apply *work, struct rc_record *record, struct rc_buf *line)
{
	const char *text, *reason;
	size_t length;

	if (work->template != NULL) {
		if ((reason = rc_template_bind(work->template, record)) != NULL)
			rc_input_fail(&work->in, "%s", reason);
		rc_template_write(work->template, add_to_buffer, line);
		return;
	}
	if ((text = rc_record_string(record, work->print, &length)) == NULL)
		rc_input_fail(&work->in, "expected a string in the field '%s'", work->print);
	if (memchr(text, '\n', length) != NULL || memchr(text, '\0', length) != NULL)
		rc_input_fail(&work->in, "the field '%s' is not one line", work->print);
	rc_buf_add(line, text, length);
}

static void
run_each(struct apply *work)
{
	struct rc_record record = {0};
	struct rc_buf secret = {0};

	rc_buf_reserve(&secret, RC_WIPED_ROOM);
	rc_buf_reserve(&work->before, RC_WIPED_ROOM);
	while (rc_input_next(&work->in, &record)) {
		secret.length = 0;
		if (work->print != NULL)
			add_print(work, &record, &secret);
		for (int i = 0; i < work->local_count; i++)
			rc_record_remove(&record, work->locals[i]);
		plan_record(work, &record);
		if (run_record(work, &record) && work->print != NULL) {
			rc_buf_add(&work->before, secret.bytes, secret.length);
			rc_buf_add(&work->before, "\n", 1);
		}
	}
	rc_buf_wipe(&secret);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
}

static void
run_batch(struct apply *work, struct rc_buf *array)
{
	rc_buf_add(array, "]", 1);
	rc_steps_keep(&work->steps, work->each, rc_buf_text(array));
	array->length = 0;
}

static void
run_batches(struct apply *work)
{
	struct rc_record record = {0};
	struct rc_buf array = {0};
	long count = 0;

	while (rc_input_next(&work->in, &record)) {
		for (int i = 0; i < work->local_count; i++)
			rc_record_remove(&record, work->locals[i]);
		plan_record(work, &record);
		if (count > 0 && array.length + record.length > BATCH_BYTES) {
			run_batch(work, &array);
			count = 0;
		}
		rc_buf_add(&array, count++ == 0 ? "[" : ",", 1);
		add_record(work, &record, &array);
		if (count == work->batch) {	/* now, so that an error names the batch's last line */
			run_batch(work, &array);
			count = 0;
		}
	}
	if (count > 0)
		run_batch(work, &array);
	rc_buf_free(&array);
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
		for (int i = 0; i < work->local_count; i++)
			rc_record_remove(&record, work->locals[i]);
		plan_record(work, &record);
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

/* A secret that exists nowhere else is out, and known to be, before anything makes it valid. */
static void
print_before_commit(struct apply *work)
{
	if (work->before.length == 0)
		return;
	rc_write_all(STDOUT_FILENO, "<stdout>", work->before.bytes, work->before.length);
	if (fsync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS)
		rc_die(RC_RETRY, "cannot write <stdout>: %s", strerror(errno));
}

/* Says instead of the results that no one knows what became of the COMMIT. */
static void
tell_unknown(struct apply *work)
{
	struct rc_output *out = &work->out;

	if (out->file != NULL && (ftruncate(out->fd, 0) != 0 || lseek(out->fd, 0, SEEK_SET) != 0)) {
		rc_warn("%s", rc_transaction_unknown(&work->session));
		rc_die(RC_RETRY, "cannot write %s: %s", out->name, strerror(errno));
	}
	rc_transaction_tell_unknown(&work->session, out);
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

		print_before_commit(work);
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
			tell_unknown(work);
			return;
		}
	}
	if (!to_file && work->print == NULL)
		rc_spool_write(&work->steps.results, out);
}

/* ---- options ---- */

static void
add_local(struct apply *work, const char *field)
{
	if (!rc_utf8_valid(field, strlen(field)))
		rc_usage("a field's name is not UTF-8");
	if (work->local_count == LOCALS_MAX)
		rc_usage("more than %d local fields", LOCALS_MAX);
	work->locals[work->local_count++] = field;
}

/*
 * What has a brace in it is a template.  What it prints is a secret or it would
 * not be printed before COMMIT, and must be kept from the server; but not all of
 * its fields are, so they are named by --local.
 */
static void
read_print(struct apply *work)
{
	static const struct rc_template_constants none;
	bool names_local = false;

	if (strpbrk(work->print, "{}") == NULL) {
		add_local(work, work->print);
		return;
	}
	work->template = rc_template_new(work->print, &none);
	for (int i = 0; i < work->local_count; i++)
		names_local |= rc_template_names(work->template, work->locals[i]);
	if (!names_local)
		rc_usage("the template of --print-before-commit names no field of --local");
}

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

/* What one option excludes of the others, and what names must be. */
static void
check_options(struct apply *work)
{
	if (work->batch > 0 && work->file_count > 1)
		rc_usage("--batch takes exactly one file");
	if (work->batch > 0 && work->print != NULL)
		rc_usage("--batch and --print-before-commit exclude one another");
	if (work->batch > 0 && work->steps.require_rows)
		rc_usage("--batch and --require-rows exclude one another");
	if (work->staging.table_name != NULL && (work->file_count > 0 || work->batch > 0 || work->print != NULL || work->nul_field != NULL || work->steps.require_rows))
		rc_usage("--copy-to takes no file for the records, and none of --batch, --print-before-commit, --nul-field and --require-rows");
	if (work->staging.problem != NULL && work->staging.table_name == NULL)
		rc_usage("--problem-column goes with --copy-to");
	if (work->append != NULL && work->print != NULL)
		rc_usage("--append-before-commit and --print-before-commit exclude one another");
	if (work->nul_field != NULL && !rc_utf8_valid(work->nul_field, strlen(work->nul_field)))
		rc_usage("--nul-field is not UTF-8");
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
		case OPT_LOCAL: add_local(work, optarg); break;
		case OPT_PRINT:
			if (work->print != NULL)
				rc_usage("--print-before-commit is given twice");
			work->print = optarg;
			break;
		case OPT_BATCH: work->batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case OPT_COPY: work->staging.table_name = optarg; break;
		case OPT_PROBLEM: work->staging.problem = optarg; break;
		case OPT_BEFORE: rc_around_add(&work->around.before, optarg); break;
		case OPT_AFTER: rc_around_add(&work->around.after, optarg); break;
		case OPT_WITH: work->around.with = optarg; break;
		case 'o': work->output = optarg; break;
		case OPT_APPEND: work->append = optarg; break;
		case OPT_NUL: work->nul_field = optarg; break;
		case OPT_MARK: work->mark = optarg; break;
		case OPT_LOCK_TIMEOUT: work->lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_PLAN: work->evidence.plan.write = optarg; work->dry_run = true; break;
		case OPT_ROWS_ALONE: work->evidence.plan.rows_alone = true; break;
		case OPT_APPLY: work->evidence.plan.apply = optarg; break;
		case OPT_UNDO_LOG: work->evidence.undo.path = optarg; break;
		case OPT_WATCH: rc_capture_add(&work->evidence.capture, optarg); break;
		case OPT_GATE: work->gate = true; break;
		case OPT_REQUIRE_ROWS: work->steps.require_rows = true; break;
		case OPT_VISIBLE: work->visible = true; break;
		case OPT_REQUIRE_END: work->require_end = true; break;
		}
	}
	if (work->print != NULL)
		read_print(work);
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
	if (work->print != NULL)
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
	rc_buf_wipe(&work->before);
	rc_template_free(work->template);
}

int
main(int argc, char *argv[])
{
	static struct apply work;
	int operands = take_options(&work, argc, argv);

	open_all(&work, argc - operands, argv + operands);
	if (begin(&work)) {
		if (work.staging.table_name != NULL)
			run_copy(&work);
		else if (work.batch > 0)
			run_batches(&work);
		else
			run_each(&work);
		if (work.require_end)
			rc_input_require_end(&work.in);
		rc_around_run_after(&work.around, &work.steps, work.in.records);
	}
	finish(&work);
	close_all(&work);
	if (work.print == NULL && work.output == NULL && work.out.answer == RC_OK)
		rc_output_pass_end(&work.out, &work.in);
	rc_stream_wipe(&work.in, &work.out);	/* local fields came that way */
	return rc_finish(&work.in, &work.out);
}

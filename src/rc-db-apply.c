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
 * Files of --before and --after run once, around all records; they share a
 * record of their own, that of --with, into which their rows are merged.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_append.h"
#include "rc_digest.h"
#include "rc_file.h"
#include "rc_json_write.h"
#include "rc_nul.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_signal.h"
#include "rc_spool.h"
#include "rc_statement.h"
#include "rc_stream.h"
#include "rc_template.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum { OPT_DRY_RUN = RC_OPT_LONG, OPT_LOCAL, OPT_PRINT, OPT_BATCH, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_MARK, OPT_BEFORE, OPT_AFTER, OPT_WITH, OPT_VISIBLE,
    OPT_REQUIRE_ROWS, OPT_APPEND, OPT_NUL };
enum { STEPS_MAX = 64, AROUND_MAX = 16, LOCALS_MAX = 16, BATCH_MAX = 10000, BATCH_BYTES = 64 << 20,
    LOCK_TIMEOUT = RC_LOCK_TIMEOUT * RC_LOCK_TRIES };

static const struct rc_option options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, check the foreign keys too, and roll back" },
	{ OPT_LOCAL, "local", "FIELD", "never send this field to the server; may be repeated" },
	{ OPT_PRINT, "print-before-commit", "FIELD|TEMPLATE", "print this field's text, or a line as rc-say does, before COMMIT, of each record with a result; the field is local, too" },
	{ OPT_BATCH, "batch", "N", "run the one file for N records at a time, which are an array in $1 (at most 10000)" },
	{ OPT_BEFORE, "before", "FILE.sql", "run this once before the first record; may be repeated" },
	{ OPT_AFTER, "after", "FILE.sql", "run this once after the last record; may be repeated" },
	{ OPT_WITH, "with", "FILE", "the one record in FILE is $1 of --before and --after (default: {})" },
	{ 'o', "output", "FILE", "write the results there, replacing it as a whole, instead of to standard output" },
	{ OPT_APPEND, "append-before-commit", "FILE", "append the results to FILE, too, just before COMMIT; they are taken back where it fails" },
	{ OPT_NUL, "nul-field", "FIELD", "in a record with U+0000, which jsonb can't hold, put U+FFFD in its place and set FIELD to true" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
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
	    "[--append-before-commit FILE] [--nul-field FIELD] [--commit-mark FILE] [--lock-timeout DURATION] [--rows-visible-to-me] [--require-rows] "
	    "[--require-end-record] FILE.sql ... [FILE ...]",
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

/* Files that run once, in their order. */
struct once {
	const char *files[AROUND_MAX];
	struct rc_statement steps[AROUND_MAX];
	int count;
};

struct apply {
	struct rc_session session;
	const char *files[STEPS_MAX];
	struct rc_statement steps[STEPS_MAX];
	int step_count;
	struct once before_all, after_all;
	struct rc_record around;	/* what those two have as $1 */
	bool around_now;	/* one of them runs, so that no record is to blame */
	const char *locals[LOCALS_MAX];
	int local_count;
	const char *print;	/* the field or template to print before COMMIT, or NULL */
	struct rc_template *template;	/* NULL: it is a field */
	long batch;		/* records in $1, 0: the record itself */
	bool require_rows;	/* each record must have a result */
	bool dry_run, visible;	/* rows that a policy hides are not wanted */
	const char *append;	/* the file of --append-before-commit, or NULL */
	int append_fd;
	const char *nul_field;	/* that tells of U+0000, or NULL */
	const char *mark;	/* the file of --commit-mark, or NULL */
	struct rc_input in;
	struct rc_output out;
	struct rc_spool results, refusals;
	struct rc_buf before;	/* the text to print before COMMIT */
};

/* ---- statements ---- */

static void
prepare(struct apply *work, struct rc_statement *step, const char *file)
{
	PGresult *failed;

	rc_statement_read(step, RC_ANY, file, 0);
	step->alone = work->before_all.count + work->step_count + work->after_all.count == 1;
	if ((failed = rc_statement_prepare(step, &work->session)) != NULL)
		rc_session_die(&work->session, failed, file);
}

/* Deferred constraints are checked here: at COMMIT the cause would be lost, and a ROLLBACK never checks them. */
static void
settle(struct apply *work)
{
	PGresult *failed = rc_transaction_settle(&work->session);

	if (failed != NULL)
		rc_session_die(&work->session, failed, "deferred constraints, nothing was changed");
}

/* Runs a step; ends the process with the record's place where the server refuses it. */
static PGresult *
run_step(struct apply *work, const struct rc_statement *step, const char *json)
{
	PGresult *result = rc_statement_run(step, &work->session, json);

	if (!rc_result_is_good(result)) {
		struct rc_buf what = {0};

		if (work->in.line > 0 && !work->around_now)
			rc_buf_printf(&what, "%s:%lu: ", work->in.name, work->in.line);
		rc_buf_add_text(&what, step->file);
		rc_session_die(&work->session, result, rc_buf_text(&what));
	}
	return result;
}

/* Whether a step's row refuses its record; a table may have a column `status` of its own. */
static bool
is_refusal(struct rc_record *row)
{
	const char *status = rc_record_string(row, "status", NULL);
	const struct rc_json_field *error = rc_record_find(row, "error");

	return status != NULL && strcmp(status, "error") == 0 && error != NULL && rc_json_type(error->value) == RC_JSON_OBJECT;
}

/* Keeps the row that refuses the current record, and adds the record's line. */
static void
refuse(struct apply *work, struct rc_record *row)
{
	struct rc_buf text = {0};

	if (work->batch == 0 && !work->around_now && rc_record_find(row, "line") == NULL) {
		rc_record_set_integer(row, "line", (long long)work->in.line);
		row->changed = true;
	}
	rc_record_write(row, &text);
	rc_spool_add(&work->refusals, text.bytes, text.length);
	rc_buf_free(&text);
}

/* Merges the row of a step into the record; false where it refuses the record. */
static bool
merge(struct apply *work, const struct rc_statement *step, PGresult *result, struct rc_record *record, struct rc_record *row)
{
	if (PQntuples(result) > 1 && work->around_now)
		rc_die(RC_FATAL, "%s: %d rows, but only a last file may return more than one", step->file, PQntuples(result));
	if (PQntuples(result) > 1)
		rc_input_fail(&work->in, "%s: %d rows for one record, but only a last file may return more than one",
		    step->file, PQntuples(result));
	if (!step->rows || PQntuples(result) == 0)
		return true;
	rc_statement_read_row(step, result, 0, row);
	if (is_refusal(row)) {
		refuse(work, row);
		return false;
	}
	for (size_t i = 0; i < row->object.count; i++) {
		const struct rc_json_field *field = &row->object.fields[i];
		const char *name = rc_arena_copy(&row->arena, field->name, field->name_length);

		rc_record_set_json(record, name, field->value, field->value_length);
	}
	return true;
}

/* Refuses the current record, for which the last file has no row. */
static void
refuse_without_row(struct apply *work)
{
	struct rc_buf text = {0};

	rc_json_open(&text);
	rc_json_add_text(&text, "status", "error");
	rc_json_add_value(&text, "error", "{\"code\":\"no_row\",\"message\":\"There is no row for this record.\"}");
	rc_json_add_integer(&text, "line", (long long)work->in.line);
	rc_json_close(&text);
	rc_warn("%s:%lu: %s: no row for this record", work->in.name, work->in.line, work->files[work->step_count - 1]);
	rc_spool_add(&work->refusals, text.bytes, text.length);
	rc_buf_free(&text);
}

/* Keeps the rows of the last file; false where there are none. */
static bool
keep_results(struct apply *work, const struct rc_statement *step, PGresult *result, struct rc_record *row)
{
	bool any = false;

	if (work->require_rows && !work->around_now && PQntuples(result) == 0)
		refuse_without_row(work);
	for (int i = 0; step->rows && i < PQntuples(result); i++) {
		rc_statement_read_row(step, result, i, row);
		if (is_refusal(row)) {
			refuse(work, row);
			continue;
		}
		rc_spool_add(&work->results, row->text, row->length);
		any = true;
	}
	return any;
}

/* ---- around all records ---- */

/* Runs a file of --before or --after, of which the LAST one's rows are results; false where it refuses all. */
static bool
run_once(struct apply *work, const struct rc_statement *step, bool last)
{
	struct rc_buf text = {0};
	struct rc_record row = {0};
	PGresult *result;

	rc_record_write(&work->around, &text);
	work->around_now = true;
	result = run_step(work, step, rc_buf_text(&text));
	if (last)
		keep_results(work, step, result, &row);
	else
		merge(work, step, result, &work->around, &row);
	work->around_now = false;
	PQclear(result);
	rc_buf_free(&text);
	rc_record_free(&row);
	return work->refusals.records == 0;
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
	struct once *before = &work->before_all, *after = &work->after_all;

	rc_transaction_begin(&work->session, &transaction);
	for (int i = 0; i < before->count; i++) {
		prepare(work, &before->steps[i], before->files[i]);
		if (!run_once(work, &before->steps[i], false))
			return false;
	}
	for (int i = 0; i < work->step_count; i++)
		prepare(work, &work->steps[i], work->files[i]);
	for (int i = 0; i < after->count; i++)
		prepare(work, &after->steps[i], after->files[i]);
	return true;
}

/* What comes after, unless a record was refused. */
static void
run_after(struct apply *work)
{
	struct once *after = &work->after_all;

	if (after->count == 0 || work->refusals.records > 0)
		return;
	rc_record_set_integer(&work->around, "records", (long long)work->in.records);
	for (int i = 0; i < after->count; i++)
		if (!run_once(work, &after->steps[i], i == after->count - 1))
			return;
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
run_record(struct apply *work, struct rc_record *record, struct rc_record *row)
{
	const struct rc_statement *last = &work->steps[work->step_count - 1];
	struct rc_buf text = {0};
	bool refused = false, kept = false;

	for (const struct rc_statement *step = work->steps; step <= last && !refused; step++) {
		PGresult *result;

		text.length = 0;
		add_record(work, record, &text);
		result = run_step(work, step, rc_buf_text(&text));
		if (step == last)
			kept = keep_results(work, step, result, row);
		else
			refused = !merge(work, step, result, record, row);
		PQclear(result);
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
	struct rc_record record = {0}, row = {0};
	struct rc_buf secret = {0};

	rc_buf_reserve(&secret, RC_WIPED_ROOM);
	rc_buf_reserve(&work->before, RC_WIPED_ROOM);
	while (rc_input_next(&work->in, &record)) {
		secret.length = 0;
		if (work->print != NULL)
			add_print(work, &record, &secret);
		for (int i = 0; i < work->local_count; i++)
			rc_record_remove(&record, work->locals[i]);
		if (run_record(work, &record, &row) && work->print != NULL) {
			rc_buf_add(&work->before, secret.bytes, secret.length);
			rc_buf_add(&work->before, "\n", 1);
		}
	}
	rc_buf_wipe(&secret);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	rc_record_free(&row);
}

static void
run_batch(struct apply *work, struct rc_buf *array, struct rc_record *row)
{
	PGresult *result;

	rc_buf_add(array, "]", 1);
	result = run_step(work, work->steps, rc_buf_text(array));
	keep_results(work, work->steps, result, row);
	PQclear(result);
	array->length = 0;
}

static void
run_batches(struct apply *work)
{
	struct rc_record record = {0}, row = {0};
	struct rc_buf array = {0};
	long count = 0;

	while (rc_input_next(&work->in, &record)) {
		for (int i = 0; i < work->local_count; i++)
			rc_record_remove(&record, work->locals[i]);
		if (count > 0 && array.length + record.length > BATCH_BYTES) {
			run_batch(work, &array, &row);
			count = 0;
		}
		rc_buf_add(&array, count++ == 0 ? "[" : ",", 1);
		add_record(work, &record, &array);
		if (count == work->batch) {	/* now, so that an error names the batch's last line */
			run_batch(work, &array, &row);
			count = 0;
		}
	}
	if (count > 0)
		run_batch(work, &array, &row);
	rc_buf_free(&array);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	rc_record_free(&row);
}

/* ---- the end ---- */

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

static const char *mark_to_remove;	/* the file of --commit-mark, where the COMMIT may still fail for certain */

static void
remove_mark(int code)
{
	(void)code;
	if (mark_to_remove != NULL)
		unlink(mark_to_remove);
}

static void
make_mark(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || close(fd) != 0)
		rc_die(RC_RETRY, "cannot make %s: %s", path, strerror(errno));
	mark_to_remove = path;
	rc_at_exit(remove_mark);
}

/* Says instead of the results that no one knows what became of the COMMIT. */
static void
tell_unknown(struct apply *work)
{
	const char *unknown = rc_transaction_unknown(&work->session);
	struct rc_output *out = &work->out;
	struct rc_buf error = {0}, line = {0};

	rc_warn("%s", unknown);
	if (out->file != NULL && (ftruncate(out->fd, 0) != 0 || lseek(out->fd, 0, SEEK_SET) != 0))
		rc_die(RC_RETRY, "cannot write %s: %s", out->name, strerror(errno));
	rc_json_open_error(&error, "commit_unknown", unknown);
	rc_json_close(&error);
	rc_json_open(&line);
	rc_json_add_text(&line, "status", "error");
	rc_json_add_value(&line, "error", rc_buf_text(&error));
	rc_json_close(&line);
	rc_output_line(out, line.bytes, line.length);
	out->answer = RC_RETRY;
	rc_buf_free(&error);
	rc_buf_free(&line);
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

	if (work->refusals.records > 0) {
		rc_transaction_rollback(&work->session);
		rc_spool_write(&work->refusals, out);
		out->answer = RC_NO;
		return;
	}
	settle(work);
	if (to_file) {
		rc_spool_write(&work->results, out);
		rc_output_flush(out);
	}
	if (work->dry_run) {
		rc_transaction_rollback(&work->session);
	} else {
		bool known;

		print_before_commit(work);
		if (work->append != NULL) {
			rc_append_begin();
			rc_spool_copy(&work->results, work->append_fd, work->append);
			rc_append_sync();
		}
		if (work->mark != NULL) {
			rc_signal_hold();	/* or the mark could be all that a signal leaves */
			make_mark(work->mark);
		}
		known = rc_transaction_commit(&work->session);
		mark_to_remove = NULL;
		if (work->append != NULL)
			rc_append_keep();	/* where no one knows, too: a line too many is better than one that is lost */
		if (!known) {
			tell_unknown(work);
			return;
		}
	}
	if (!to_file && work->print == NULL)
		rc_spool_write(&work->results, out);
}

static void
add_once(struct once *once, const char *file)
{
	if (once->count == AROUND_MAX)
		rc_usage("more than %d files before or after", AROUND_MAX);
	once->files[once->count++] = file;
}

/* Reads the record of --with; PATH NULL is an empty one. */
static void
read_around(struct apply *work, const char *path)
{
	char *const files[] = { (char *)(uintptr_t)path };
	struct rc_input in;
	struct rc_record record = {0};

	rc_record_clear(&work->around);
	if (path == NULL)
		return;
	rc_input_open(&in, 1, files);
	if (!rc_input_next(&in, &record))
		rc_die(RC_FATAL, "%s: expected a record", path);
	rc_record_free(&work->around);
	work->around = (struct rc_record){0};
	rc_record_copy(&work->around, &record);
	if (rc_input_next(&in, &record))
		rc_input_fail(&in, "expected one record, not more");
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
}

static void
free_once(struct once *once)
{
	for (int i = 0; i < once->count; i++)
		rc_statement_free(&once->steps[i]);
}

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
		if (work->step_count == STEPS_MAX)
			rc_usage("more than %d files", STEPS_MAX);
		work->files[work->step_count++] = argv[n];
	}
	if (work->step_count == 0)
		rc_usage("a file with a statement is needed, whose name ends in .sql");
	if (work->batch > 0 && work->step_count > 1)
		rc_usage("--batch takes exactly one file");
	if (work->batch > 0 && work->print != NULL)
		rc_usage("--batch and --print-before-commit exclude one another");
	if (work->batch > 0 && work->require_rows)
		rc_usage("--batch and --require-rows exclude one another");
	return n;
}

int
main(int argc, char *argv[])
{
	struct apply work = {0};
	long lock_timeout = LOCK_TIMEOUT;
	const char *path = NULL, *with = NULL;
	bool require_end = false, begun;
	int opt, operands;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_LOCAL: add_local(&work, optarg); break;
		case OPT_PRINT:
			if (work.print != NULL)
				rc_usage("--print-before-commit is given twice");
			work.print = optarg;
			break;
		case OPT_BATCH: work.batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case OPT_BEFORE: add_once(&work.before_all, optarg); break;
		case OPT_AFTER: add_once(&work.after_all, optarg); break;
		case OPT_WITH: with = optarg; break;
		case 'o': path = optarg; break;
		case OPT_APPEND: work.append = optarg; break;
		case OPT_NUL: work.nul_field = optarg; break;
		case OPT_MARK: work.mark = optarg; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_REQUIRE_ROWS: work.require_rows = true; break;
		case OPT_VISIBLE: work.visible = true; break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	if (work.print != NULL)
		read_print(&work);
	operands = take_files(&work, argc, argv);
	read_around(&work, with);
	rc_input_open(&work.in, argc - operands, argv + operands);
	if (require_end)
		work.in.digest = rc_digest_new();
	if (work.print != NULL)
		signal(SIGPIPE, SIG_IGN);	/* a reader that is gone is an error to tell, before COMMIT */
	if (work.nul_field != NULL && !rc_utf8_valid(work.nul_field, strlen(work.nul_field)))
		rc_usage("--nul-field is not UTF-8");
	if (work.append != NULL && work.print != NULL)
		rc_usage("--append-before-commit and --print-before-commit exclude one another");
	if (work.append != NULL && !work.dry_run)
		work.append_fd = rc_append_open(work.append);
	rc_session_open(&work.session);
	work.session.lock_timeout = lock_timeout > 0 ? lock_timeout : 1;	/* 0 is forever to the server */
	work.session.lock_tries = 1;
	work.session.find_blocker = work.session.report_blocker = true;
	rc_output_open(&work.out, path);

	begun = begin(&work);
	if (begun && work.batch > 0)
		run_batches(&work);
	else if (begun)
		run_each(&work);
	if (begun && require_end)
		rc_input_require_end(&work.in);
	if (begun)
		run_after(&work);
	finish(&work);
	rc_session_close(&work.session);
	for (int i = 0; i < work.step_count; i++)
		rc_statement_free(&work.steps[i]);
	free_once(&work.before_all);
	free_once(&work.after_all);
	rc_record_free(&work.around);
	rc_spool_free(&work.results);
	rc_spool_free(&work.refusals);
	rc_buf_wipe(&work.before);
	rc_template_free(work.template);
	if (work.print == NULL && path == NULL && work.out.answer == RC_OK)
		rc_output_pass_end(&work.out, &work.in);
	rc_stream_wipe(&work.in, &work.out);	/* local fields came that way */
	return rc_finish(&work.in, &work.out);
}

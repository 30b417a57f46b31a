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
 * Results wait in memory, beyond a megabyte in a file without a name, until
 * COMMIT has made them true; those for --output in its temporary file.  One record is held at a time, with --batch as
 * many as it says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rc_db.h"
#include "rc_digest.h"
#include "rc_file.h"
#include "rc_key.h"
#include "rc_opt.h"
#include "rc_sql.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_DRY_RUN = RC_OPT_LONG, OPT_LOCAL, OPT_PRINT, OPT_BATCH, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END, OPT_MARK };
enum { STEPS_MAX = 32, LOCALS_MAX = 16, BATCH_MAX = 10000, BATCH_BYTES = 64 << 20, SPOOL_IN_MEMORY = 1 << 20,
    LOCK_TIMEOUT = RC_DB_LOCK_TIMEOUT * RC_DB_LOCK_TRIES };

static const struct rc_option options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, check the foreign keys too, and roll back" },
	{ OPT_LOCAL, "local", "FIELD", "never send this field to the server; may be repeated" },
	{ OPT_PRINT, "print-before-commit", "FIELD", "print this field's text before COMMIT, of each record with a result; it is local, too" },
	{ OPT_BATCH, "batch", "N", "run the one file for N records at a time, which are an array in $1 (at most 10000)" },
	{ 'o', "output", "FILE", "write the results there, replacing it as a whole, instead of to standard output" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
	{ OPT_MARK, "commit-mark", "FILE", "make FILE just before COMMIT; where it is absent afterwards, nothing was changed" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the records end with an end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--dry-run", "user-by-name.sql", NULL };

static const struct rc_program program = {
	.name = "rc-db-apply",
	.synopsis = "[--dry-run] [--local FIELD] ... [--print-before-commit FIELD] [--batch N] [--output FILE] "
	    "[--commit-mark FILE] [--lock-timeout DURATION] [--require-end-record] FILE.sql ... [FILE ...]",
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

/* One file. */
struct step {
	const char *file;
	char name[48];		/* of the prepared statement */
	bool rows;		/* it returns some */
};

/* Bytes that wait for the COMMIT. */
struct spool {
	struct rc_buf bytes;
	int fd;			/* what did not fit; -1: nothing so far */
};

struct apply {
	struct rc_db db;
	struct step steps[STEPS_MAX];
	int step_count;
	const char *locals[LOCALS_MAX];
	int local_count;
	const char *print;	/* the field to print before COMMIT, or NULL */
	long batch;		/* records in $1, 0: the record itself */
	bool dry_run;
	const char *mark;	/* the file of --commit-mark, or NULL */
	struct rc_input in;
	struct rc_output out;
	struct spool results, refusals;
	unsigned long long result_count, refusal_count;
	struct rc_buf before;	/* the text to print before COMMIT */
};

/* ---- the spool ---- */

static void
spool_to_file(struct spool *spool)
{
	const char *folder = getenv("TMPDIR");
	struct rc_buf path = {0};

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	if (spool->fd < 0) {
		rc_buf_printf(&path, "%s/rc-db-apply.XXXXXX", folder);
		if ((spool->fd = mkstemp(rc_buf_text(&path))) < 0 || unlink(path.bytes) != 0)
			rc_die(RC_RETRY, "cannot make a temporary file in %s: %s", folder, strerror(errno));
		rc_buf_free(&path);
	}
	rc_write_all(spool->fd, "the temporary file", spool->bytes.bytes, spool->bytes.length);
	spool->bytes.length = 0;
}

static void
spool_line(struct spool *spool, const char *line, size_t length)
{
	if (spool->bytes.length + length > SPOOL_IN_MEMORY)
		spool_to_file(spool);
	rc_json_write_value(&spool->bytes, line, length);	/* a json column keeps the newlines it was stored with */
	rc_buf_add(&spool->bytes, "\n", 1);
}

static void
spool_free(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
	rc_buf_free(&spool->bytes);
}

static void
spool_print(struct spool *spool, unsigned long long records, struct rc_output *out)
{
	char part[65536];
	ssize_t n;

	if (spool->fd >= 0) {
		if (lseek(spool->fd, 0, SEEK_SET) < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
		while ((n = read(spool->fd, part, sizeof part)) > 0)
			rc_output_text(out, part, (size_t)n);
		if (n < 0)
			rc_die(RC_RETRY, "cannot read the temporary file: %s", strerror(errno));
	}
	rc_output_text(out, spool->bytes.bytes, spool->bytes.length);
	out->records += records;
}

/* ---- statements ---- */

/* The first word of a statement, behind blanks and comments. */
static const char *
first_word(const char *sql)
{
	int depth = 0;	/* of comments, which nest */

	for (;;) {
		if (depth == 0 && strncmp(sql, "--", 2) == 0)
			sql += strcspn(sql, "\n");
		else if (strncmp(sql, "/*", 2) == 0)
			sql += 2, depth++;
		else if (depth > 0 && strncmp(sql, "*/", 2) == 0)
			sql += 2, depth--;
		else if (*sql != '\0' && (depth > 0 || strchr(" \t\r\n\f\v;", *sql) != NULL))
			sql++;
		else
			return sql;
	}
}

static bool
is_word(const char *sql, const char *word)
{
	return strspn(sql, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(word) &&
	    strncasecmp(sql, word, strlen(word)) == 0;
}

/* Refuses what would commit a part of the work, on a dry run too, and COPY, whose bytes no one here sends or takes. */
static void
check_statement(const char *sql, const struct step *step)
{
	static const char *const words[] = { "abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start" };
	const char *word = first_word(sql);
	bool control = is_word(word, "prepare") && is_word(first_word(word + strlen("prepare")), "transaction");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		control |= is_word(word, words[i]);
	if (control)
		rc_die(RC_FATAL, "%s: a statement that begins or ends a transaction", step->file);
	if (is_word(word, "copy"))
		rc_die(RC_FATAL, "%s: COPY can't be used here", step->file);
}

/*
 * Prepares a file's statement.  Rows are wanted as JSON, so one that returns
 * rows is prepared a second time inside another; the newline ends a comment at
 * its end.
 */
static void
prepare(struct rc_db *db, struct step *step)
{
	static const Oid types[] = { RC_DB_JSONB };
	char *statement = rc_sql_read(step->file);
	struct rc_buf sql = {0};
	PGresult *result;

	check_statement(statement, step);
	result = rc_db_prepare(db, "", statement, 1, types);
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		PQclear(result);
		result = rc_db_describe(db, "");
		step->rows = PQnfields(result) > 0;
		if (PQnparams(result) > 1)	/* the server would call it a protocol violation, which is said to pass */
			rc_die(RC_FATAL, "%s: there is no parameter but $1", step->file);
		PQclear(result);
		if (step->rows)
			rc_buf_printf(&sql, "with rc_row as (\n%s\n) select to_json(rc_row.*)::text from rc_row", statement);
		else
			rc_buf_add_text(&sql, statement);
		result = rc_db_prepare(db, step->name, rc_buf_text(&sql), 1, types);
	}
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		rc_db_die(db, result, step->file);
	PQclear(result);
	rc_buf_free(&sql);
	free(statement);
}

/* Begins the transaction and prepares all files, under names that no other session behind the same pooler has. */
static void
begin(struct apply *work)
{
	char unique[17];

	rc_key_characters(unique, RC_KEY_HEX, sizeof unique - 1);
	rc_db_begin(&work->db, RC_DB_READ_WRITE, NULL);
	for (int i = 0; i < work->step_count; i++) {
		snprintf(work->steps[i].name, sizeof work->steps[i].name, "rc_%s_%d", unique, i);
		prepare(&work->db, &work->steps[i]);
	}
}

/* Deferred constraints are checked here: at COMMIT the cause would be lost, and a ROLLBACK never checks them. */
static void
settle(struct apply *work)
{
	struct rc_db *db = &work->db;
	PGresult *result;
	struct rc_buf sql = {0};

	for (int i = 0; i < work->step_count; i++) {
		sql.length = 0;
		rc_buf_printf(&sql, "deallocate %s", work->steps[i].name);
		PQclear(rc_db_query(db, "deallocate", rc_buf_text(&sql), 0, NULL));
	}
	rc_buf_free(&sql);
	result = rc_db_settle(db);
	if (*rc_db_sqlstate(result) != '\0')
		rc_db_die(db, result, "deferred constraints, nothing was changed");
	PQclear(result);
}

/* Runs a step; ends the process with the record's place where the server refuses it. */
static PGresult *
run_step(struct apply *work, const struct step *step, const char *json)
{
	const char *values[] = { json };
	PGresult *result = rc_db_run(&work->db, step->name, 1, values);

	if (*rc_db_sqlstate(result) != '\0') {
		struct rc_buf what = {0};

		rc_buf_printf(&what, "%s:%lu: %s", work->in.name, work->in.line, step->file);
		rc_db_die(&work->db, result, rc_buf_text(&what));
	}
	return result;
}

/* Takes row N of a step apart; whether it refuses its record. */
static bool
read_row(const struct step *step, PGresult *result, int n, struct rc_record *row)
{
	struct rc_json_error error;
	size_t length = (size_t)PQgetlength(result, n, 0);
	const struct rc_json_field *field;
	const char *status;

	rc_arena_reset(&row->arena);
	row->text = rc_json_pad(&row->arena, PQgetvalue(result, n, 0), length);
	row->length = length;
	if (!rc_json_read_object(&row->object, row->text, length, &row->arena, &error))
		rc_die(RC_FATAL, "%s: the rows can't be records: %s ('%.*s')", step->file, error.reason,
		    error.name == NULL ? 3 : (int)error.name_length, error.name == NULL ? "row" : error.name);
	if (rc_record_find(row, "rc_end") != NULL)
		rc_die(RC_FATAL, "%s: a column 'rc_end', which an end record is known by", step->file);
	status = rc_record_string(row, "status", NULL);
	field = rc_record_find(row, "error");	/* a table may have a column `status` of its own */
	return status != NULL && strcmp(status, "error") == 0 && field != NULL && rc_json_type(field->value) == RC_JSON_OBJECT;
}

/* Keeps the row that refuses the current record, and adds the record's line. */
static void
refuse(struct apply *work, struct rc_record *row)
{
	struct rc_buf text = {0};

	if (work->batch == 0 && rc_record_find(row, "line") == NULL) {
		rc_record_set_integer(row, "line", (long long)work->in.line);
		row->changed = true;
	}
	rc_record_write(row, &text);
	spool_line(&work->refusals, text.bytes, text.length);
	work->refusal_count++;
	rc_buf_free(&text);
}

/* Merges the row of a step into the record; false where it refuses the record. */
static bool
merge(struct apply *work, const struct step *step, PGresult *result, struct rc_record *record, struct rc_record *row)
{
	if (PQntuples(result) > 1)
		rc_input_fail(&work->in, "%s: %d rows for one record, but only a last file may return more than one",
		    step->file, PQntuples(result));
	if (!step->rows || PQntuples(result) == 0)
		return true;
	if (read_row(step, result, 0, row)) {
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

/* Keeps the rows of the last file; false where there are none. */
static bool
keep_results(struct apply *work, const struct step *step, PGresult *result, struct rc_record *row)
{
	bool any = false;

	for (int i = 0; step->rows && i < PQntuples(result); i++) {
		if (read_row(step, result, i, row)) {
			refuse(work, row);
			continue;
		}
		spool_line(&work->results, row->text, row->length);
		work->result_count++;
		any = true;
	}
	return any;
}

/* ---- records ---- */

/* Runs all files for RECORD, whose local fields are gone; whether the last one gave a result. */
static bool
run_record(struct apply *work, struct rc_record *record, struct rc_record *row)
{
	struct rc_buf text = {0};
	bool kept = false;

	for (int i = 0; i < work->step_count; i++) {
		const struct step *step = &work->steps[i];
		bool last = i == work->step_count - 1, on;
		PGresult *result;

		text.length = 0;
		rc_record_write(record, &text);
		result = run_step(work, step, rc_buf_text(&text));
		on = last ? (kept = keep_results(work, step, result, row)) : merge(work, step, result, record, row);
		PQclear(result);
		if (!on)
			break;
	}
	rc_buf_wipe(&text);
	return kept;
}

static void
run_each(struct apply *work)
{
	struct rc_record record = {0}, row = {0};
	struct rc_buf secret = {0};

	rc_buf_reserve(&secret, RC_WIPED_ROOM);
	rc_buf_reserve(&work->before, RC_WIPED_ROOM);
	while (rc_input_next(&work->in, &record)) {
		const char *text;
		size_t length;

		secret.length = 0;
		if (work->print != NULL) {
			if ((text = rc_record_string(&record, work->print, &length)) == NULL)
				rc_input_fail(&work->in, "expected a string in the field '%s'", work->print);
			if (memchr(text, '\n', length) != NULL || memchr(text, '\0', length) != NULL)
				rc_input_fail(&work->in, "the field '%s' is not one line", work->print);
			rc_buf_add(&secret, text, length);
		}
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
		rc_record_write(&record, &array);
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

/* A failure after COMMIT, such as a full disk: 111 alone would be taken for "nothing happened". */
static void
tell_committed(int code)
{
	if (code >= RC_FATAL)
		rc_warn("the changes were committed before that");
}

/* Says instead of the results that no one knows what became of the COMMIT. */
static void
tell_unknown(struct rc_output *out)
{
	static const char unknown[] =
	    "{\"status\":\"error\",\"error\":{\"code\":\"commit_unknown\",\"message\":\"" RC_DB_UNKNOWN "\"}}";

	rc_warn(RC_DB_UNKNOWN);
	if (out->file != NULL && (ftruncate(out->fd, 0) != 0 || lseek(out->fd, 0, SEEK_SET) != 0))
		rc_die(RC_RETRY, "cannot write %s: %s", out->name, strerror(errno));
	rc_output_line(out, unknown, sizeof unknown - 1);
	out->answer = RC_RETRY;
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

	if (work->refusal_count > 0) {
		rc_db_rollback(&work->db);
		spool_print(&work->refusals, work->refusal_count, out);
		out->answer = RC_NO;
		return;
	}
	settle(work);
	if (to_file) {
		spool_print(&work->results, work->result_count, out);
		rc_output_flush(out);
	}
	if (work->dry_run) {
		rc_db_rollback(&work->db);
	} else {
		bool known;

		print_before_commit(work);
		if (work->mark != NULL)
			make_mark(work->mark);
		known = rc_db_commit(&work->db);
		mark_to_remove = NULL;
		if (!known) {
			tell_unknown(out);
			return;
		}
		rc_at_exit(tell_committed);
	}
	if (!to_file && work->print == NULL)
		spool_print(&work->results, work->result_count, out);
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

/* The first operands, as far as their names end in .sql, are the files. */
static int
take_files(struct apply *work, int argc, char *argv[])
{
	int n = optind;

	for (; n < argc && strlen(argv[n]) > 4 && strcmp(argv[n] + strlen(argv[n]) - 4, ".sql") == 0; n++) {
		if (work->step_count == STEPS_MAX)
			rc_usage("more than %d files", STEPS_MAX);
		work->steps[work->step_count++].file = argv[n];
	}
	if (work->step_count == 0)
		rc_usage("a file with a statement is needed, whose name ends in .sql");
	if (work->batch > 0 && work->step_count > 1)
		rc_usage("--batch takes exactly one file");
	if (work->batch > 0 && work->print != NULL)
		rc_usage("--batch and --print-before-commit exclude one another");
	return n;
}

int
main(int argc, char *argv[])
{
	struct apply work = { .results.fd = -1, .refusals.fd = -1 };
	long lock_timeout = LOCK_TIMEOUT;
	const char *path = NULL;
	bool require_end = false;
	int opt, operands;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_LOCAL: add_local(&work, optarg); break;
		case OPT_PRINT:
			if (work.print != NULL)
				rc_usage("--print-before-commit is given twice");
			add_local(&work, work.print = optarg);
			break;
		case OPT_BATCH: work.batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case 'o': path = optarg; break;
		case OPT_MARK: work.mark = optarg; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	operands = take_files(&work, argc, argv);
	rc_input_open(&work.in, argc - operands, argv + operands);
	if (require_end)
		work.in.digest = rc_digest_new();
	if (work.print != NULL)
		signal(SIGPIPE, SIG_IGN);	/* a reader that is gone is an error to tell, before COMMIT */
	rc_db_open(&work.db);
	work.db.lock_timeout = lock_timeout > 0 ? lock_timeout : 1;	/* 0 is forever to the server */
	work.db.lock_tries = 1;
	work.db.watch = work.db.tell = true;
	rc_output_open(&work.out, path);

	begin(&work);
	if (work.batch > 0)
		run_batches(&work);
	else
		run_each(&work);
	if (require_end)
		rc_input_require_end(&work.in);
	finish(&work);
	rc_db_close(&work.db);
	spool_free(&work.results);
	spool_free(&work.refusals);
	rc_buf_wipe(&work.before);
	if (work.print == NULL && path == NULL && work.out.answer == RC_OK)
		rc_output_pass_end(&work.out, &work.in);
	rc_stream_wipe(&work.in, &work.out);	/* local fields came that way */
	return rc_finish(&work.in, &work.out);
}

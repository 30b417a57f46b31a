/*
 * rc-import-rows - put records into a table by COPY
 *
 * Each value is checked and made into the column's binary form here, so that a
 * bad record is refused alone, before it is sent.  Plain rows go into the table
 * by COPY.  What must be compared with the rows that are there, or has types
 * that only the server reads, goes into a temporary table first (rc_merge).
 * One transaction, or with --batch one for so many records; one record is held
 * at a time.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rc_counter.h"
#include "rc_digest.h"
#include "rc_evidence.h"
#include "rc_import_apply.h"
#include "rc_import_row.h"
#include "rc_merge_missing.h"
#include "rc_name_list.h"
#include "rc_opt.h"
#include "rc_resume.h"
#include "rc_signal.h"
#include "rc_transaction.h"

enum {
	OPT_MODE = RC_OPT_LONG, OPT_KEY, OPT_COLUMNS, OPT_CONFLICT, OPT_ERROR, OPT_DUPLICATES, OPT_MISSING, OPT_REJECTS,
	OPT_MAX_REJECTS, OPT_REQUIRE_END, OPT_DRY_RUN, OPT_VISIBLE, OPT_BATCH, OPT_RESUME, OPT_LOCK_TIMEOUT, OPT_KEPT, OPT_UNDO_LOG, OPT_SEQUENCES,
};
enum { LOCK_TIMEOUT = RC_LOCK_TIMEOUT * RC_LOCK_TRIES };

static const struct rc_option options[] = {
	{ 't', "table", "TABLE", "the table or view: NAME, or SCHEMA.NAME, as in the catalogue, or with quotes as in SQL" },
	{ OPT_MODE, "mode", "MODE", "insert (the default), upsert, update (only rows that are there), or sync (upsert, and --missing)" },
	{ OPT_KEY, "key", "COLUMN,...", "the columns that a row is known by (default: the primary key)" },
	{ OPT_COLUMNS, "columns", "COLUMN,...", "take these fields and pass over the others (default: all that the first record has)" },
	{ OPT_CONFLICT, "on-conflict", "WHAT", "with insert, where a unique index objects: error (the default) or skip" },
	{ OPT_DUPLICATES, "duplicates", "WHAT", "where two records have one key: error (the default) or last" },
	{ OPT_MISSING, "missing", "WHAT", "with sync, rows that no record has: keep (the default), report, delete, or 'set COLUMN=VALUE'" },
	{ OPT_ERROR, "on-error", "WHAT", "where a constraint or a trigger objects: abort (the default) or reject the record" },
	{ OPT_KEPT, "kept-out", "WHAT", "where a trigger or a rule keeps a row out without an error: refuse all (the default), or count it as unchanged" },
	{ OPT_REJECTS, "rejects", "FILE", "write refused records there with line, column, code and message, and go on" },
	{ OPT_MAX_REJECTS, "max-rejects", "N", "refuse at most N records (default: 0, with --rejects no limit)" },
	{ OPT_BATCH, "batch", "N", "commit after every N records" },
	{ OPT_RESUME, "resume", "NAME", "with --batch: keep the place under NAME in the table rc_import_progress, and go on from there" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the records end with an end record" },
	{ OPT_VISIBLE, "rows-visible-to-me", NULL, "with row level security, work on the rows that the policies show" },
	{ OPT_SEQUENCES, "advance-sequences", NULL, "move the sequences of the columns' defaults behind the numbers that the records have" },
	{ OPT_UNDO_LOG, "undo-log", "FILE", "write there, before COMMIT, what each row was and is, for rc-undo; a new file; not with --batch" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, and roll back" },
	RC_OPTION_END
};

static const char *const example[] = { "--table", "auth_user", "--mode", "update", "--key", "username", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-import-rows",
	.synopsis = "--table TABLE [--mode MODE] [--key COLUMN,...] [--columns COLUMN,...] [--on-conflict WHAT] [--duplicates WHAT] "
	    "[--missing WHAT] [--on-error WHAT] [--kept-out WHAT] [--rejects FILE] [--max-rejects N] [--batch N] [--resume NAME] [--require-end-record] "
	    "[--rows-visible-to-me] [--advance-sequences] [--undo-log FILE] [--lock-timeout DURATION] [--dry-run] [FILE ...]",
	.summary = "put records into a table: insert, upsert, update or sync",
	.options = options,
	.reads = "rows, with the columns' names, as to_json writes them",
	.writes = "one record with the counts",
	.changes = "destroys",
	.risk = "high",
	.not_idempotent = true,
	.example = example,
	.example_input = "{\"username\":\"alice\",\"first_name\":\"Alice\"}\n",
};

struct import {
	/* what was asked for; more of it stands in the parts below */
	enum { INSERT, UPSERT, UPDATE, SYNC } mode;
	bool skip, keep_last, require_end, visible, dry_run, count_kept;
	const char *missing_column, *missing_value;
	enum rc_merge_missing missing_action;
	long batch;

	struct rc_session session;
	struct rc_table table;
	struct rc_input in;
	struct rc_output out;
	struct rc_counter counter;
	struct rc_merge merge;

	struct rc_import_columns columns;
	struct rc_import_rejects rejects;
	struct rc_import_row row;
	struct rc_import_apply apply;
	struct rc_resume resume;
	struct rc_evidence evidence;
};

/* ---- the way in ---- */

/* Begins the COPY, now that the columns are known. */
static void
start_copy(struct import *work)
{
	PGresult *error;

	work->rejects.place_count = 0;
	if ((error = rc_import_row_begin(&work->row)) != NULL)
		rc_import_die(&work->apply, error, 0);
}

static void
end_copy(struct import *work)
{
	unsigned long long row;
	PGresult *error = rc_import_row_end(&work->row, &row);

	if (error != NULL)
		rc_import_die(&work->apply, error, row);
	if (work->row.staged)
		return;
	if (work->row.copy.taken > work->row.count)
		rc_session_misled(work->columns.table_name);
	work->merge.inserted += work->row.copy.taken;
	work->merge.unchanged += work->row.count - work->row.copy.taken;
	work->merge.kept += work->row.count - work->row.copy.taken;
}

static void
check_duplicates(struct import *work)
{
	unsigned long long row, before, line = 0, line_before = 0;
	const char *file = work->in.name, *other;

	if (work->columns.key_count == 0 || work->row.ascending || rc_merge_check_keys(&work->merge, work->keep_last, &row, &before))
		return;
	rc_import_rejects_place(&work->rejects, row, &file, &line);
	rc_import_rejects_place(&work->rejects, before, &other, &line_before);
	rc_die(RC_FATAL, "%s:%llu: the key of line %llu again; --duplicates last takes the last one", file, line, line_before);
}

/* ---- rows that the input lacks ---- */

static void
report_missing(struct import *work)
{
	char *sql = rc_merge_missing_sql(&work->merge);
	static const struct rc_parameters none;
	PGresult *row;

	rc_session_start(&work->session, sql, &none);
	while ((row = rc_session_next_row(&work->session, work->columns.table_name)) != NULL) {
		rc_output_line(&work->out, rc_result_text(row, 0, 0), strlen(rc_result_text(row, 0, 0)));
		PQclear(row);
	}
	free(sql);
}

static void
handle_missing(struct import *work)
{
	const struct rc_table_column *column = NULL;

	if (work->mode != SYNC)
		return;
	if (work->in.records == 0 && work->missing_action >= RC_MERGE_DELETE && !work->require_end)
		rc_die(RC_FATAL, "%s: no records, which would make all rows missing ones; --require-end-record makes sure of it", work->in.name);
	if (work->missing_action == RC_MERGE_SET)
		column = rc_table_find(&work->table, work->missing_column, strlen(work->missing_column));
	if (work->missing_action == RC_MERGE_REPORT)
		report_missing(work);
	rc_merge_missing(&work->merge, work->missing_action, column, work->missing_value);
}

/* ---- one transaction ---- */

static void
begin(struct import *work)
{
	const struct rc_transaction transaction = { .patience = RC_NO_IDLE_LIMIT, .visible_rows = work->visible };
	struct rc_buf name = {0};

	rc_transaction_begin(&work->session, &transaction);
	rc_table_free(&work->table);
	rc_table_read(&work->table, &work->session, work->columns.table_name);
	if (work->table.row_security && !work->visible)
		rc_die(RC_FATAL, "%s: row level security may hide rows from this role or refuse them; --rows-visible-to-me works on what it shows",
		    work->columns.table_name);
	rc_import_columns_begin(&work->columns);
	rc_evidence_begin(&work->evidence, &work->session);
	if (work->missing_action == RC_MERGE_SET) {
		rc_buf_add_text(&name, work->missing_column);
		rc_import_columns_need(&work->columns, "--missing", &name);
	}
	rc_buf_free(&name);
}

/* The first record that tells the columns; false where there is none. */
static bool
find_first(struct import *work, struct rc_record *record)
{
	while (rc_input_next(&work->in, record)) {
		struct rc_row_error error;
		const char *bad = NULL;

		if (!rc_import_columns_known(&work->columns))
			bad = rc_import_columns_take(&work->columns, record, &error);
		if (bad == NULL)
			return true;
		rc_import_reject_record(&work->rejects, record, bad, &error);
	}
	return false;
}

static void
merge_rows(struct import *work)
{
	if (!work->row.staged)
		return;
	work->merge.rows = work->row.count;
	if (work->mode == UPDATE || work->mode == SYNC)
		rc_merge_prepare(&work->merge);
	check_duplicates(work);
	work->apply.rows = work->row.count;
	rc_import_apply(&work->apply);
	handle_missing(work);
}

/* What the database kept out is not in the table, whatever was said of it. */
static void
check_kept(const struct import *work)
{
	if (work->merge.kept > 0 && !work->count_kept)
		rc_die(RC_FATAL, "%s: the database kept %llu row(s) out (a trigger or a rule); --kept-out count goes on without them",
		    work->columns.table_name, work->merge.kept);
}

static void
settle(struct import *work)
{
	PGresult *error = rc_transaction_settle(&work->session);

	if (error != NULL)
		rc_session_die(&work->session, error, "deferred constraints, nothing was changed");
}

/* ---- all ---- */

/* Ends the transaction; false where no one knows what became of it. */
static bool
finish(struct import *work, const struct rc_record *record, bool end)
{
	bool known;

	check_kept(work);
	rc_resume_keep(&work->resume, work->in.records, end ? NULL : record->text, record->length);
	settle(work);
	if (work->dry_run) {
		rc_transaction_rollback(&work->session);
		rc_import_rejects_put(&work->rejects);
		return true;
	}
	rc_import_row_advance(&work->row);
	rc_import_rejects_put(&work->rejects);
	rc_evidence_write(&work->evidence, NULL);
	known = rc_transaction_commit(&work->session);
	rc_evidence_keep(&work->evidence);
	rc_import_rejects_keep(&work->rejects);
	if (known && !end)
		rc_signal_release();
	if (!known)
		rc_transaction_tell_unknown(&work->session, &work->out);
	return known;
}

/* Takes the records of one transaction in, HAS the first of which is read; whether there may be more. */
static bool
run_part(struct import *work, struct rc_record *record, bool *known)
{
	unsigned long long first = work->in.records;
	bool more, full = false;

	begin(work);
	more = find_first(work, record);
	if (!more)
		rc_import_columns_take_key(&work->columns);
	if (more || work->mode == SYNC) {
		start_copy(work);
		while (more && !full) {
			rc_import_row_add(&work->row, record);
			rc_counter_at(&work->counter, work->in.records, work->in.bytes);
			full = work->batch > 0 && work->in.records - first >= (unsigned long long)work->batch;
			if (!rc_copy_in_flush(&work->row.copy))
				break;
			if (!full)
				more = rc_input_next(&work->in, record);
		}
		end_copy(work);
		if (!full && work->require_end)
			rc_input_require_end(&work->in);
		merge_rows(work);
	} else if (work->require_end) {
		rc_input_require_end(&work->in);
	}
	*known = finish(work, record, !full);
	return full;
}

static void
write_counts(struct import *work)
{
	struct rc_buf counts = {0};

	rc_json_open(&counts);
	rc_json_add_integer(&counts, "inserted", (long long)work->merge.inserted);
	rc_json_add_integer(&counts, "updated", (long long)work->merge.updated);
	rc_json_add_integer(&counts, "unchanged", (long long)work->merge.unchanged);
	rc_json_add_integer(&counts, "missing", (long long)work->merge.missing);
	rc_json_add_integer(&counts, "rejected", (long long)work->rejects.count);
	rc_json_close(&counts);
	rc_output_line(&work->out, counts.bytes, counts.length);
	rc_buf_free(&counts);
	if (work->rejects.count > 0)
		work->out.answer = RC_NO;
}

/* Reads past the records that an earlier run has committed. The first of them said what the columns are, and does so again. */
static void
go_on(struct import *work, struct rc_record *record)
{
	struct rc_row_error error;

	if (work->resume.records == 0)
		return;
	begin(work);	/* to have the table's columns */
	rc_transaction_rollback(&work->session);
	while (rc_resume_skip(&work->resume, &work->in, record))
		if (!rc_import_columns_known(&work->columns))
			rc_import_columns_take(&work->columns, record, &error);
	rc_resume_check(&work->resume, &work->in, record->text, record->length);
}

static void
import(struct import *work)
{
	struct rc_record record = { .object = { .lone_surrogates = true } };
	bool known = true, more = true;

	rc_resume_find(&work->resume);
	rc_import_rejects_open(&work->rejects, work->resume.records > 0);
	go_on(work, &record);
	rc_counter_start(&work->counter, "records");
	while (more && known) {
		more = run_part(work, &record, &known);
		work->row.count = 0;
	}
	rc_counter_end(&work->counter, work->in.records, work->in.bytes);
	rc_record_free(&record);
	if (!known)
		return;
	write_counts(work);
	rc_output_flush(&work->out);
	rc_resume_forget(&work->resume);
}

/* ---- options ---- */

/* The place of VALUE in WORDS, which a NULL ends. */
static int
choose(const char *option, const char *value, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	rc_usage("--%s takes no '%s'", option, value);
}

static void
take_missing(struct import *work, char *value)
{
	static const char *const words[] = { "keep", "report", "delete", NULL };
	char *equals;

	if (strncmp(value, "set ", 4) != 0) {
		work->missing_action = (enum rc_merge_missing)choose("missing", value, words);
		return;
	}
	if ((equals = strchr(value, '=')) == NULL)
		rc_usage("--missing 'set COLUMN=VALUE' has no '='");
	*equals = '\0';
	work->missing_action = RC_MERGE_SET;
	work->missing_column = value + 4;
	work->missing_value = equals + 1;
}

static void
check_options(const struct import *work, bool key, bool duplicates)
{
	if (work->columns.table_name == NULL)
		rc_usage("--table is needed");
	if (work->mode == INSERT && (key || duplicates))
		rc_usage("--key and --duplicates have no meaning with --mode insert");
	if (work->mode != INSERT && work->skip)
		rc_usage("--on-conflict is for --mode insert");
	if (work->mode != SYNC && work->missing_action != RC_MERGE_KEEP)
		rc_usage("--missing is for --mode sync");
	if (work->missing_action >= RC_MERGE_DELETE && (work->rejects.path != NULL || work->rejects.max != 0 || work->apply.reject_errors))
		rc_usage("--missing delete and set take no refused records: their rows would be missing ones");
	if (work->batch > 0 && (work->mode == SYNC || work->dry_run))
		rc_usage("--batch goes with neither --mode sync nor --dry-run");
	if (work->batch > 0 && work->evidence.undo.path != NULL)
		rc_usage("--undo-log is of one transaction, so it does not go with --batch");
	if (work->resume.name != NULL && work->batch == 0)
		rc_usage("--resume needs --batch");
}

/* Makes the parts known to each other, now that it is known what was asked for. */
static void
join_parts(struct import *work)
{
	static const enum rc_merge_mode modes[] = {
		[INSERT] = RC_MERGE_INSERT, [UPSERT] = RC_MERGE_UPSERT, [UPDATE] = RC_MERGE_UPDATE, [SYNC] = RC_MERGE_UPSERT };

	work->columns.table = &work->table;
	work->columns.adds = work->mode != UPDATE;
	work->columns.by_key = work->mode != INSERT;
	work->rejects.in = &work->in;
	work->rejects.batches = work->batch > 0;
	work->merge.session = &work->session;
	work->merge.table = &work->table;
	work->merge.mode = work->skip ? RC_MERGE_SKIP : modes[work->mode];
	work->merge.records = work->apply.reject_errors;
	work->row.columns = &work->columns;
	work->row.rejects = &work->rejects;
	work->row.merge = &work->merge;
	work->apply.merge = &work->merge;
	work->apply.rejects = &work->rejects;
	work->apply.table_name = work->columns.table_name;
	work->resume.session = &work->session;
}

int
main(int argc, char *argv[])
{
	static const char *const modes[] = { "insert", "upsert", "update", "sync", NULL }, *const conflicts[] = { "error", "skip", NULL },
	    *const duplicates[] = { "error", "last", NULL }, *const errors[] = { "abort", "reject", NULL },
	    *const kept[] = { "refuse", "count", NULL };
	static struct import work;
	long lock_timeout = LOCK_TIMEOUT;
	bool has_duplicates = false, has_max = false;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 't': work.columns.table_name = optarg; break;
		case OPT_MODE: work.mode = (unsigned)choose("mode", optarg, modes); break;
		case OPT_KEY: work.columns.key_names = rc_name_list_check(optarg); break;
		case OPT_COLUMNS: work.columns.column_names = rc_name_list_check(optarg); break;
		case OPT_CONFLICT: work.skip = choose("on-conflict", optarg, conflicts) == 1; break;
		case OPT_DUPLICATES: work.keep_last = choose("duplicates", optarg, duplicates) == 1; has_duplicates = true; break;
		case OPT_MISSING: take_missing(&work, optarg); break;
		case OPT_ERROR: work.apply.reject_errors = choose("on-error", optarg, errors) == 1; break;
		case OPT_KEPT: work.count_kept = choose("kept-out", optarg, kept) == 1; break;
		case OPT_REJECTS: work.rejects.path = optarg; break;
		case OPT_MAX_REJECTS: work.rejects.max = rc_opt_long("max-rejects", optarg, 0, LONG_MAX); has_max = true; break;
		case OPT_BATCH: work.batch = rc_opt_long("batch", optarg, 1, LONG_MAX); break;
		case OPT_RESUME: work.resume.name = optarg; break;
		case OPT_REQUIRE_END: work.require_end = true; break;
		case OPT_VISIBLE: work.visible = true; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_SEQUENCES: work.row.advances = true; break;
		case OPT_UNDO_LOG: work.evidence.undo.path = optarg; break;
		}
	}
	if (!has_max && (work.rejects.path != NULL || work.apply.reject_errors))
		work.rejects.max = -1;
	check_options(&work, work.columns.key_names != NULL, has_duplicates);
	join_parts(&work);
	rc_input_open(&work.in, argc - optind, argv + optind);
	if (work.require_end)
		work.in.digest = rc_digest_new();
	if (work.evidence.undo.path != NULL)
		rc_capture_add(&work.evidence.capture, work.columns.table_name);
	rc_evidence_open(&work.evidence, work.dry_run);
	rc_session_open(&work.session);
	work.session.lock_timeout = lock_timeout > 0 ? lock_timeout : 1;	/* 0 is forever to the server */
	work.session.lock_tries = 1;
	work.session.find_blocker = work.session.report_blocker = true;
	rc_output_open(&work.out, NULL);

	import(&work);
	rc_session_close(&work.session);
	rc_evidence_free(&work.evidence);
	rc_table_free(&work.table);
	rc_import_row_free(&work.row);
	rc_import_columns_free(&work.columns);
	rc_import_rejects_free(&work.rejects);
	return rc_finish(&work.in, &work.out);
}

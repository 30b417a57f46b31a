/*
 * rc-db-rows - run a query for each record and print its rows
 *
 * The record is `$1::jsonb`.  All queries run in one read-only transaction and
 * see one moment.  Rows are PostgreSQL's own to_json, so a bigint keeps its
 * digits; one row is held at a time.
 */
#include <string.h>

#include "rc_digest.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_statement.h"
#include "rc_stream.h"
#include "rc_transaction.h"

enum { OPT_END_RECORD = RC_OPT_LONG, OPT_VISIBLE, OPT_REQUIRE_ROWS };

static const struct rc_option options[] = {
	{ 'n', "null-input", NULL, "read no records: run the query once, with {} as $1" },
	{ OPT_END_RECORD, "end-record", NULL, "end with an end record that has the count and the SHA-256" },
	{ 'o', "output", "FILE", "replace FILE as a whole instead of writing standard output" },
	{ OPT_VISIBLE, "rows-visible-to-me", NULL, "where row level security hides rows, go on without them" },
	{ OPT_REQUIRE_ROWS, "require-rows", NULL, "a record without a row is reported, and the end is 1" },
	RC_OPTION_END
};

static const char *const example[] = { "user-by-name.sql", NULL };

static const struct rc_program program = {
	.name = "rc-db-rows",
	.synopsis = "[--null-input] [--end-record] [--rows-visible-to-me] [--require-rows] [--output FILE] FILE.sql [FILE ...]",
	.summary = "run a query for each record and print its rows",
	.options = options,
	.reads = "any record, which the query has as $1::jsonb",
	.writes = "the rows, with the columns' names",
	.example = example,
	.example_input = "{\"user\":\"alice\"}\n",
};

/* What the query is run with. */
struct work {
	struct rc_session session;
	struct rc_statement query;
	bool require_rows, missing;	/* each record must have a row, and one had none */
	bool visible;	/* rows that a policy hides are not wanted */
	struct rc_output out;
	struct rc_record row;
};

static void
put_row(struct rc_output *out, const struct rc_record *row)
{
	struct rc_buf line = {0};

	if (memchr(row->text, '\n', row->length) == NULL) {
		rc_output_line(out, row->text, row->length);
		return;
	}
	rc_json_write_value(&line, row->text, row->length);	/* a json column keeps the newlines it was stored with */
	rc_output_line(out, line.bytes, line.length);
	rc_buf_free(&line);
}

/* Runs the query for a record and prints its rows. */
static void
run(struct work *work, const char *record, const struct rc_input *in)
{
	PGresult *result;
	bool any = false;

	rc_statement_start(&work->query, &work->session, record);
	while ((result = rc_session_next_row(&work->session, work->query.file)) != NULL) {
		rc_statement_read_row(&work->query, result, 0, &work->row);
		put_row(&work->out, &work->row);
		PQclear(result);
		any = true;
	}
	if (any || !work->require_rows)
		return;
	work->missing = true;
	if (in == NULL)
		rc_warn("%s: no row", work->query.file);
	else
		rc_warn("%s:%lu: %s: no row for this record", in->name, in->line, work->query.file);
}

/* Begins the transaction and prepares the query: this takes the locks of a reader, so if another session's lock is in the way, it is here. */
static PGresult *
begin(struct rc_session *session, void *context)
{
	struct work *work = context;
	const struct rc_transaction transaction = { .read_only = true, .patience = RC_NO_IDLE_LIMIT, .visible_rows = work->visible };
	struct rc_statement *query = &work->query;
	PGresult *failed;

	rc_transaction_begin(session, &transaction);
	failed = rc_statement_prepare(query, session);
	if (failed != NULL && !rc_result_is_locked(failed))
		rc_session_die(session, failed, query->file);
	if (failed != NULL)
		rc_transaction_rollback(session);
	return failed;
}

int
main(int argc, char *argv[])
{
	bool null_input = false, end_record = false;
	const char *file, *path = NULL;
	struct work work = {0};
	struct rc_input in = {0};
	struct rc_record record = {0};
	struct rc_buf text = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'n': null_input = true; break;
		case OPT_END_RECORD: end_record = true; break;
		case 'o': path = optarg; break;
		case OPT_VISIBLE: work.visible = true; break;
		case OPT_REQUIRE_ROWS: work.require_rows = true; break;
		}
	}
	if (optind == argc)
		rc_usage("a file with a query is needed");
	file = argv[optind++];
	if (null_input && optind < argc)
		rc_usage("--null-input reads no records, but '%s' is given", argv[optind]);
	if (!null_input)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_session_open(&work.session);
	rc_statement_read(&work.query, RC_QUERY, file, 0);
	work.query.alone = true;
	rc_transaction_retry(&work.session, file, begin, &work);
	rc_output_open(&work.out, path);
	if (end_record)
		work.out.digest = rc_digest_new();

	if (null_input)
		run(&work, "{}", NULL);
	while (!null_input && rc_input_next(&in, &record)) {
		text.length = 0;
		rc_record_write(&record, &text);
		run(&work, rc_buf_text(&text), &in);
	}
	rc_transaction_rollback(&work.session);
	rc_session_close(&work.session);
	if (end_record || in.whole)
		rc_output_end_record(&work.out);
	rc_statement_free(&work.query);
	rc_buf_free(&text);
	rc_record_free(&record);
	rc_record_free(&work.row);
	opt = rc_finish(null_input ? NULL : &in, &work.out);
	return opt == RC_OK && work.missing ? RC_NO : opt;
}

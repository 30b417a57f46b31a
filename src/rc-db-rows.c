/*
 * rc-db-rows - run a query for each record and print its rows
 *
 * The record is `$1::jsonb`.  All queries run in one read-only transaction and
 * see one moment.  Rows are PostgreSQL's own to_json, so a bigint keeps its
 * digits; one row is held at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_db.h"
#include "rc_digest.h"
#include "rc_opt.h"
#include "rc_sql.h"
#include "rc_stream.h"

enum { OPT_END_RECORD = RC_OPT_LONG, OPT_OUTPUT };

static const struct rc_option options[] = {
	{ 'n', "null-input", NULL, "read no records: run the query once, with {} as $1" },
	{ OPT_END_RECORD, "end-record", NULL, "end with an end record that has the count and the SHA-256" },
	{ 'o', "output", "FILE", "replace FILE as a whole instead of writing standard output" },
	RC_OPTION_END
};

static const char *const example[] = { "user-by-name.sql", NULL };

static const struct rc_program program = {
	.name = "rc-db-rows",
	.synopsis = "[--null-input] [--end-record] [--output FILE] FILE.sql [FILE ...]",
	.summary = "run a query for each record and print its rows",
	.options = options,
	.reads = "any record, which the query has as $1::jsonb",
	.writes = "the rows, with the columns' names",
	.example = example,
	.example_input = "{\"user\":\"alice\"}\n",
};

/* The first row of a query tells whether its columns can be a record's fields. */
static void
check_names(const char *file, const char *row, size_t length)
{
	struct rc_json_object object = {0};
	struct rc_arena arena = {0};
	struct rc_json_error error;

	if (!rc_json_read_object(&object, rc_json_pad(&arena, row, length), length, &arena, &error))
		rc_die(RC_FATAL, "%s: the rows can't be records: %s ('%.*s')", file, error.reason,
		    error.name == NULL ? 3 : (int)error.name_length, error.name == NULL ? "row" : error.name);
	rc_json_object_free(&object);
	rc_arena_free(&arena);
}

static void
put_row(struct rc_output *out, const char *row, size_t length)
{
	struct rc_buf line = {0};

	if (memchr(row, '\n', length) == NULL) {
		rc_output_line(out, row, length);
		return;
	}
	rc_json_write_value(&line, row, length);	/* a json column keeps the newlines it was stored with */
	rc_output_line(out, line.bytes, line.length);
	rc_buf_free(&line);
}

static void
run(struct rc_db *db, const char *file, const char *record, struct rc_output *out)
{
	const char *values[] = { record };
	bool first = out->records == 0;
	PGresult *result;

	if (PQsendQueryPrepared(db->conn, "", 1, values, NULL, NULL, 0) != 1 || PQsetSingleRowMode(db->conn) != 1)
		rc_db_die(db, NULL, file);
	while ((result = PQgetResult(db->conn)) != NULL) {
		ExecStatusType status = PQresultStatus(result);

		if (strcmp(rc_db_sqlstate(result), "25006") == 0)	/* elsewhere a standby, here our own transaction */
			rc_die(RC_FATAL, "%s: %s (25006)", file,
			    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
			rc_db_die(db, result, file);
		if (status == PGRES_SINGLE_TUPLE) {
			size_t length = (size_t)PQgetlength(result, 0, 0);

			if (first)
				check_names(file, PQgetvalue(result, 0, 0), length);
			first = false;
			put_row(out, PQgetvalue(result, 0, 0), length);
		}
		PQclear(result);
	}
}

/* Begins the transaction and prepares the statement, wrapped to give its rows as JSON; the newline ends a comment at its end. */
static void
prepare(struct rc_db *db, const char *file)
{
	static const Oid types[] = { RC_DB_JSONB };
	struct rc_buf sql = {0};
	char *statement = rc_sql_read(file);
	PGresult *result = NULL;

	rc_buf_printf(&sql, "select to_json(rc_row.*)::text from (\n%s\n) as rc_row", statement);
	rc_buf_text(&sql);
	/* Preparing takes the locks of a reader: here another session's lock is in the way, if it is. */
	for (int tries = 1; tries <= RC_DB_LOCK_TRIES; tries++) {
		PQclear(result);
		if (tries > 1)
			rc_db_rollback(db);
		rc_db_begin(db, RC_DB_READ_ONLY, NULL);
		result = rc_db_prepare(db, "", sql.bytes, 1, types);
		if (!rc_db_is_locked(result))
			break;
		db->watch = true;
	}
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		rc_db_die(db, result, file);
	PQclear(result);
	rc_buf_free(&sql);
	free(statement);
}

int
main(int argc, char *argv[])
{
	bool null_input = false, end_record = false;
	const char *file, *path = NULL;
	struct rc_db db;
	struct rc_input in = {0};
	struct rc_output out;
	struct rc_record record = {0};
	struct rc_buf text = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'n': null_input = true; break;
		case OPT_END_RECORD: end_record = true; break;
		case 'o': path = optarg; break;
		}
	}
	if (optind == argc)
		rc_usage("a file with a query is needed");
	file = argv[optind++];
	if (null_input && optind < argc)
		rc_usage("--null-input reads no records, but '%s' is given", argv[optind]);
	if (!null_input)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_db_open(&db);
	prepare(&db, file);
	rc_output_open(&out, path);
	if (end_record)
		out.digest = rc_digest_new();

	if (null_input)
		run(&db, file, "{}", &out);
	while (!null_input && rc_input_next(&in, &record)) {
		text.length = 0;
		rc_record_write(&record, &text);
		run(&db, file, rc_buf_text(&text), &out);
	}
	rc_db_rollback(&db);
	rc_db_close(&db);
	if (end_record || in.whole)
		rc_output_end_record(&out);
	rc_buf_free(&text);
	rc_record_free(&record);
	return rc_finish(null_input ? NULL : &in, &out);
}

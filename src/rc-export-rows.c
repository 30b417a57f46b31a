/*
 * rc-export-rows - write the rows of a table or query
 *
 * The rows come by COPY in its binary form and are decoded here: the server's
 * own JSON code is what makes row_to_json slow.  One row is held at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_copy_out.h"
#include "rc_counter.h"
#include "rc_digest.h"
#include "rc_export_query.h"
#include "rc_mem.h"
#include "rc_name_list.h"
#include "rc_opt.h"
#include "rc_relation.h"
#include "rc_row_decode.h"
#include "rc_sql.h"
#include "rc_stream.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

enum {
	OPT_COLUMNS = RC_OPT_LONG, OPT_WHERE, OPT_ORDER_BY, OPT_PARAM, OPT_PARTITION, OPT_SNAPSHOT, OPT_RESUME_KEY,
	OPT_RESUME_AFTER, OPT_END_RECORD, OPT_FORMAT, OPT_ROWS_VISIBLE_TO_ME,
};
enum { STRIPE = 1024 };		/* blocks of a table that one process of --partition reads at a time */
enum { PARAMS_MAX = 100 };

static const struct rc_option options[] = {
	{ 't', "table", "TABLE", "all rows of a table or view: NAME, or SCHEMA.NAME, as in the catalogue" },
	{ 'q', "query", "SQL", "the rows of a query" },
	{ 'f', "file", "FILE.sql", "the rows of the query in a file" },
	{ OPT_PARAM, "param", "NAME=VALUE", "a text that the query has as current_setting('rc.NAME'); may be repeated" },
	{ OPT_COLUMNS, "columns", "NAME,...", "only these columns, in this order; in quotes where a name has a comma" },
	{ OPT_WHERE, "where", "SQL", "only rows for which the condition holds" },
	{ OPT_ORDER_BY, "order-by", "SQL", "in this order, as after ORDER BY" },
	{ OPT_PARTITION, "partition", "I/N", "only the Ith of N parts of the table, for N processes with one snapshot" },
	{ OPT_SNAPSHOT, "snapshot", "ID", "see the moment of an exported snapshot (default: $RC_SNAPSHOT)" },
	{ OPT_RESUME_KEY, "resume-key", "COLUMN", "in the order of a column that is unique and not null" },
	{ OPT_RESUME_AFTER, "resume-after", "VALUE", "with --resume-key: only rows whose key comes after VALUE" },
	{ OPT_ROWS_VISIBLE_TO_ME, "rows-visible-to-me", NULL, "where row level security hides rows, go on without them" },
	{ OPT_FORMAT, "format", "FORMAT", "ndjson (the default), or document: one object with an array of the rows" },
	{ OPT_END_RECORD, "end-record", NULL, "end with an end record that has the count and the SHA-256" },
	{ 'o', "output", "FILE", "replace FILE as a whole instead of writing standard output" },
	RC_OPTION_END
};

static const char *const example[] = { "--query", "select 1 as id, 'Ann' as name, '{1,2}'::int[] as roles", "--end-record", NULL };

static const struct rc_program program = {
	.name = "rc-export-rows",
	.synopsis = "{--table TABLE | --query SQL | --file FILE.sql} [OPTION ...]",
	.summary = "write the rows of a table or query",
	.options = options,
	.writes = "the rows, with the columns' names and the text of row_to_json",
	.example = example,
};

/* What the user asked for. */
struct request {
	const char *table, *query, *columns, *where, *order_by, *snapshot, *resume_key, *resume_after, *path;
	char *statement;	/* of --file, which is the query then */
	const char *params[PARAMS_MAX];	/* NAME=VALUE */
	int param_count;
	long part, parts;	/* from 1; 0 where there is no --partition */
	bool rows_visible_to_me, document, end_record;
};

struct export {
	struct request request;
	const char *what;	/* is exported, for messages */
	struct rc_session session;
	struct rc_output out;
	struct rc_counter counter;
	struct rc_row_column *columns;
	size_t column_count;
	PGresult *description;	/* has the columns' names */
	struct rc_relation table;
	PGresult *key;		/* the columns of its primary key */
};

/* ---- the options ---- */

static void
read_partition(struct request *request, const char *argument)
{
	const char *slash = strchr(argument, '/');
	char *part = rc_strndup(argument, slash == NULL ? 0 : (size_t)(slash - argument));

	if (slash == NULL || !rc_parse_long(slash + 1, 1, 1000000, &request->parts) || !rc_parse_long(part, 1, request->parts, &request->part))
		rc_usage("--partition takes I/N with I from 1 to N, not '%s'", argument);
	free(part);
}

static void
read_param(struct request *request, const char *argument)
{
	size_t length = strcspn(argument, "=");

	if (argument[length] == '\0' || length == 0 || strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != length ||
	    strchr("0123456789", *argument) != NULL)
		rc_usage("--param takes NAME=VALUE, the name of letters, digits and _, not '%s'", argument);
	if (request->param_count == PARAMS_MAX)
		rc_usage("more than %d --param", PARAMS_MAX);
	request->params[request->param_count++] = argument;
}

static void
read_format(struct request *request, const char *argument)
{
	request->document = strcmp(argument, "document") == 0;
	if (!request->document && strcmp(argument, "ndjson") != 0)
		rc_usage("--format takes ndjson or document, not '%s'", argument);
}

static void
read_options(struct request *request, int argc, char *argv[])
{
	const char *file = NULL;
	int opt;

	request->snapshot = getenv("RC_SNAPSHOT");
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 't': request->table = optarg; break;
		case 'q': request->query = optarg; break;
		case 'f': file = optarg; break;
		case 'o': request->path = optarg; break;
		case OPT_COLUMNS: request->columns = rc_name_list_check(optarg); break;
		case OPT_WHERE: request->where = optarg; break;
		case OPT_ORDER_BY: request->order_by = optarg; break;
		case OPT_PARAM: read_param(request, optarg); break;
		case OPT_PARTITION: read_partition(request, optarg); break;
		case OPT_SNAPSHOT: request->snapshot = optarg; break;
		case OPT_RESUME_KEY: request->resume_key = optarg; break;
		case OPT_RESUME_AFTER: request->resume_after = optarg; break;
		case OPT_ROWS_VISIBLE_TO_ME: request->rows_visible_to_me = true; break;
		case OPT_FORMAT: read_format(request, optarg); break;
		case OPT_END_RECORD: request->end_record = true; break;
		}
	}
	if (optind < argc)
		rc_usage("unexpected argument '%s'", argv[optind]);
	if ((request->table != NULL) + (request->query != NULL) + (file != NULL) != 1)
		rc_usage("one of --table, --query and --file is needed");
	if (request->snapshot != NULL && *request->snapshot == '\0')
		request->snapshot = NULL;
	if (request->resume_after != NULL && request->resume_key == NULL)
		rc_usage("--resume-after needs --resume-key");
	if (request->resume_key != NULL && request->order_by != NULL)
		rc_usage("--resume-key has its own order, so --order-by can't stand beside it");
	if (request->parts > 0 && (request->table == NULL || request->order_by != NULL || request->resume_key != NULL))
		rc_usage("--partition needs --table, and has no order");
	if (request->parts > 1 && request->snapshot == NULL)
		rc_usage("--partition needs a snapshot, or the parts would be of different moments (see rc-snapshot)");
	if (request->document && request->end_record)
		rc_usage("a document has no end record");
	if (file != NULL)
		request->query = request->statement = rc_sql_read(file);
	else if (request->query != NULL)
		request->query = request->statement = rc_strndup(request->query, rc_sql_length(request->query));
}

/* ---- the transaction ---- */

static void
begin(struct export *export)
{
	/* On these the text of values depends. */
	static const char settings[] =
	    "set local bytea_output = 'hex'; set local extra_float_digits = 1; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres'";
	/* On these the order of a table's rows, which is that of the file, so that two exports of the same are the same. */
	static const char order[] = ";set local synchronize_seqscans = off; set local max_parallel_workers_per_gather = 0";
	const struct request *request = &export->request;
	/*
	 * Without a snapshot each statement sees its own moment: all rows come by one,
	 * and its moment is after the table was locked.  With repeatable read it would be
	 * before, and a TRUNCATE that ends while we wait for it leaves nothing to see.
	 */
	struct rc_transaction transaction = { .read_only = true, .many_moments = request->snapshot == NULL, .patience = RC_NO_IDLE_LIMIT };
	struct rc_buf first = {0};

	if (request->snapshot != NULL) {
		rc_buf_add_text(&first, "set transaction snapshot ");
		rc_session_add_literal(&export->session, &first, request->snapshot);
		rc_buf_add_text(&first, ";");
	}
	rc_buf_add_text(&first, settings);
	if (request->table != NULL && request->order_by == NULL)
		rc_buf_add_text(&first, order);
	transaction.visible_rows = request->rows_visible_to_me;
	transaction.first = rc_buf_text(&first);
	rc_transaction_begin(&export->session, &transaction);
	rc_buf_free(&first);
}

static PGresult *
ask(struct export *export, const char *sql, const char *const *values, int count)
{
	const struct rc_parameters parameters = { .count = count, .values = values };

	return rc_session_query(&export->session, export->what, sql, &parameters);
}

/* COPY takes no parameters, so the query has them as settings of its transaction. */
static void
set_params(struct export *export)
{
	for (int i = 0; i < export->request.param_count; i++) {
		const char *param = export->request.params[i], *equals = strchr(param, '=');
		char *name = rc_strndup(param, (size_t)(equals - param));
		const char *values[] = { name, equals + 1 };

		PQclear(ask(export, "select pg_catalog.set_config('rc.' || $1, $2, true)", values, 2));
		free(name);
	}
}

/* ---- the table ---- */

static void
find_table(struct export *export)
{
	rc_relation_find(&export->table, &export->session, export->request.table);
	PQclear(export->key);
	export->key = ask(export, "select a.attname from pg_catalog.pg_index i join pg_catalog.pg_attribute a"
	    " on a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[]) where i.indrelid = $1::pg_catalog.oid and i.indisprimary",
	    (const char *const *)&export->table.oid, 1);
}

/*
 * Ends the process unless the session that exported the snapshot holds the
 * table.  A VACUUM FULL or CLUSTER between two parts moves rows to other blocks:
 * some would be in both, and some in none.  A snapshot's name is made of its
 * transaction's.
 */
static void
check_held(struct export *export)
{
	const char *snapshot = export->request.snapshot;
	char transaction[48] = "", *rest;
	const char *const values[] = { export->table.oid, transaction };
	unsigned long process = strtoul(snapshot, &rest, 16);
	PGresult *result;

	if (*rest == '-')
		snprintf(transaction, sizeof transaction, "%lu/%lu", process, strtoul(rest + 1, NULL, 16));
	result = ask(export, "select pg_catalog.count(*) from pg_catalog.pg_locks l join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) l.database"
	    " where d.datname operator(pg_catalog.=) pg_catalog.current_database() and l.relation operator(pg_catalog.=) $1::pg_catalog.oid"
	    " and l.virtualtransaction operator(pg_catalog.=) $2 and l.granted", values, 2);
	if (strcmp(rc_result_text(result, 0, 0), "0") == 0)
		rc_die(RC_FATAL, "%s: --partition needs a snapshot whose session holds the table (rc-snapshot --table %s), or rows could move between two parts",
		    export->what, export->request.table);
	PQclear(result);
}

/* With a key that two rows share, or that is null, rows would be lost between two parts. */
static void
check_resume_key(struct export *export)
{
	const char *const values[] = { export->table.oid, export->request.resume_key };
	PGresult *result = ask(export, "select a.attnotnull and exists (select from pg_catalog.pg_index i where i.indrelid = a.attrelid"
	    " and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum),"
	    " exists (select from pg_catalog.pg_class c join pg_catalog.pg_inherits h on h.inhparent = c.oid where c.oid = a.attrelid and c.relkind = 'r')"
	    " from pg_catalog.pg_attribute a where a.attrelid = $1::pg_catalog.oid and a.attname = $2 and a.attnum > 0 and not a.attisdropped", values, 2);

	if (PQntuples(result) != 1)
		rc_die(RC_FATAL, "%s: no column '%s' for --resume-key", export->what, export->request.resume_key);
	if (strcmp(rc_result_text(result, 0, 0), "t") != 0)
		rc_die(RC_FATAL, "%s: --resume-key needs a column that is unique and not null, and '%s' is not", export->what, export->request.resume_key);
	if (strcmp(rc_result_text(result, 0, 1), "t") == 0)	/* its unique index knows nothing of them */
		rc_die(RC_FATAL, "%s: --resume-key: rows of its child tables may have the same '%s'; name each table for itself", export->what, export->request.resume_key);
	PQclear(result);
}

/* ---- the query ---- */

/* Once the table is known. */
static struct rc_export_query
query_of(struct export *export)
{
	const struct request *request = &export->request;

	return (struct rc_export_query){
		.session = &export->session,
		.table = export->table.sql,
		.query = request->query,
		.columns = request->columns,
		.where = request->where,
		.order_by = request->order_by,
		.resume_key = request->resume_key,
		.resume_after = request->resume_after,
	};
}

static bool
is_key(const struct export *export, const char *name)
{
	for (int i = 0; i < PQntuples(export->key); i++)
		if (strcmp(PQgetvalue(export->key, i, 0), name) == 0)
			return true;
	return false;
}

/* Notes the columns of the prepared query; the process ends where they can't be a record's fields. */
static void
note_columns(struct export *export)
{
	int count = PQnfields(export->description);

	free(export->columns);
	export->column_count = (size_t)count;
	export->columns = rc_alloc(rc_size_mul((size_t)count + 1, sizeof *export->columns));
	for (int i = 0; i < count; i++) {
		const char *name = PQfname(export->description, i);

		for (int j = 0; j < i; j++)
			if (strcmp(export->columns[j].name, name) == 0)
				rc_die(RC_FATAL, "%s: the rows can't be records: two columns are named '%s'", export->what, name);
		export->columns[i] = (struct rc_row_column){ .name = name, .shape = rc_row_shape_of(PQftype(export->description, i)), .is_key = is_key(export, name) };
	}
	if (count == 1 && strcmp(export->columns[0].name, "rc_end") == 0)
		rc_die(RC_FATAL, "%s: the rows can't be records: one with rc_end alone is an end record", export->what);
}

/* Begins and prepares the query, which takes the locks of a reader: if another session's lock is in the way, it is here. */
static PGresult *
prepare(struct rc_session *session, void *context)
{
	struct export *export = context;
	struct rc_export_query query;
	struct rc_buf sql = {0};
	PGresult *failed;

	begin(export);
	set_params(export);
	if (export->request.table != NULL)
		find_table(export);
	if (export->request.table != NULL && export->request.resume_key != NULL)
		check_resume_key(export);
	if (export->request.parts > 1)
		check_held(export);
	query = query_of(export);
	rc_export_query_add(&query, NULL, &sql);
	failed = rc_session_prepare(session, "", rc_buf_text(&sql), &(struct rc_parameters){0});
	rc_buf_free(&sql);
	if (!rc_result_is_good(failed)) {
		if (!rc_result_is_locked(failed))
			rc_session_die(session, failed, export->what);
		rc_transaction_rollback(session);
		return failed;
	}
	PQclear(failed);
	PQclear(export->description);
	export->description = rc_session_describe(session, "");
	if (!rc_result_is_good(export->description))
		rc_session_die(session, export->description, export->what);
	note_columns(export);
	return NULL;
}

/* ---- the rows ---- */

static void
copy(struct export *export, struct rc_row_decoder *decoder, const char *range)
{
	const struct rc_export_query query = query_of(export);
	struct rc_copy_out stream;
	struct rc_buf sql = {0};
	const char *message;
	size_t length;

	rc_export_query_add_copy(&query, range, export->columns, export->column_count, &sql);
	rc_copy_out_start(&stream, &export->session, export->what, sql.bytes);
	rc_row_decoder_restart(decoder);
	while ((message = rc_copy_out_next(&stream, &export->out, &length)) != NULL) {
		rc_row_decode(decoder, message, length, &export->out);
		rc_counter_at(&export->counter, decoder->rows, export->out.bytes);
	}
	if (!decoder->ended)
		rc_die(RC_RETRY, "%s: the rows are cut short: their end is missing", export->what);
	rc_buf_free(&sql);
}

/* How many blocks the table has by now, of its partitions the one that has most. */
static long
count_blocks(struct export *export)
{
	PGresult *result;
	long blocks;

	if (strchr("rpm", export->table.kind) == NULL)
		rc_die(RC_FATAL, "%s: --partition needs a table", export->what);
	result = ask(export, "with recursive part (oid) as (select $1::pg_catalog.oid union select i.inhrelid from pg_catalog.pg_inherits i join part on i.inhparent = part.oid)"
	    " select coalesce(pg_catalog.max(pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8), 0), pg_catalog.count(*) filter (where c.relkind = 'f'),"
	    " pg_catalog.min(m.amname) filter (where m.amname <> 'heap')"	/* who knows what a ctid is there */
	    " from part join pg_catalog.pg_class c on c.oid = part.oid left join pg_catalog.pg_am m on m.oid = c.relam where c.relkind in ('r', 'm', 'f')", (const char *const *)&export->table.oid, 1);
	if (strcmp(rc_result_text(result, 0, 1), "0") != 0)
		rc_die(RC_FATAL, "%s: --partition needs a table without foreign parts", export->what);
	if (*rc_result_text(result, 0, 2) != '\0')
		rc_die(RC_FATAL, "%s: --partition needs tables of the access method heap, not %s", export->what, rc_result_text(result, 0, 2));
	if (!rc_parse_long(rc_result_text(result, 0, 0), 0, 1L << 32, &blocks))
		rc_session_misled(export->what);
	PQclear(result);
	return blocks;
}

/*
 * Copies each Nth stripe of the table, to its end as it is now: what the
 * snapshot sees is in the blocks that were there when it was taken, so no two
 * processes need to agree on a size.  Before version 14 a condition on ctid
 * makes the server read all; there the first process does.
 */
static void
copy_part(struct export *export, struct rc_row_decoder *decoder)
{
	const struct request *request = &export->request;
	long blocks = count_blocks(export);

	if (PQserverVersion(export->session.connection.libpq) < 140000) {
		if (request->part == 1)
			copy(export, decoder, NULL);
		return;
	}
	for (long first = (request->part - 1) * STRIPE; first < blocks; first += request->parts * STRIPE) {
		struct rc_buf range = {0};

		rc_buf_printf(&range, "ctid >= '(%ld,0)'::pg_catalog.tid and ctid < '(%ld,0)'::pg_catalog.tid", first, first + STRIPE);
		copy(export, decoder, rc_buf_text(&range));
		rc_buf_free(&range);
	}
}

/* A document's name for its rows: the table's as it was given. */
static void
open_document(struct export *export)
{
	struct rc_buf head = {0};
	const char *name = export->request.table == NULL ? "rows" : export->request.table;

	rc_buf_add_text(&head, "{");
	rc_json_write_string(&head, name, strlen(name));
	rc_buf_add_text(&head, ":[\n");
	rc_output_text(&export->out, head.bytes, head.length);
	rc_buf_free(&head);
}

static void
close_document(struct export *export)
{
	rc_output_text(&export->out, "]}\n", 3);
}

int
main(int argc, char *argv[])
{
	struct export export = {0};
	const struct request *request = &export.request;
	struct rc_row_decoder decoder;

	read_options(&export.request, argc, argv);
	export.what = request->table != NULL ? request->table : "the query";
	if (!rc_utf8_valid(export.what, strlen(export.what)))
		rc_usage("--table is not UTF-8");
	rc_session_open(&export.session);
	rc_transaction_retry(&export.session, export.what, prepare, &export);
	rc_output_open(&export.out, request->path);
	if (request->end_record)
		export.out.digest = rc_digest_new();
	rc_row_decoder_open(&decoder, export.columns, export.column_count, request->document ? "," : "");

	if (rc_counter_fits(export.out.fd))
		rc_counter_start(&export.counter, "rows");
	if (request->document)
		open_document(&export);
	if (request->parts > 1)
		copy_part(&export, &decoder);
	else
		copy(&export, &decoder, NULL);
	rc_counter_end(&export.counter, decoder.rows, export.out.bytes);
	if (request->document)
		close_document(&export);
	rc_transaction_rollback(&export.session);
	rc_session_close(&export.session);
	if (request->end_record)
		rc_output_end_record(&export.out);
	rc_row_decoder_free(&decoder);
	PQclear(export.description);
	PQclear(export.key);
	free(export.columns);
	free(export.request.statement);
	rc_relation_free(&export.table);
	return rc_finish(NULL, &export.out);
}

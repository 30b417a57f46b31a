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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_copy_in.h"
#include "rc_digest.h"
#include "rc_file.h"
#include "rc_merge.h"
#include "rc_opt.h"
#include "rc_row_encode.h"
#include "rc_row_number.h"
#include "rc_signal.h"
#include "rc_stream.h"
#include "rc_table.h"
#include "rc_transaction.h"

enum {
	OPT_MODE = RC_OPT_LONG, OPT_KEY, OPT_COLUMNS, OPT_CONFLICT, OPT_ERROR, OPT_DUPLICATES, OPT_MISSING, OPT_REJECTS,
	OPT_MAX_REJECTS, OPT_REQUIRE_END, OPT_DRY_RUN, OPT_VISIBLE, OPT_BATCH, OPT_RESUME, OPT_LOCK_TIMEOUT,
};
enum { SHOWN = 200, LOCK_TIMEOUT = RC_LOCK_TIMEOUT * RC_LOCK_TRIES };

static const struct rc_option options[] = {
	{ 't', "table", "TABLE", "the table, as in SQL: schema.table, \"Quoted\"" },
	{ OPT_MODE, "mode", "MODE", "insert (the default), upsert, update (only rows that are there), or sync (upsert, and --missing)" },
	{ OPT_KEY, "key", "COLUMN,...", "the columns that a row is known by (default: the primary key)" },
	{ OPT_COLUMNS, "columns", "COLUMN,...", "take these fields and pass over the others (default: all that the first record has)" },
	{ OPT_CONFLICT, "on-conflict", "WHAT", "with insert, where a unique index objects: error (the default) or skip" },
	{ OPT_DUPLICATES, "duplicates", "WHAT", "where two records have one key: error (the default) or last" },
	{ OPT_MISSING, "missing", "WHAT", "with sync, rows that no record has: keep (the default), report, delete, or 'set COLUMN=VALUE'" },
	{ OPT_ERROR, "on-error", "WHAT", "where a constraint or a trigger objects: abort (the default) or reject the record" },
	{ OPT_REJECTS, "rejects", "FILE", "write refused records there with line, column, code and message, and go on" },
	{ OPT_MAX_REJECTS, "max-rejects", "N", "refuse at most N records (default: 0, with --rejects no limit)" },
	{ OPT_BATCH, "batch", "N", "commit after every N records" },
	{ OPT_RESUME, "resume", "NAME", "with --batch: keep the place under NAME in the table rc_import_progress, and go on from there" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the records end with an end record" },
	{ OPT_VISIBLE, "rows-visible-to-me", NULL, "with row level security, work on the rows that the policies show" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, and roll back" },
	RC_OPTION_END
};

static const char *const example[] = { "--table", "auth_user", "--mode", "update", "--key", "username", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-import-rows",
	.synopsis = "--table TABLE [--mode MODE] [--key COLUMN,...] [--columns COLUMN,...] [--on-conflict WHAT] [--duplicates WHAT] "
	    "[--missing WHAT] [--on-error WHAT] [--rejects FILE] [--max-rejects N] [--batch N] [--resume NAME] [--require-end-record] "
	    "[--rows-visible-to-me] [--lock-timeout DURATION] [--dry-run] [FILE ...]",
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

/* What a column of the records is, and where it stands in them. */
struct column {
	const struct rc_table_column *column;
	struct rc_row_target target;
	bool other;		/* the server reads it */
	bool is_key;
	size_t field;		/* of the record that was looked at last */
	size_t at, end;		/* its bytes in the row that was made last */
};

/* From row FROM on, rows come from FILE, row N from line N + SHIFT. */
struct place {
	unsigned long long from;
	const char *file;
	long long shift;
};

struct import {
	/* what was asked for */
	const char *table_name, *key_names, *column_names, *missing_column, *missing_value, *resume;
	enum { INSERT, UPSERT, UPDATE, SYNC } mode;
	bool skip, keep_last, reject_errors, require_end, visible, dry_run;
	enum rc_merge_missing missing_action;
	long max_rejects, batch;

	struct rc_session session;
	struct rc_table table;
	struct rc_input in;
	struct rc_output out, rejects;
	bool has_rejects;

	struct column *columns;
	size_t column_count;
	bool mapped;		/* the columns' fields are those of the names seen last */
	const struct rc_table_key *keys;
	size_t key_count;

	struct rc_merge merge;
	bool staged;
	unsigned row_fields;	/* of a row as it is sent */
	struct rc_copy_in copy;
	struct rc_buf other;	/* the object for the server's types */
	unsigned long long rows, rejected;
	struct place *places;
	size_t place_count, place_room;
	struct rc_buf last_key, key;
	bool ascending;		/* the keys so far; then no two are the same */
};

/* ---- names ---- */

/* The next name of a list that commas part, in quotes where it has a comma; false at its end. */
static bool
next_name(const char **list, struct rc_buf *name)
{
	const char *p = *list;

	name->length = 0;
	if (*p == '\0')
		return false;
	if (*p == '"') {
		for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
			p += *p == '"';
			rc_buf_add(name, p, 1);
		}
		if (*p++ != '"' || (*p != ',' && *p != '\0'))
			rc_usage("'%s' is no list of columns", *list);
	} else {
		size_t length = strcspn(p, ",");

		rc_buf_add(name, p, length);
		p += length;
	}
	if (name->length == 0)
		rc_usage("'%s' is no list of columns", *list);
	*list = p + (*p == ',');
	return true;
}

static const char *
near_column(const struct import *work, const char *name, size_t length)
{
	const char **names = rc_alloc(rc_size_mul(work->table.column_count + 1, sizeof *names));
	const char *near;

	for (size_t i = 0; i < work->table.column_count; i++)
		names[i] = work->table.columns[i].name;
	near = rc_table_near(name, length, names, work->table.column_count);
	free(names);
	return near;
}

/* Says in ERROR that the table has no such column. */
static void
refuse_name(const struct import *work, const char *name, size_t length, struct rc_row_error *error)
{
	const char *near = near_column(work, name, length);

	error->sqlstate = "42703";
	if (near != NULL)
		snprintf(error->message, sizeof error->message, "the table has no such column; is '%s' meant?", near);
	else
		snprintf(error->message, sizeof error->message, "the table has no such column");
}

/* The column of an option. */
static const struct rc_table_column *
need_column(const struct import *work, const char *option, const struct rc_buf *name)
{
	const struct rc_table_column *column = rc_table_find(&work->table, name->bytes, name->length);
	struct rc_row_error error;

	if (column != NULL)
		return column;
	refuse_name(work, name->bytes, name->length, &error);
	rc_die(RC_FATAL, "%s: '%.*s': %s", option, (int)name->length, name->bytes, error.message);
}

/* ---- keys ---- */

static bool
list_has(const char *list, const char *column)
{
	struct rc_buf name = {0};
	bool found = false;

	while (!found && next_name(&list, &name))
		found = name.length == strlen(column) && memcmp(name.bytes, column, name.length) == 0;
	rc_buf_free(&name);
	return found;
}

static size_t
list_length(const char *list)
{
	struct rc_buf name = {0};
	size_t count = 0;

	while (next_name(&list, &name))
		count++;
	rc_buf_free(&name);
	return count;
}

/* Whether the index that begins at key I, of COUNT columns, has just those of --key. */
static bool
is_wanted(const struct import *work, size_t i, size_t count)
{
	if (work->key_names == NULL)
		return work->table.keys[i].primary;
	if (count != list_length(work->key_names))
		return false;
	for (size_t k = i; k < i + count; k++)
		if (!list_has(work->key_names, work->table.keys[k].column))
			return false;
	return true;
}

/* A view has no index: the columns of --key are taken as they are given. */
static void
take_key_of_view(struct import *work)
{
	const char *list = work->key_names == NULL ? "" : work->key_names;
	struct rc_table_key *keys = rc_arena_alloc(&work->table.arena, rc_size_mul(list_length(list) + 1, sizeof *keys));
	struct rc_buf name = {0};

	while (next_name(&list, &name))
		keys[work->key_count++] = (struct rc_table_key){ .column = need_column(work, "--key", &name)->name, .equals = "operator(pg_catalog.=)" };
	work->keys = keys;
	rc_buf_free(&name);
}

static void
find_key(struct import *work)
{
	const char *list = work->key_names == NULL ? "" : work->key_names;
	struct rc_buf name = {0};

	while (next_name(&list, &name))
		need_column(work, "--key", &name);
	rc_buf_free(&name);
	work->key_count = 0;
	if (strchr("vf", work->table.kind) != NULL)
		take_key_of_view(work);
	for (size_t i = 0, next; i < work->table.key_count && work->key_count == 0; i = next) {
		for (next = i; next < work->table.key_count && work->table.keys[next].index == work->table.keys[i].index; )
			next++;
		if (is_wanted(work, i, next - i)) {
			work->keys = &work->table.keys[i];
			work->key_count = next - i;
		}
	}
	if (work->key_count > 0)
		return;
	if (work->key_names == NULL)
		rc_die(RC_FATAL, "%s has no primary key: --key must name the columns of a unique index", work->table_name);
	rc_die(RC_FATAL, "%s has no unique index on just %s that ON CONFLICT can use", work->table_name, work->key_names);
}

/* ---- columns ---- */

static bool
is_key(const struct import *work, const char *name)
{
	for (size_t i = 0; i < work->key_count; i++)
		if (strcmp(work->keys[i].column, name) == 0)
			return true;
	return false;
}

static void
add_column(struct import *work, const struct rc_table_column *column)
{
	struct rc_row_shape shape = rc_row_shape_of(column->type);

	work->columns[work->column_count++] = (struct column){
		.column = column,
		.target = { .shape = shape, .typmod = column->typmod, .dimensions = column->dimensions },
		.other = shape.kind == RC_ROW_OTHER,
		.is_key = is_key(work, column->name),
	};
}

static void
clear_columns(struct import *work)
{
	free(work->columns);
	work->columns = rc_alloc(rc_size_mul(work->table.column_count + 1, sizeof *work->columns));
	work->column_count = 0;
	work->mapped = false;
}

static bool
has_column(const struct import *work, const char *name)
{
	for (size_t i = 0; i < work->column_count; i++)
		if (strcmp(work->columns[i].column->name, name) == 0)
			return true;
	return false;
}

/* What is wrong with the columns as a whole, in ERROR and NAME; NULL where nothing is. */
static const char *
check_columns(const struct import *work, struct rc_row_error *error)
{
	for (size_t i = 0; i < work->column_count; i++)
		if (work->columns[i].column->is_generated) {
			*error = (struct rc_row_error){ "428C9", "the server makes up the column: leave it out" };
			return work->columns[i].column->name;
		}
	for (size_t i = 0; i < work->key_count; i++)
		if (!has_column(work, work->keys[i].column)) {
			*error = (struct rc_row_error){ "42703", "the field is missing, and is of the key" };
			return work->keys[i].column;
		}
	for (size_t i = 0; i < work->table.column_count && work->mode != UPDATE && !work->table.insert_trigger; i++) {
		const struct rc_table_column *column = &work->table.columns[i];

		if (column->not_null && !column->has_default && !column->is_generated && !has_column(work, column->name)) {
			*error = (struct rc_row_error){ "23502", "the field is missing, and the column is NOT NULL and has no default" };
			return column->name;
		}
	}
	return NULL;
}

static void
take_listed_columns(struct import *work)
{
	const char *list = work->column_names, *bad;
	struct rc_row_error error;
	struct rc_buf name = {0};

	clear_columns(work);
	while (next_name(&list, &name)) {
		const struct rc_table_column *column = need_column(work, "--columns", &name);

		if (has_column(work, column->name))
			rc_die(RC_FATAL, "--columns: '%s' stands there twice", column->name);
		add_column(work, column);
	}
	rc_buf_free(&name);
	if ((bad = check_columns(work, &error)) != NULL)
		rc_die(RC_FATAL, "--columns: '%s': %s", bad, error.message);
}

/* The columns are those of the first record's fields, in their order; else the field that is wrong, and ERROR. */
static const char *
take_columns_of(struct import *work, struct rc_record *record, struct rc_row_error *error)
{
	clear_columns(work);
	for (size_t i = 0; i < record->object.count; i++) {
		const struct rc_json_field *field = &record->object.fields[i];
		const struct rc_table_column *column = rc_table_find(&work->table, field->name, field->name_length);

		if (column == NULL) {
			refuse_name(work, field->name, field->name_length, error);
			return rc_arena_copy(&record->arena, field->name, field->name_length);
		}
		add_column(work, column);
	}
	return check_columns(work, error);
}

/* Notes in which fields the columns are; else the name that is wrong, and ERROR. */
static const char *
map_fields(struct import *work, struct rc_record *record, struct rc_row_error *error)
{
	const struct rc_json_object *object = &record->object;

	work->mapped = false;
	for (size_t i = 0; work->column_names == NULL && i < object->count; i++) {
		const struct rc_json_field *field = &object->fields[i];
		const struct rc_table_column *column = rc_table_find(&work->table, field->name, field->name_length);

		if (column == NULL)
			refuse_name(work, field->name, field->name_length, error);
		else if (!has_column(work, column->name))
			*error = (struct rc_row_error){ "42703", "the first record has no such field" };
		else
			continue;
		return rc_arena_copy(&record->arena, field->name, field->name_length);
	}
	for (size_t i = 0; i < work->column_count; i++) {
		const char *name = work->columns[i].column->name;
		const struct rc_json_field *field = rc_json_find(object, name);

		if (field == NULL) {
			*error = (struct rc_row_error){ "42703", "the field is missing" };
			return name;
		}
		work->columns[i].field = (size_t)(field - object->fields);
	}
	work->mapped = true;
	return NULL;
}

/* ---- places and rejects ---- */

/* Notes where the row that is made next comes from. */
static void
note_place(struct import *work)
{
	const struct place *last = work->place_count == 0 ? NULL : &work->places[work->place_count - 1];
	unsigned long long row = work->rows + 1;
	long long shift = (long long)work->in.line - (long long)row;

	if (last != NULL && last->file == work->in.name && last->shift == shift)
		return;
	if (work->place_count == work->place_room) {
		work->place_room = work->place_room == 0 ? 16 : rc_size_mul(work->place_room, 2);
		work->places = rc_realloc(work->places, rc_size_mul(work->place_room, sizeof *work->places));
	}
	work->places[work->place_count++] = (struct place){ row, work->in.name, shift };
}

static const struct place *
place_of(const struct import *work, unsigned long long row)
{
	size_t low = 0, high = work->place_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (work->places[middle].from <= row)
			low = middle;
		else
			high = middle;
	}
	return &work->places[low];
}

static unsigned long long
line_of(const struct import *work, unsigned long long row)
{
	return (unsigned long long)((long long)row + place_of(work, row)->shift);
}

/* What was wrong with a record. */
struct fault {
	const char *file;
	unsigned long long line;
	const char *column;	/* or NULL */
	const char *code, *message;
};

static void
write_reject(struct import *work, const struct fault *fault, const char *record, size_t length)
{
	struct rc_buf line = {0};
	char *copy = rc_strndup(record, length);

	rc_json_open(&line);
	rc_json_add_integer(&line, "line", (long long)fault->line);
	rc_json_add_text(&line, "column", fault->column);
	rc_json_add_text(&line, "code", fault->code);
	rc_json_add_text(&line, "message", fault->message);
	rc_json_add_value(&line, "record", copy);
	rc_json_close(&line);
	rc_output_line(&work->rejects, line.bytes, line.length);
	free(copy);
	rc_buf_free(&line);
}

static void
commit_rejects(struct import *work)
{
	if (!work->has_rejects)
		return;
	work->has_rejects = false;
	rc_output_flush(&work->rejects);
	rc_file_commit(work->rejects.file);
}

/* Refuses one record; the process ends where that is one too many. */
static void
reject(struct import *work, const struct fault *fault, const char *record, size_t length)
{
	struct rc_buf words = {0};

	rc_buf_printf(&words, "%s:%llu: ", fault->file, fault->line);
	if (fault->column != NULL)
		rc_buf_printf(&words, "'%.*s': ", SHOWN, fault->column);
	rc_buf_printf(&words, "%s (%s)", fault->message, fault->code);
	work->rejected++;
	if (work->has_rejects)
		write_reject(work, fault, record, length);
	if (work->max_rejects >= 0 && work->rejected > (unsigned long long)work->max_rejects) {
		commit_rejects(work);
		rc_die(RC_FATAL, work->max_rejects == 0 ? "%s" : "%s; that is one refused record too many", rc_buf_text(&words));
	}
	rc_warn("%s", rc_buf_text(&words));
	rc_buf_free(&words);
}

static void
reject_record(struct import *work, const struct rc_record *record, const char *column, const struct rc_row_error *error)
{
	struct fault fault = { work->in.name, work->in.line, column, error->sqlstate, error->message };

	reject(work, &fault, record->text, record->length);
}

/* Ends the process with the server's words on RESULT, and the place of the row where it is known (ROW is not 0). */
static _Noreturn void
die_at(struct import *work, const PGresult *result, unsigned long long row)
{
	struct rc_buf what = {0};

	if (row > 0 && work->place_count > 0)
		rc_buf_printf(&what, "%s:%llu: ", place_of(work, row)->file, line_of(work, row));
	rc_buf_add_text(&what, work->table_name);
	rc_session_die(&work->session, result, rc_buf_text(&what));
}

/* COPY's context has the number of the row: `COPY name, line 5`. */
static unsigned long long
row_of_copy(const PGresult *result)
{
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT), *line;

	if (context == NULL || (line = strstr(context, "COPY ")) == NULL || (line = strstr(line, ", line ")) == NULL)
		return 0;
	return strtoull(line + 7, NULL, 10);
}

/* ---- rows ---- */

/* Adds the fields for the server's own types to the object. */
static void
add_other(struct import *work, const struct rc_json_field *field)
{
	rc_buf_add(&work->other, work->other.length == 0 ? "{" : ",", 1);
	rc_buf_add(&work->other, field->raw, (size_t)(field->value - field->raw) + field->value_length);
}

static void
add_bytes(struct rc_buf *out, const char *bytes, size_t length)
{
	rc_put32(rc_buf_reserve(out, 4), (uint32_t)length);
	out->length += 4;
	rc_buf_add(out, bytes, length);
}

/* Adds the fields of the record that are columns; else the column that is wrong, and ERROR. */
static const char *
add_fields(struct import *work, const struct rc_record *record, struct rc_row_error *error)
{
	struct rc_buf *rows = &work->copy.rows;
	bool inserts = work->mode != UPDATE && !work->table.insert_trigger;

	for (size_t i = 0; i < work->column_count; i++) {
		struct column *column = &work->columns[i];
		const struct rc_json_field *field = &record->object.fields[column->field];

		if (*field->value == 'n' && (column->is_key || (column->column->not_null && inserts))) {
			*error = (struct rc_row_error){ "23502", "null, which the column does not take" };
			return column->column->name;
		}
		if (column->other) {
			add_other(work, field);
			continue;
		}
		column->at = rows->length;
		if (!rc_row_encode(&column->target, field->value, field->value_length, rows, error))
			return column->column->name;
		column->end = rows->length;
	}
	return NULL;
}

/* Whether the order of a key's bytes tells that no two keys are the same. */
static bool
is_ordered(const struct column *column)
{
	switch (column->target.shape.kind) {
	case RC_ROW_INT2: case RC_ROW_INT4: case RC_ROW_INT8: case RC_ROW_OID: case RC_ROW_UUID:
	case RC_ROW_DATE: case RC_ROW_TIMESTAMP: case RC_ROW_TIMESTAMPTZ:
		return !column->target.shape.is_array;
	default:
		return false;
	}
}

/* Notes whether the row's key comes behind the one before: exports come ordered, and need no search for two of one key. */
static void
watch_order(struct import *work)
{
	struct rc_buf last = work->last_key;

	work->key.length = 0;
	for (size_t i = 0; work->ascending && i < work->column_count; i++) {
		const struct column *column = &work->columns[i];

		if (!column->is_key)
			continue;
		if (!is_ordered(column))
			work->ascending = false;
		else
			rc_buf_add(&work->key, work->copy.rows.bytes + column->at, column->end - column->at);
	}
	if (work->ascending && work->rows > 0 &&
	    (last.length != work->key.length || memcmp(last.bytes, work->key.bytes, last.length) >= 0))
		work->ascending = false;
	work->last_key = work->key;
	work->key = last;
}

/* Makes the record a row of the COPY; false where it was refused. */
static bool
add_row(struct import *work, struct rc_record *record)
{
	struct rc_buf *rows = &work->copy.rows;
	size_t before = rows->length;
	struct rc_row_error error;
	const char *bad = NULL;

	if (!work->mapped || !record->object.same_names)
		bad = map_fields(work, record, &error);
	rc_put16(rc_buf_reserve(rows, 2), work->row_fields);
	rows->length += 2;
	if (work->staged) {
		char number[8];

		rc_put64(number, work->rows + 1);
		add_bytes(rows, number, sizeof number);
	}
	work->other.length = 0;
	if (bad == NULL)
		bad = add_fields(work, record, &error);
	if (bad != NULL) {
		rows->length = before;
		reject_record(work, record, bad, &error);
		return false;
	}
	if (work->key_count > 0 && work->ascending)
		watch_order(work);
	if (work->other.length > 0) {
		rc_buf_add(&work->other, "}", 1);
		add_bytes(rows, work->other.bytes, work->other.length);
	}
	if (work->merge.records)
		add_bytes(rows, record->text, record->length);
	note_place(work);
	work->rows++;
	return true;
}

/* ---- the way in ---- */

/* Whether the rows must go through the temporary table. */
static bool
needs_stage(const struct import *work)
{
	const struct rc_table *table = &work->table;

	if (work->mode != INSERT || work->skip || work->reject_errors || table->row_security || table->insert_rule ||
	    (table->kind == 'v' && !table->insert_trigger))
		return true;
	for (size_t i = 0; i < work->column_count; i++)
		if (work->columns[i].other)
			return true;
	return false;
}

static void
fill_merge(struct import *work)
{
	static const enum rc_merge_mode modes[] = {
		[INSERT] = RC_MERGE_INSERT, [UPSERT] = RC_MERGE_UPSERT, [UPDATE] = RC_MERGE_UPDATE, [SYNC] = RC_MERGE_UPSERT };
	struct rc_merge *merge = &work->merge;

	merge->session = &work->session;
	merge->table = &work->table;
	merge->mode = work->skip ? RC_MERGE_SKIP : modes[work->mode];
	merge->columns = rc_arena_alloc(&work->table.arena, rc_size_mul(work->column_count + 1, sizeof *merge->columns));
	merge->other = rc_arena_alloc(&work->table.arena, work->column_count + 1);
	merge->column_count = work->column_count;
	for (size_t i = 0; i < work->column_count; i++) {
		merge->columns[i] = work->columns[i].column;
		merge->other[i] = work->columns[i].other;
	}
	merge->keys = work->keys;
	merge->key_count = work->key_count;
	merge->records = work->reject_errors;
}

static void
count_row_fields(struct import *work)
{
	bool other = false;

	work->row_fields = (unsigned)(work->staged + (work->staged && work->merge.records));
	for (size_t i = 0; i < work->column_count; i++) {
		work->row_fields += !work->columns[i].other;
		other |= work->columns[i].other;
	}
	work->row_fields += other;
}

/* Begins the COPY, now that the columns are known. */
static void
start_copy(struct import *work)
{
	struct rc_buf sql = {0};
	PGresult *error;

	work->staged = needs_stage(work);
	if (work->staged) {
		fill_merge(work);
		rc_merge_create(&work->merge, &sql);
	} else {
		rc_buf_printf(&sql, "copy %s (", work->table.sql);
		for (size_t i = 0; i < work->column_count; i++) {
			rc_buf_add_text(&sql, i == 0 ? "" : ", ");
			rc_session_add_identifier(&work->session, &sql, work->columns[i].column->name);
		}
		rc_buf_add_text(&sql, ") from stdin (format binary)");
		if (work->column_count == 0) {
			sql.length = 0;
			rc_buf_printf(&sql, "copy %s from stdin (format binary)", work->table.sql);
		}
	}
	count_row_fields(work);
	work->rows = 0;
	work->place_count = 0;
	work->ascending = true;
	if ((error = rc_copy_in_start(&work->copy, &work->session, rc_buf_text(&sql))) != NULL)
		die_at(work, error, 0);
	rc_buf_free(&sql);
}

static void
end_copy(struct import *work)
{
	PGresult *error = rc_copy_in_end(&work->copy);

	if (error != NULL)
		die_at(work, error, row_of_copy(error));
}

/* ---- what the server objects to ---- */

/* Whether the server's error is about what is in a row, and not about the statement or the server. */
static bool
is_of_a_row(const PGresult *error)
{
	const char *sqlstate = rc_result_sqlstate(error);

	return strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0 || strncmp(sqlstate, "44", 2) == 0 || strncmp(sqlstate, "P0", 2) == 0;
}

static void
run(struct import *work, const char *sql)
{
	PGresult *result = rc_session_query(&work->session, work->table_name, sql, NULL);

	PQclear(result);
}

/* Takes the rows into the table, or leaves it as it was: then the server's error. */
static PGresult *
try_rows(struct import *work, unsigned long long from, unsigned long long to)
{
	PGresult *error;

	run(work, "savepoint rc_import");
	if ((error = rc_merge_apply(&work->merge, from, to)) == NULL && work->reject_errors)
		error = rc_transaction_settle(&work->session);	/* what was put off, too: here the row is known */
	if (error == NULL) {
		run(work, "release savepoint rc_import");
		return NULL;
	}
	if (rc_sqlstate_class(rc_result_sqlstate(error)) == RC_RETRY)
		die_at(work, error, 0);
	run(work, "rollback to savepoint rc_import");
	return error;
}

static void
reject_row(struct import *work, const PGresult *error, unsigned long long row)
{
	const char *column = PQresultErrorField(error, PG_DIAG_COLUMN_NAME);
	char number[24];
	const char *value = number;
	struct rc_parameters parameters = { .count = 1, .values = &value };
	struct rc_buf words = {0};
	struct fault fault = { place_of(work, row)->file, line_of(work, row), column, rc_result_sqlstate(error), NULL };
	PGresult *record;

	snprintf(number, sizeof number, "%llu", row);
	record = rc_session_query(&work->session, work->table_name,
	    "select record from pg_temp.rc_import where line operator(pg_catalog.=) $1::pg_catalog.int8", &parameters);
	rc_result_add_line(&words, rc_result_words(error));
	fault.message = rc_buf_text(&words);
	reject(work, &fault, rc_result_text(record, 0, 0), strlen(rc_result_text(record, 0, 0)));
	PQclear(record);
	rc_buf_free(&words);
}

/* Rows that the server objected to, with its errors. */
struct refused {
	struct refusal {
		unsigned long long row;
		PGresult *error;
	} *all;
	size_t count, room;
};

/* Takes what can be taken of the rows, by halves; the rest is in REFUSED. */
static void
halve(struct import *work, unsigned long long from, unsigned long long to, struct refused *refused)
{
	PGresult *error;
	unsigned long long middle = from + (to - from) / 2;

	if (from > to || (error = try_rows(work, from, to)) == NULL)
		return;
	if (!is_of_a_row(error))
		die_at(work, error, 0);
	if (from == to) {
		if (!work->reject_errors)
			die_at(work, error, from);
		if (refused->count == refused->room) {
			refused->room = refused->room == 0 ? 16 : rc_size_mul(refused->room, 2);
			refused->all = rc_realloc(refused->all, rc_size_mul(refused->room, sizeof *refused->all));
		}
		refused->all[refused->count++] = (struct refusal){ from, error };
		return;
	}
	PQclear(error);
	halve(work, from, middle, refused);
	halve(work, middle + 1, to, refused);
}

/* A row may have come before the one that its foreign key points to: tries those again as long as that helps. */
static void
try_again(struct import *work, struct refused *refused)
{
	bool helped = true;

	while (helped) {
		size_t kept = 0;

		helped = false;
		for (size_t i = 0; i < refused->count; i++) {
			struct refusal *one = &refused->all[i];

			if (strcmp(rc_result_sqlstate(one->error), "23503") == 0) {
				PGresult *error = try_rows(work, one->row, one->row);

				PQclear(one->error);
				one->error = error;
				if (error == NULL) {
					helped = true;
					continue;
				}
			}
			refused->all[kept++] = *one;
		}
		refused->count = kept;
	}
}

/* Takes the rows of the temporary table into the table. */
static void
apply(struct import *work)
{
	struct refused refused = {0};
	PGresult *error = try_rows(work, 0, ULLONG_MAX);

	if (error == NULL)
		return;
	/* A foreign key may point to a row that comes later: only all together tell that it is wrong, so no half is tried. */
	if (!is_of_a_row(error) || (!work->reject_errors && strcmp(rc_result_sqlstate(error), "23503") == 0))
		die_at(work, error, 0);
	PQclear(error);
	run(work, "create index on pg_temp.rc_import (line)");
	halve(work, 1, work->rows, &refused);
	try_again(work, &refused);
	for (size_t i = 0; i < refused.count; i++) {
		reject_row(work, refused.all[i].error, refused.all[i].row);
		PQclear(refused.all[i].error);
	}
	free(refused.all);
}

static void
check_duplicates(struct import *work)
{
	unsigned long long row, before;

	if (work->key_count == 0 || work->ascending || rc_merge_check_keys(&work->merge, work->keep_last, &row, &before))
		return;
	rc_die(RC_FATAL, "%s:%llu: the key of line %llu again; --duplicates last takes the last one", place_of(work, row)->file,
	    line_of(work, row), line_of(work, before));
}

/* ---- rows that the input lacks ---- */

static void
report_missing(struct import *work)
{
	char *sql = rc_merge_missing_sql(&work->merge);
	static const struct rc_parameters none;
	PGresult *row;

	rc_session_start(&work->session, sql, &none);
	while ((row = rc_session_next_row(&work->session, work->table_name)) != NULL) {
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
	rc_table_read(&work->table, &work->session, work->table_name);
	if (work->table.row_security && !work->visible)
		rc_die(RC_FATAL, "%s: row level security may hide rows from this role or refuse them; --rows-visible-to-me works on what it shows",
		    work->table_name);
	if (work->mode != INSERT)
		find_key(work);
	if (work->missing_action == RC_MERGE_SET) {
		rc_buf_add_text(&name, work->missing_column);
		need_column(work, "--missing", &name);
	}
	rc_buf_free(&name);
	work->mapped = false;
	clear_columns(work);
	if (work->column_names != NULL)
		take_listed_columns(work);
}

/* The first record that tells the columns; false where there is none. */
static bool
find_first(struct import *work, struct rc_record *record)
{
	while (rc_input_next(&work->in, record)) {
		struct rc_row_error error;
		const char *bad = NULL;

		if (work->column_names == NULL && (bad = take_columns_of(work, record, &error)) == NULL)
			return true;
		if (bad == NULL)
			return true;
		reject_record(work, record, bad, &error);
	}
	return false;
}

/* Without a record there are the key's columns, for those that look for rows that are missing. */
static void
take_key_columns(struct import *work)
{
	if (work->column_names != NULL)
		return;
	clear_columns(work);
	for (size_t i = 0; i < work->key_count; i++)
		add_column(work, rc_table_find(&work->table, work->keys[i].column, strlen(work->keys[i].column)));
}

static void
merge_rows(struct import *work)
{
	if (!work->staged)
		return;
	work->merge.rows = work->rows;
	if (work->mode == UPDATE || work->mode == SYNC)
		rc_merge_prepare(&work->merge);
	check_duplicates(work);
	apply(work);
	handle_missing(work);
}

static void
settle(struct import *work)
{
	PGresult *error = rc_transaction_settle(&work->session);

	if (error != NULL)
		rc_session_die(&work->session, error, "deferred constraints, nothing was changed");
}

static void
tell_unknown(struct import *work)
{
	const char *unknown = rc_transaction_unknown(&work->session);
	struct rc_buf error = {0}, record = {0};

	rc_warn("%s", unknown);
	rc_json_open(&error);
	rc_json_add_text(&error, "code", "commit_unknown");
	rc_json_add_text(&error, "message", unknown);
	rc_json_close(&error);
	rc_json_open(&record);
	rc_json_add_text(&record, "status", "error");
	rc_json_add_value(&record, "error", rc_buf_text(&error));
	rc_json_close(&record);
	rc_output_line(&work->out, record.bytes, record.length);
	rc_buf_free(&error);
	rc_buf_free(&record);
	work->out.answer = RC_RETRY;
}

/* ---- the place of a resumed import ---- */

/* The SHA-256 of a record, by which a resumed import knows that it has the same input. */
static void
digest_of(const struct rc_record *record, char *hex)
{
	struct rc_digest *digest = rc_digest_new();

	digest->add(digest, record->text, record->length);
	digest->finish(digest, hex);
	digest->free(digest);
}

/* Reads past the records that an earlier run has committed. */
static void
skip_done(struct import *work, struct rc_record *record)
{
	struct rc_parameters parameters = { .count = 1, .values = &work->resume };
	char hex[RC_DIGEST_HEX + 1];
	unsigned long long done = 0;
	PGresult *result;

	if (work->resume == NULL)
		return;
	rc_transaction_begin(&work->session, &(struct rc_transaction){ .read_only = true });
	result = rc_session_query(&work->session, "rc_import_progress", "select pg_catalog.to_regclass('rc_import_progress') is not null", NULL);
	if (*rc_result_text(result, 0, 0) == 't') {
		PQclear(result);
		result = rc_session_query(&work->session, "rc_import_progress",
		    "select records, last_record from rc_import_progress where name operator(pg_catalog.=) $1", &parameters);
		done = strtoull(rc_result_text(result, 0, 0), NULL, 10);
	}
	rc_transaction_rollback(&work->session);
	while (work->in.records < done)
		if (!rc_input_next(&work->in, record))
			rc_die(RC_FATAL, "%s: only %llu records, but an earlier run of '%s' has committed %llu", work->in.name, work->in.records, work->resume, done);
	if (done > 0) {
		digest_of(record, hex);
		if (strcmp(hex, rc_result_text(result, 0, 1)) != 0)
			rc_input_fail(&work->in, "not the record that an earlier run of '%s' has ended with", work->resume);
	}
	PQclear(result);
}

/* Keeps the place in the transaction of its rows, or forgets it at the END. */
static void
keep_place(struct import *work, const struct rc_record *record, bool end)
{
	char number[24], hex[RC_DIGEST_HEX + 1] = "";
	const char *values[] = { work->resume, number, hex };
	struct rc_parameters parameters = { .count = end ? 1 : 3, .values = values };

	if (work->resume == NULL)
		return;
	snprintf(number, sizeof number, "%llu", work->in.records);
	if (!end)
		digest_of(record, hex);
	PQclear(rc_session_query(&work->session, "rc_import_progress", "create table if not exists rc_import_progress (name text primary key,"
	    " records bigint not null, last_record text not null, at timestamptz not null default pg_catalog.now())", NULL));
	PQclear(rc_session_query(&work->session, "rc_import_progress", end ?
	    "delete from rc_import_progress where name operator(pg_catalog.=) $1" :
	    "insert into rc_import_progress (name, records, last_record) values ($1, $2::pg_catalog.int8, $3)"
	    " on conflict (name) do update set records = excluded.records, last_record = excluded.last_record, at = pg_catalog.now()",
	    &parameters));
}

/* ---- all ---- */

/* Ends the transaction; false where no one knows what became of it. */
static bool
finish(struct import *work, const struct rc_record *record, bool end)
{
	keep_place(work, record, end);
	settle(work);
	if (work->dry_run) {
		rc_transaction_rollback(&work->session);
		return true;
	}
	if (end)
		commit_rejects(work);
	if (rc_transaction_commit(&work->session)) {
		if (!end)
			rc_signal_release();
		return true;
	}
	tell_unknown(work);
	return false;
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
		take_key_columns(work);
	if (more || work->mode == SYNC) {
		start_copy(work);
		while (more && !full) {
			add_row(work, record);
			full = work->batch > 0 && work->in.records - first >= (unsigned long long)work->batch;
			if (!rc_copy_in_flush(&work->copy))
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
	rc_json_add_integer(&counts, "rejected", (long long)work->rejected);
	rc_json_close(&counts);
	rc_output_line(&work->out, counts.bytes, counts.length);
	rc_buf_free(&counts);
	if (work->rejected > 0)
		work->out.answer = RC_NO;
}

static void
import(struct import *work)
{
	struct rc_record record = { .object = { .lone_surrogates = true } };
	bool known = true, more = true;

	skip_done(work, &record);
	while (more && known) {
		more = run_part(work, &record, &known);
		if (!work->staged)
			work->merge.inserted += work->rows;
		work->rows = 0;
	}
	rc_record_free(&record);
	if (known)
		write_counts(work);
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
	if (work->table_name == NULL)
		rc_usage("--table is needed");
	if (work->mode == INSERT && (key || duplicates))
		rc_usage("--key and --duplicates have no meaning with --mode insert");
	if (work->mode != INSERT && work->skip)
		rc_usage("--on-conflict is for --mode insert");
	if (work->mode != SYNC && work->missing_action != RC_MERGE_KEEP)
		rc_usage("--missing is for --mode sync");
	if (work->missing_action >= RC_MERGE_DELETE && (work->has_rejects || work->max_rejects != 0 || work->reject_errors))
		rc_usage("--missing delete and set take no refused records: their rows would be missing ones");
	if (work->batch > 0 && (work->mode == SYNC || work->dry_run))
		rc_usage("--batch goes with neither --mode sync nor --dry-run");
	if (work->resume != NULL && work->batch == 0)
		rc_usage("--resume needs --batch");
}

int
main(int argc, char *argv[])
{
	static const char *const modes[] = { "insert", "upsert", "update", "sync", NULL }, *const conflicts[] = { "error", "skip", NULL },
	    *const duplicates[] = { "error", "last", NULL }, *const errors[] = { "abort", "reject", NULL };
	static struct import work = { .ascending = true };
	const char *rejects = NULL;
	long lock_timeout = LOCK_TIMEOUT;
	bool has_duplicates = false, has_max = false;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 't': work.table_name = optarg; break;
		case OPT_MODE: work.mode = (unsigned)choose("mode", optarg, modes); break;
		case OPT_KEY: work.key_names = optarg; break;
		case OPT_COLUMNS: work.column_names = optarg; break;
		case OPT_CONFLICT: work.skip = choose("on-conflict", optarg, conflicts) == 1; break;
		case OPT_DUPLICATES: work.keep_last = choose("duplicates", optarg, duplicates) == 1; has_duplicates = true; break;
		case OPT_MISSING: take_missing(&work, optarg); break;
		case OPT_ERROR: work.reject_errors = choose("on-error", optarg, errors) == 1; break;
		case OPT_REJECTS: rejects = optarg; break;
		case OPT_MAX_REJECTS: work.max_rejects = rc_opt_long("max-rejects", optarg, 0, LONG_MAX); has_max = true; break;
		case OPT_BATCH: work.batch = rc_opt_long("batch", optarg, 1, LONG_MAX); break;
		case OPT_RESUME: work.resume = optarg; break;
		case OPT_REQUIRE_END: work.require_end = true; break;
		case OPT_VISIBLE: work.visible = true; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_DRY_RUN: work.dry_run = true; break;
		}
	}
	if (!has_max && (rejects != NULL || work.reject_errors))
		work.max_rejects = -1;
	work.has_rejects = rejects != NULL;
	check_options(&work, work.key_names != NULL, has_duplicates);
	rc_input_open(&work.in, argc - optind, argv + optind);
	if (work.require_end)
		work.in.digest = rc_digest_new();
	rc_session_open(&work.session);
	work.session.lock_timeout = lock_timeout > 0 ? lock_timeout : 1;	/* 0 is forever to the server */
	work.session.lock_tries = 1;
	work.session.find_blocker = work.session.report_blocker = true;
	if (rejects != NULL)
		rc_output_open(&work.rejects, rejects);
	rc_output_open(&work.out, NULL);

	import(&work);
	rc_session_close(&work.session);
	rc_table_free(&work.table);
	rc_copy_in_free(&work.copy);
	rc_buf_free(&work.other);
	rc_buf_free(&work.key);
	rc_buf_free(&work.last_key);
	free(work.columns);
	free(work.places);
	return rc_finish(&work.in, &work.out);
}

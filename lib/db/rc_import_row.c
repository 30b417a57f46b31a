#include "rc_import_row.h"

#include <stdlib.h>
#include <string.h>

#include "rc_row_encode.h"
#include "rc_row_wire.h"
#include "rc_sequence.h"

/* Adds the fields for the server's own types to the object. */
static void
add_other(struct rc_import_row *row, const struct rc_json_field *field)
{
	rc_buf_add(&row->other, row->other.length == 0 ? "{" : ",", 1);
	rc_buf_add(&row->other, field->raw, (size_t)(field->value - field->raw) + field->value_length);
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
add_fields(struct rc_import_row *row, const struct rc_record *record, struct rc_row_error *error)
{
	struct rc_buf *rows = &row->copy.rows;
	bool inserts = rc_import_columns_insert(row->columns);

	for (size_t i = 0; i < row->columns->count; i++) {
		struct rc_import_column *column = &row->columns->all[i];
		const struct rc_json_field *field = &record->object.fields[column->field];

		if (*field->value == 'n' && (column->is_key || (column->column->not_null && inserts))) {
			*error = (struct rc_row_error){ "23502", "null, which the column does not take" };
			return column->column->name;
		}
		if (column->other) {
			add_other(row, field);
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
is_ordered(const struct rc_import_column *column)
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
watch_order(struct rc_import_row *row)
{
	struct rc_buf last = row->last_key;

	row->key.length = 0;
	for (size_t i = 0; row->ascending && i < row->columns->count; i++) {
		const struct rc_import_column *column = &row->columns->all[i];

		if (!column->is_key)
			continue;
		if (!is_ordered(column))
			row->ascending = false;
		else
			rc_buf_add(&row->key, row->copy.rows.bytes + column->at, column->end - column->at);
	}
	if (row->ascending && row->count > 0 &&
	    (last.length != row->key.length || memcmp(last.bytes, row->key.bytes, last.length) >= 0))
		row->ascending = false;
	row->last_key = row->key;
	row->key = last;
}

static bool
is_whole(const struct rc_row_shape *shape)
{
	return !shape->is_array && (shape->kind == RC_ROW_INT2 || shape->kind == RC_ROW_INT4 || shape->kind == RC_ROW_INT8);
}

/* Notes the highest whole number of each column that has a default. */
static void
watch_numbers(struct rc_import_row *row)
{
	for (size_t i = 0; i < row->columns->count; i++) {
		struct rc_import_column *column = &row->columns->all[i];
		const char *bytes = row->copy.rows.bytes + column->at + 4;	/* behind their length */
		long long number;

		if (!column->column->has_default || column->other || !is_whole(&column->target.shape))
			continue;
		switch (column->end - column->at - 4) {
		case 2: number = (int16_t)rc_get16(bytes); break;
		case 4: number = (int32_t)rc_get32(bytes); break;
		case 8: number = (int64_t)rc_get64(bytes); break;
		default: continue;	/* null */
		}
		if (!column->numbered || number > column->highest)
			column->highest = number;
		column->numbered = true;
	}
}

void
rc_import_row_advance(const struct rc_import_row *row)
{
	const struct rc_import_columns *columns = row->columns;

	for (size_t i = 0; row->advances && columns->adds && i < columns->count; i++)
		if (columns->all[i].numbered)
			rc_sequence_advance(row->merge->session, columns->table->relation.oid, columns->all[i].column->name, columns->all[i].highest);
}

bool
rc_import_row_add(struct rc_import_row *row, struct rc_record *record)
{
	struct rc_buf *rows = &row->copy.rows;
	size_t before = rows->length;
	struct rc_row_error error;
	const char *bad = NULL;

	if (!row->columns->mapped || !record->object.same_names)
		bad = rc_import_columns_map(row->columns, record, &error);
	rc_put16(rc_buf_reserve(rows, 2), row->fields);
	rows->length += 2;
	if (row->staged) {
		char number[8];

		rc_put64(number, row->count + 1);
		add_bytes(rows, number, sizeof number);
	}
	row->other.length = 0;
	if (bad == NULL)
		bad = add_fields(row, record, &error);
	if (bad != NULL) {
		rows->length = before;
		rc_import_reject_record(row->rejects, record, bad, &error);
		return false;
	}
	if (row->columns->key_count > 0 && row->ascending)
		watch_order(row);
	if (row->advances)
		watch_numbers(row);
	if (row->other.length > 0) {
		rc_buf_add(&row->other, "}", 1);
		add_bytes(rows, row->other.bytes, row->other.length);
	}
	if (row->merge->records)
		add_bytes(rows, record->text, record->length);
	rc_import_rejects_note(row->rejects, row->count + 1);
	row->count++;
	return true;
}

/* ---- the COPY ---- */

/* Whether the rows must go through the temporary table. */
static bool
needs_stage(const struct rc_import_row *row)
{
	const struct rc_table *table = row->columns->table;

	if (row->merge->mode != RC_MERGE_INSERT || row->merge->records || table->row_security || table->insert_rule ||
	    (table->relation.kind == 'v' && !table->insert_trigger))
		return true;
	for (size_t i = 0; i < row->columns->count; i++)
		if (row->columns->all[i].other)
			return true;
	return false;
}

/* Tells the merge of the columns. */
static void
fill_merge(struct rc_import_row *row)
{
	const struct rc_import_columns *columns = row->columns;
	struct rc_arena *arena = &columns->table->arena;
	struct rc_merge *merge = row->merge;

	merge->columns = rc_arena_alloc(arena, rc_size_mul(columns->count + 1, sizeof *merge->columns));
	merge->other = rc_arena_alloc(arena, columns->count + 1);
	merge->column_count = columns->count;
	for (size_t i = 0; i < columns->count; i++) {
		merge->columns[i] = columns->all[i].column;
		merge->other[i] = columns->all[i].other;
	}
	merge->keys = columns->keys;
	merge->key_count = columns->key_count;
}

/* A number in front of the columns, and what is behind them. */
static unsigned
count_fields(const struct rc_import_row *row)
{
	unsigned count = row->staged ? 1 + (unsigned)row->merge->records : 0;
	bool other = false;

	for (size_t i = 0; i < row->columns->count; i++) {
		count += !row->columns->all[i].other;
		other |= row->columns->all[i].other;
	}
	return count + other;
}

/* The COPY straight into the table; one of no columns has no list of them. */
static void
add_plain_copy(const struct rc_import_row *row, struct rc_buf *sql)
{
	rc_buf_printf(sql, "copy %s", row->columns->table->relation.sql);
	for (size_t i = 0; i < row->columns->count; i++) {
		rc_buf_add_text(sql, i == 0 ? " (" : ", ");
		rc_session_add_identifier(row->merge->session, sql, row->columns->all[i].column->name);
	}
	rc_buf_printf(sql, "%s from stdin (format binary)", row->columns->count > 0 ? ")" : "");
}

PGresult *
rc_import_row_begin(struct rc_import_row *row)
{
	struct rc_buf sql = {0};
	PGresult *error;

	row->staged = needs_stage(row);
	if (row->staged) {
		fill_merge(row);
		rc_merge_create(row->merge, &sql);
	} else {
		add_plain_copy(row, &sql);
	}
	row->fields = count_fields(row);
	row->count = 0;
	row->ascending = true;
	error = rc_copy_in_start(&row->copy, row->merge->session, rc_buf_text(&sql));
	rc_buf_free(&sql);
	return error;
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

PGresult *
rc_import_row_end(struct rc_import_row *row, unsigned long long *number)
{
	PGresult *error = rc_copy_in_end(&row->copy);

	*number = error == NULL ? 0 : row_of_copy(error);
	return error;
}

void
rc_import_row_free(struct rc_import_row *row)
{
	rc_copy_in_free(&row->copy);
	rc_buf_free(&row->other);
	rc_buf_free(&row->key);
	rc_buf_free(&row->last_key);
}

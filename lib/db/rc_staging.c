#include "rc_staging.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rc_row_encode.h"
#include "rc_row_wire.h"

enum { TEXT_OID = 25 };	/* pg_type.dat */

/* Takes the columns but that for problems, which is the last of a row. */
static void
take_columns(struct rc_staging *staging)
{
	const struct rc_table *table = &staging->table;

	staging->columns = rc_alloc(rc_size_mul(table->column_count + 1, sizeof *staging->columns));
	staging->count = 0;
	for (size_t i = 0; i < table->column_count; i++) {
		const struct rc_table_column *column = &table->columns[i];
		struct rc_row_shape shape = rc_row_shape_of(column->type);

		if (column->is_generated || (staging->problem != NULL && strcmp(column->name, staging->problem) == 0))
			continue;
		if (shape.kind == RC_ROW_OTHER)
			rc_die(RC_FATAL, "%s: '%s' is of a type that only the server reads", staging->table_name, column->name);
		staging->columns[staging->count++] = (struct rc_staging_column){
			.name = column->name,
			.target = { .shape = shape, .typmod = column->typmod, .dimensions = column->dimensions },
			.takes_numbers = column->type == TEXT_OID,
		};
	}
	if (staging->problem == NULL)
		return;
	if (rc_table_find(table, staging->problem, strlen(staging->problem)) == NULL)
		rc_die(RC_FATAL, "%s has no column '%s'", staging->table_name, staging->problem);
	staging->has_problem = true;
}

void
rc_staging_begin(struct rc_staging *staging)
{
	struct rc_buf sql = {0};
	PGresult *error;

	rc_table_read(&staging->table, staging->session, staging->table_name);
	take_columns(staging);
	rc_buf_printf(&sql, "copy %s (", staging->table.relation.sql);
	for (size_t i = 0; i < staging->count; i++) {
		rc_buf_add_text(&sql, i == 0 ? "" : ", ");
		rc_session_add_identifier(staging->session, &sql, staging->columns[i].name);
	}
	if (staging->has_problem) {
		rc_buf_add_text(&sql, staging->count == 0 ? "" : ", ");
		rc_session_add_identifier(staging->session, &sql, staging->problem);
	}
	rc_buf_add_text(&sql, ") from stdin (format binary)");
	error = rc_copy_in_start(&staging->copy, staging->session, rc_buf_text(&sql));
	if (error != NULL)
		rc_session_die(staging->session, error, staging->table_name);
	rc_buf_free(&sql);
}

/* Notes where the record has the columns. */
static void
map(struct rc_staging *staging, const struct rc_record *record)
{
	for (size_t i = 0; i < staging->count; i++) {
		const struct rc_json_field *field = rc_json_find(&record->object, staging->columns[i].name);

		staging->columns[i].field = field == NULL ? SIZE_MAX : (size_t)(field - record->object.fields);
	}
	staging->mapped = true;
}

static bool
is_number(const struct rc_json_field *field)
{
	return *field->value == '-' || (*field->value >= '0' && *field->value <= '9');
}

/* Adds the column's field; false, with the staging's error set, where it can't hold the value. */
static bool
add_value(struct rc_staging *staging, const struct rc_staging_column *column, const struct rc_json_field *field)
{
	struct rc_buf *rows = &staging->copy.rows;
	struct rc_row_error error;
	size_t before = rows->length;

	if (column->takes_numbers && is_number(field)) {
		before = rc_field_begin(rows);
		rc_buf_add(rows, field->value, field->value_length);
		rc_field_end(rows, before);
		return true;
	}
	if (rc_row_encode(&column->target, field->value, field->value_length, rows, &error))
		return true;
	rows->length = before;
	if (staging->wrong == NULL) {
		staging->wrong = column->name;
		staging->error = error;
	}
	return false;
}

static void
add_problem(struct rc_staging *staging)
{
	struct rc_buf *rows = &staging->copy.rows;
	size_t from;

	if (staging->wrong == NULL) {
		rc_field_add_null(rows);
		return;
	}
	from = rc_field_begin(rows);
	rc_buf_add_text(rows, staging->wrong);
	rc_buf_add_text(rows, ": ");
	rc_buf_add_text(rows, staging->error.message);
	rc_field_end(rows, from);
}

bool
rc_staging_add(struct rc_staging *staging, const struct rc_input *in, const struct rc_record *record)
{
	struct rc_buf *rows = &staging->copy.rows;

	if (!staging->mapped || !record->object.same_names)
		map(staging, record);
	staging->wrong = NULL;
	rc_put16(rc_buf_reserve(rows, 2), (unsigned)(staging->count + staging->has_problem));
	rows->length += 2;
	for (size_t i = 0; i < staging->count; i++) {
		const struct rc_staging_column *column = &staging->columns[i];

		if (column->field == SIZE_MAX) {
			rc_field_add_null(rows);
		} else if (!add_value(staging, column, &record->object.fields[column->field])) {
			if (!staging->has_problem)
				rc_input_fail(in, "'%s': %s", staging->wrong, staging->error.message);
			rc_field_add_null(rows);
		}
	}
	if (staging->has_problem)
		add_problem(staging);
	return rc_copy_in_flush(&staging->copy);
}

void
rc_staging_end(struct rc_staging *staging)
{
	PGresult *error = rc_copy_in_end(&staging->copy);

	if (error != NULL)
		rc_session_die(staging->session, error, staging->table_name);
}

void
rc_staging_free(struct rc_staging *staging)
{
	rc_copy_in_free(&staging->copy);
	rc_table_free(&staging->table);
	free(staging->columns);
}

#include "rc_merge_sql.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rc_result.h"

bool
rc_merge_is_key(const struct rc_merge *merge, const struct rc_table_column *column)
{
	for (size_t i = 0; i < merge->key_count; i++)
		if (strcmp(merge->keys[i].column, column->name) == 0)
			return true;
	return false;
}

/* Whether an update may write it: the server itself makes up an identity that is GENERATED ALWAYS. */
static bool
is_set(const struct rc_merge *merge, size_t i)
{
	return !rc_merge_is_key(merge, merge->columns[i]) && !merge->columns[i]->always_identity;
}

bool
rc_merge_sets_any(const struct rc_merge *merge)
{
	for (size_t i = 0; i < merge->column_count; i++)
		if (is_set(merge, i))
			return true;
	return false;
}

void
rc_merge_add_name(const struct rc_merge *merge, struct rc_buf *sql, const char *prefix, const char *name)
{
	rc_buf_add_text(sql, prefix);
	rc_session_add_identifier(merge->session, sql, name);
}

void
rc_merge_add_source(const struct rc_merge *merge, struct rc_buf *sql, size_t i)
{
	const struct rc_table_column *column = merge->columns[i];

	if (merge->other[i])
		rc_merge_add_name(merge, sql, "o.", column->name);
	else if (strcmp(column->base, column->declared) == 0)
		rc_buf_printf(sql, "s.c%zu", i + 1);
	else
		rc_buf_printf(sql, "s.c%zu::%s", i + 1, column->declared);
}

bool
rc_merge_has_other(const struct rc_merge *merge)
{
	for (size_t i = 0; i < merge->column_count; i++)
		if (merge->other[i])
			return true;
	return false;
}

void
rc_merge_add_from(const struct rc_merge *merge, struct rc_buf *sql)
{
	rc_buf_add_text(sql, "pg_temp.rc_import s");
	if (rc_merge_has_other(merge))
		rc_buf_add_text(sql, " cross join lateral pg_catalog.json_populate_record(null::pg_temp.rc_import_other, s.other) o");
}

void
rc_merge_add_same_key(const struct rc_merge *merge, struct rc_buf *sql)
{
	for (size_t k = 0; k < merge->key_count; k++) {
		rc_merge_add_name(merge, sql, k == 0 ? "t." : " and t.", merge->keys[k].column);
		rc_buf_printf(sql, " %s ", merge->keys[k].equals);
		for (size_t i = 0; i < merge->column_count; i++)
			if (strcmp(merge->columns[i]->name, merge->keys[k].column) == 0)
				rc_merge_add_source(merge, sql, i);
	}
}

void
rc_merge_add_comparison(const struct rc_merge *merge, struct rc_buf *sql, const char *function, enum rc_merge_side side)
{
	const char *comma = "";

	rc_buf_printf(sql, "pg_catalog.%s(row(", function);
	for (size_t i = 0; i < merge->column_count; i++)
		if (is_set(merge, i)) {
			rc_buf_add_text(sql, comma);
			rc_merge_add_name(merge, sql, "t.", merge->columns[i]->name);
			comma = ", ";
		}
	rc_buf_add_text(sql, "), row(");
	comma = "";
	for (size_t i = 0; i < merge->column_count; i++)
		if (is_set(merge, i)) {
			rc_buf_add_text(sql, comma);
			if (side == RC_MERGE_EXCLUDED)
				rc_merge_add_name(merge, sql, "excluded.", merge->columns[i]->name);
			else
				rc_merge_add_source(merge, sql, i);
			comma = ", ";
		}
	rc_buf_add_text(sql, "))");
}

void
rc_merge_add_assignments(const struct rc_merge *merge, struct rc_buf *sql, enum rc_merge_side side)
{
	const char *comma = "";

	for (size_t i = 0; i < merge->column_count; i++)
		if (is_set(merge, i)) {
			rc_merge_add_name(merge, sql, comma, merge->columns[i]->name);
			rc_buf_add_text(sql, " = ");
			if (side == RC_MERGE_EXCLUDED)
				rc_merge_add_name(merge, sql, "excluded.", merge->columns[i]->name);
			else
				rc_merge_add_source(merge, sql, i);
			comma = ", ";
		}
}

void
rc_merge_add_range(struct rc_buf *sql, const char *word, unsigned long long from, unsigned long long to)
{
	if (from > 0 || to < ULLONG_MAX)
		rc_buf_printf(sql, " %s s.line operator(pg_catalog.>=) %llu::pg_catalog.int8 and s.line operator(pg_catalog.<=) %llu::pg_catalog.int8",
		    word, from, to == ULLONG_MAX ? (unsigned long long)LLONG_MAX : to);
}

void
rc_merge_add_differs(const struct rc_merge *merge, struct rc_buf *sql)
{
	bool there = merge->mode == RC_MERGE_UPDATE;

	rc_buf_printf(sql, "%s (select from %s t where ", there ? "exists" : "not exists", merge->table->relation.sql);
	rc_merge_add_same_key(merge, sql);
	rc_buf_add_text(sql, " and ");
	rc_merge_add_comparison(merge, sql, there ? "record_image_ne" : "record_image_eq", RC_MERGE_SOURCE);
	rc_buf_add_text(sql, ")");
}

unsigned long long
rc_merge_count(const struct rc_merge *merge, struct rc_buf *sql)
{
	PGresult *result = rc_session_query(merge->session, "the count", rc_buf_text(sql), NULL);
	unsigned long long count = strtoull(rc_result_text(result, 0, 0), NULL, 10);

	PQclear(result);
	rc_buf_free(sql);
	return count;
}

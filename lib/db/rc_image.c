#include "rc_image.h"

#include <string.h>

static bool
is_key(const struct rc_table *table, const struct rc_table_column *column)
{
	for (size_t i = 0; i < table->key_count; i++)
		if (table->keys[i].primary && strcmp(table->keys[i].column, column->name) == 0)
			return true;
	return false;
}

static bool
is_of(const struct rc_table *table, const struct rc_table_column *column, enum rc_image_columns columns)
{
	switch (columns) {
	case RC_IMAGE_ALL: return true;
	case RC_IMAGE_KEY: return is_key(table, column);
	case RC_IMAGE_INSERTED: return !column->is_generated;
	case RC_IMAGE_UPDATED: return !column->is_generated && !column->always_identity;
	}
	return false;
}

void
rc_image_need_key(const struct rc_table *table, const char *name)
{
	if (table->key_count == 0 || !table->keys[0].primary)
		rc_die(RC_FATAL, "%s: it has no primary key any more", name);
}

static void
add_name(const struct rc_image *image, struct rc_buf *sql, const char *prefix, const char *name)
{
	rc_buf_add_text(sql, prefix);
	rc_session_add_identifier(image->session, sql, name);
}

static void
add_value(const struct rc_image *image, struct rc_buf *sql, const char *alias, const struct rc_table_column *column)
{
	rc_buf_printf(sql, "%s.", alias);
	add_name(image, sql, "", column->name);
	rc_buf_printf(sql, "::%s", column->declared);
}

void
rc_image_add_record(const struct rc_image *image, struct rc_buf *sql, const char *source, const char *alias, bool key_only)
{
	const char *comma = "";

	rc_buf_printf(sql, " cross join lateral pg_catalog.json_to_record(u.%s) as %s (", source, alias);
	for (size_t i = 0; i < image->table->column_count; i++) {
		if (!is_of(image->table, &image->table->columns[i], key_only ? RC_IMAGE_KEY : RC_IMAGE_ALL))
			continue;
		add_name(image, sql, comma, image->table->columns[i].name);
		rc_buf_add_text(sql, " pg_catalog.text");
		comma = ", ";
	}
	rc_buf_add_text(sql, ")");
}

void
rc_image_add_same_key(const struct rc_image *image, struct rc_buf *sql, const char *alias)
{
	const struct rc_table *table = image->table;
	const char *word = "t.";

	for (size_t i = 0; i < table->key_count; i++) {
		if (!table->keys[i].primary)
			continue;
		add_name(image, sql, word, table->keys[i].column);
		rc_buf_printf(sql, " %s ", table->keys[i].equals);
		add_value(image, sql, alias, rc_table_find(table, table->keys[i].column, strlen(table->keys[i].column)));
		word = " and t.";
	}
}

void
rc_image_add_same_row(const struct rc_image *image, struct rc_buf *sql, const char *alias)
{
	rc_buf_add_text(sql, "pg_catalog.record_image_eq(row(");
	for (size_t i = 0; i < image->table->column_count; i++)
		add_name(image, sql, i == 0 ? "t." : ", t.", image->table->columns[i].name);
	rc_buf_add_text(sql, "), row(");
	rc_image_add_values(image, sql, RC_IMAGE_ALL, alias);
	rc_buf_add_text(sql, "))");
}

bool
rc_image_add_names(const struct rc_image *image, struct rc_buf *sql, enum rc_image_columns columns)
{
	const char *comma = "";

	for (size_t i = 0; i < image->table->column_count; i++)
		if (is_of(image->table, &image->table->columns[i], columns)) {
			add_name(image, sql, comma, image->table->columns[i].name);
			comma = ", ";
		}
	return *comma != '\0';
}

void
rc_image_add_values(const struct rc_image *image, struct rc_buf *sql, enum rc_image_columns columns, const char *alias)
{
	const char *comma = "";

	for (size_t i = 0; i < image->table->column_count; i++)
		if (is_of(image->table, &image->table->columns[i], columns)) {
			rc_buf_add_text(sql, comma);
			add_value(image, sql, alias, &image->table->columns[i]);
			comma = ", ";
		}
}

bool
rc_image_add_assignments(const struct rc_image *image, struct rc_buf *sql, const char *alias)
{
	const char *comma = "";

	for (size_t i = 0; i < image->table->column_count; i++)
		if (is_of(image->table, &image->table->columns[i], RC_IMAGE_UPDATED)) {
			add_name(image, sql, comma, image->table->columns[i].name);
			rc_buf_add_text(sql, " = ");
			add_value(image, sql, alias, &image->table->columns[i]);
			comma = ", ";
		}
	return *comma != '\0';
}

#include "rc_import_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_name_list.h"

static const char *
near_column(const struct rc_import_columns *set, const char *name, size_t length)
{
	const char **names = rc_alloc(rc_size_mul(set->table->column_count + 1, sizeof *names));
	const char *near;

	for (size_t i = 0; i < set->table->column_count; i++)
		names[i] = set->table->columns[i].name;
	near = rc_table_near(name, length, names, set->table->column_count);
	free(names);
	return near;
}

/* Says in ERROR that the table has no such column. */
static void
refuse_name(const struct rc_import_columns *set, const char *name, size_t length, struct rc_row_error *error)
{
	const char *near = near_column(set, name, length);

	error->sqlstate = "42703";
	if (near != NULL)
		snprintf(error->message, sizeof error->message, "the table has no such column; is '%s' meant?", near);
	else
		snprintf(error->message, sizeof error->message, "the table has no such column");
}

const struct rc_table_column *
rc_import_columns_need(const struct rc_import_columns *set, const char *option, const struct rc_buf *name)
{
	const struct rc_table_column *column = rc_table_find(set->table, name->bytes, name->length);
	struct rc_row_error error;

	if (column != NULL)
		return column;
	refuse_name(set, name->bytes, name->length, &error);
	rc_die(RC_FATAL, "%s: '%.*s': %s", option, (int)name->length, name->bytes, error.message);
}

/* Whether the index that begins at key I, of COUNT columns, has just those of --key. */
static bool
is_wanted(const struct rc_import_columns *set, size_t i, size_t count)
{
	if (set->key_names == NULL)
		return set->table->keys[i].primary;
	if (count != rc_name_list_length(set->key_names))
		return false;
	for (size_t k = i; k < i + count; k++)
		if (!rc_name_list_has(set->key_names, set->table->keys[k].column))
			return false;
	return true;
}

/* A view has no index: the columns of --key are taken as they are given. */
static void
take_key_of_view(struct rc_import_columns *set)
{
	const char *list = set->key_names == NULL ? "" : set->key_names;
	struct rc_table_key *keys = rc_arena_alloc(&set->table->arena, rc_size_mul(rc_name_list_length(list) + 1, sizeof *keys));
	struct rc_buf name = {0};

	while (rc_name_list_next(&list, &name))
		keys[set->key_count++] = (struct rc_table_key){ .column = rc_import_columns_need(set, "--key", &name)->name, .equals = "operator(pg_catalog.=)" };
	set->keys = keys;
	rc_buf_free(&name);
}

static void
find_key(struct rc_import_columns *set)
{
	const char *list = set->key_names == NULL ? "" : set->key_names;
	struct rc_buf name = {0};

	while (rc_name_list_next(&list, &name))
		rc_import_columns_need(set, "--key", &name);
	rc_buf_free(&name);
	set->key_count = 0;
	if (strchr("vf", set->table->relation.kind) != NULL)
		take_key_of_view(set);
	for (size_t i = 0, next; i < set->table->key_count && set->key_count == 0; i = next) {
		for (next = i; next < set->table->key_count && set->table->keys[next].index == set->table->keys[i].index; )
			next++;
		if (is_wanted(set, i, next - i)) {
			set->keys = &set->table->keys[i];
			set->key_count = next - i;
		}
	}
	if (set->key_count > 0)
		return;
	if (set->key_names == NULL)
		rc_die(RC_FATAL, "%s has no primary key: --key must name the columns of a unique index", set->table_name);
	rc_die(RC_FATAL, "%s has no unique index on just %s that ON CONFLICT can use", set->table_name, set->key_names);
}

static bool
is_key(const struct rc_import_columns *set, const char *name)
{
	for (size_t i = 0; i < set->key_count; i++)
		if (strcmp(set->keys[i].column, name) == 0)
			return true;
	return false;
}

static void
add_column(struct rc_import_columns *set, const struct rc_table_column *column)
{
	struct rc_row_shape shape = rc_row_shape_of(column->type);

	set->all[set->count++] = (struct rc_import_column){
		.column = column,
		.target = { .shape = shape, .typmod = column->typmod, .dimensions = column->dimensions },
		.other = shape.kind == RC_ROW_OTHER,
		.is_key = is_key(set, column->name),
	};
}

static void
clear_columns(struct rc_import_columns *set)
{
	free(set->all);
	set->all = rc_alloc(rc_size_mul(set->table->column_count + 1, sizeof *set->all));
	set->count = 0;
	set->mapped = false;
}

static bool
has_column(const struct rc_import_columns *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->all[i].column->name, name) == 0)
			return true;
	return false;
}

/* What is wrong with the columns as a whole, in ERROR and NAME; NULL where nothing is. */
static const char *
check_columns(const struct rc_import_columns *set, struct rc_row_error *error)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->all[i].column->is_generated) {
			*error = (struct rc_row_error){ "428C9", "the server makes up the column: leave it out" };
			return set->all[i].column->name;
		}
	for (size_t i = 0; i < set->key_count; i++)
		if (!has_column(set, set->keys[i].column)) {
			*error = (struct rc_row_error){ "42703", "the field is missing, and is of the key" };
			return set->keys[i].column;
		}
	for (size_t i = 0; i < set->table->column_count && rc_import_columns_insert(set); i++) {
		const struct rc_table_column *column = &set->table->columns[i];

		if (column->not_null && !column->has_default && !column->is_generated && !has_column(set, column->name)) {
			*error = (struct rc_row_error){ "23502", "the field is missing, and the column is NOT NULL and has no default" };
			return column->name;
		}
	}
	return NULL;
}

static void
take_listed_columns(struct rc_import_columns *set)
{
	const char *list = set->column_names, *bad;
	struct rc_row_error error;
	struct rc_buf name = {0};

	while (rc_name_list_next(&list, &name)) {
		const struct rc_table_column *column = rc_import_columns_need(set, "--columns", &name);

		if (has_column(set, column->name))
			rc_die(RC_FATAL, "--columns: '%s' stands there twice", column->name);
		add_column(set, column);
	}
	rc_buf_free(&name);
	if ((bad = check_columns(set, &error)) != NULL)
		rc_die(RC_FATAL, "--columns: '%s': %s", bad, error.message);
}

/* Keeps the names for the next transaction: where a batch ends must not change what the columns are. */
static void
keep_first(struct rc_import_columns *set)
{
	set->first = rc_alloc(rc_size_mul(set->count + 1, sizeof *set->first));
	for (size_t i = 0; i < set->count; i++)
		set->first[i] = rc_strndup(set->all[i].column->name, strlen(set->all[i].column->name));
	set->first_count = set->count;
	set->has_first = true;
}

static void
take_first_again(struct rc_import_columns *set)
{
	const char *bad = NULL;
	struct rc_row_error error;

	for (size_t i = 0; i < set->first_count && bad == NULL; i++) {
		const struct rc_table_column *column = rc_table_find(set->table, set->first[i], strlen(set->first[i]));

		if (column == NULL) {
			refuse_name(set, set->first[i], strlen(set->first[i]), &error);
			bad = set->first[i];
		} else {
			add_column(set, column);
		}
	}
	if (bad != NULL || (bad = check_columns(set, &error)) != NULL)
		rc_die(RC_FATAL, "%s: was changed meanwhile: '%s': %s", set->table_name, bad, error.message);
}

bool
rc_import_columns_known(const struct rc_import_columns *set)
{
	return set->column_names != NULL || set->has_first;
}

const char *
rc_import_columns_take(struct rc_import_columns *set, struct rc_record *record, struct rc_row_error *error)
{
	const char *bad;

	clear_columns(set);
	for (size_t i = 0; i < record->object.count; i++) {
		const struct rc_json_field *field = &record->object.fields[i];
		const struct rc_table_column *column = rc_table_find(set->table, field->name, field->name_length);

		if (column == NULL) {
			refuse_name(set, field->name, field->name_length, error);
			return rc_arena_copy(&record->arena, field->name, field->name_length);
		}
		add_column(set, column);
	}
	if ((bad = check_columns(set, error)) == NULL)
		keep_first(set);
	return bad;
}

const char *
rc_import_columns_map(struct rc_import_columns *set, struct rc_record *record, struct rc_row_error *error)
{
	const struct rc_json_object *object = &record->object;

	set->mapped = false;
	for (size_t i = 0; set->column_names == NULL && i < object->count; i++) {
		const struct rc_json_field *field = &object->fields[i];
		const struct rc_table_column *column = rc_table_find(set->table, field->name, field->name_length);

		if (column == NULL)
			refuse_name(set, field->name, field->name_length, error);
		else if (!has_column(set, column->name))
			*error = (struct rc_row_error){ "42703", "the first record has no such field" };
		else
			continue;
		return rc_arena_copy(&record->arena, field->name, field->name_length);
	}
	for (size_t i = 0; i < set->count; i++) {
		const char *name = set->all[i].column->name;
		const struct rc_json_field *field = rc_json_find(object, name);

		if (field == NULL) {
			*error = (struct rc_row_error){ "42703", "the field is missing" };
			return name;
		}
		set->all[i].field = (size_t)(field - object->fields);
	}
	set->mapped = true;
	return NULL;
}

void
rc_import_columns_take_key(struct rc_import_columns *set)
{
	if (rc_import_columns_known(set))
		return;
	clear_columns(set);
	for (size_t i = 0; i < set->key_count; i++)
		add_column(set, rc_table_find(set->table, set->keys[i].column, strlen(set->keys[i].column)));
}

bool
rc_import_columns_insert(const struct rc_import_columns *set)
{
	return set->adds && !set->table->insert_trigger;
}

void
rc_import_columns_begin(struct rc_import_columns *set)
{
	if (set->by_key)
		find_key(set);
	clear_columns(set);
	if (set->column_names != NULL)
		take_listed_columns(set);
	else if (set->has_first)
		take_first_again(set);
}

void
rc_import_columns_free(struct rc_import_columns *set)
{
	free(set->all);
	set->all = NULL;
	for (size_t i = 0; i < set->first_count; i++)
		free(set->first[i]);
	free(set->first);
	set->first = NULL;
	set->first_count = 0;
}

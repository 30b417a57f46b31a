/*
 * rc_import_columns - which columns of a table records have, and which are the key
 *
 * Names are the catalogue's, letter by letter: one that is unknown, missing or
 * generated is refused, with the name that may be meant.
 */
#ifndef RC_IMPORT_COLUMNS_H
#define RC_IMPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_record.h"
#include "rc_row_field.h"
#include "rc_table.h"

/* What a column of the records is, and where it stands in them. */
struct rc_import_column {
	const struct rc_table_column *column;
	struct rc_row_target target;
	bool other;		/* the server reads it */
	bool is_key;
	size_t field;		/* of the record that was looked at last */
	size_t at, end;		/* its bytes in the row that was made last */
	bool numbered;		/* has a highest number */
	long long highest;	/* of the rows that were made */
};

struct rc_import_columns {
	/* set by the caller, who owns them */
	struct rc_table *table;
	const char *table_name;	/* as it was given */
	const char *key_names, *column_names;	/* of --key and --columns, or NULL */
	bool adds;		/* rows that are not there may be added */
	bool by_key;		/* rows are known by a key */

	char **first;		/* the names that the first record has, in its order, once it was taken */
	size_t first_count;
	bool has_first;
	struct rc_import_column *all;
	size_t count;
	bool mapped;		/* the columns' fields are those of the names seen last */
	const struct rc_table_key *keys;	/* of the index, in the table's arena */
	size_t key_count;
};

/*
 * After the table was read: finds the key, and takes the columns of --columns,
 * or those that the first record had where there was one in a transaction
 * before.  Ends the process where there is no such key or column.
 */
void rc_import_columns_begin(struct rc_import_columns *set);
void rc_import_columns_free(struct rc_import_columns *set);

/* The column that OPTION names; ends the process where there is none. */
const struct rc_table_column *rc_import_columns_need(const struct rc_import_columns *set, const char *option, const struct rc_buf *name);

/* Whether the columns are known: by --columns, or because a first record was taken. */
bool rc_import_columns_known(const struct rc_import_columns *set);

/* The columns are those of the first record's fields, in their order; NULL, or else the field that is wrong, and ERROR. */
const char *rc_import_columns_take(struct rc_import_columns *set, struct rc_record *record, struct rc_row_error *error);

/* Where there is no record, and no --columns: the columns are those of the key. */
void rc_import_columns_take_key(struct rc_import_columns *set);

/* Notes in which of the record's fields the columns are; NULL, or else the name that is wrong, and ERROR. */
const char *rc_import_columns_map(struct rc_import_columns *set, struct rc_record *record, struct rc_row_error *error);

/* Whether the table itself takes new rows, and so asks for what it needs: no trigger stands between that may fill it in. */
bool rc_import_columns_insert(const struct rc_import_columns *set);

#endif

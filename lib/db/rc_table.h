/*
 * rc_table - a table, view or foreign table as the catalogue has it
 *
 * What a program must know before it writes rows: the columns with their base
 * types, the keys, and what stands in the way.
 */
#ifndef RC_TABLE_H
#define RC_TABLE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_mem.h"
#include "rc_relation.h"
#include "rc_session.h"

struct rc_table_column {
	const char *name;
	Oid type;		/* of a domain its base type */
	int typmod, dimensions;
	const char *base, *declared;	/* the types as SQL: the base type, and the column's own, which may be a domain */
	bool not_null, has_default, is_identity, always_identity, is_generated;
};

/* One column of a unique index that ON CONFLICT can use, with its operator of equality as SQL. */
struct rc_table_key {
	const char *column, *equals;
	Oid index;
	bool primary;
};

struct rc_table {
	struct rc_relation relation;
	bool row_security;	/* policies hold for this role */
	bool insert_trigger;	/* row by row, BEFORE or INSTEAD OF */
	bool insert_rule;
	bool triggers;		/* of any kind, those of foreign keys too */
	bool keepers;		/* triggers or rules that may keep a row out, those of partitions too; what is below a view is not known */
	bool may_share_keys;	/* no index keeps two rows from having one key: a view, a foreign table, one with child tables */
	struct rc_table_column *columns;
	size_t column_count;
	struct rc_table_key *keys;	/* index by index, the primary key first */
	size_t key_count;
	struct rc_arena arena;
};

/*
 * Reads the catalogue on the table of that name (rc_relation_find()), in a
 * transaction.  TABLE is {0} or was freed.  Ends the process where there is
 * none that rows can be written into.
 */
void rc_table_read(struct rc_table *table, struct rc_session *session, const char *name);
void rc_table_free(struct rc_table *table);

/* The column of that name, or NULL. */
const struct rc_table_column *rc_table_find(const struct rc_table *table, const char *name, size_t length);

/* Of the names the one that NAME may have been meant as (other case, one or two letters), or NULL. */
const char *rc_table_near(const char *name, size_t length, const char *const *names, size_t count);

#endif

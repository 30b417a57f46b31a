/*
 * rc_capture_table - a table that is watched, and the rows that the change itself makes
 *
 * For rc_capture.c.
 */
#ifndef RC_CAPTURE_TABLE_H
#define RC_CAPTURE_TABLE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_capture.h"
#include "rc_relation.h"
#include "rc_str.h"

#define RC_CAPTURE_NAME "rc_capture"	/* begins the names of all that is made for the capture */

/* A column, as it is stored for a row before (b1, b2 ...) and after the change (a1, a2 ...). */
struct rc_capture_column {
	char *name, *sql;	/* UTF-8; as SQL */
	char *label;		/* `"name":`, as a literal of SQL */
	Oid type;		/* what is stored */
	bool as_text;		/* of a type that the row decoder does not read, or would not give as one string */
	bool is_scalar;		/* of a number or moment of a fixed size: whether two differ is known at a glance */
	long place;		/* in the key, from 1; 0: not in it */
};

/* A table that is watched, and what must be known of it. */
struct rc_capture_table {
	struct rc_relation relation;
	struct rc_capture_column *columns;
	size_t count, key_count;
	size_t key;		/* a column of the key: it is not null in a row that there is */
	char *texts;		/* what is selected for the text of a row: names, and casts to text */
	PGresult *parts;	/* it and its partitions or children, as SQL */
	bool has_new;		/* at the end: rows were inserted */
};

/* ---- rc_capture.c ---- */

/* What must be known of the table whose relation was found. */
void rc_capture_read_table(struct rc_capture *capture, struct rc_capture_table *table, const char *name);

/* Where the rows of the table NUMBER, counted from 1, go: (step, b1, b2 ..., a1, a2 ...). */
void rc_capture_add_store(struct rc_buf *sql, const struct rc_capture_table *table, size_t number);

/* The beginning of an insertion into the store, of the halves that LETTERS say; and the columns of the rows ALIAS for it, with names that LETTER begins, or none. */
void rc_capture_add_insertion(struct rc_buf *sql, const struct rc_capture_table *table, size_t number, const char *letters);
void rc_capture_add_stored(struct rc_buf *sql, const struct rc_capture_table *table, char alias, char letter);

/* ---- rc_capture_guard.c ---- */

/* Whether another table's triggers watch the table I: it is named twice, or is a part of one that is named. */
bool rc_capture_is_twice(const struct rc_capture *capture, size_t i);

/* Adds what sees, beside the triggers, that something was changed which they do not see; and what takes it away. */
void rc_capture_add_guards(struct rc_buf *sql, struct rc_capture *capture);
void rc_capture_add_guards_away(struct rc_buf *sql, const struct rc_capture *capture);

/* At the end: ends the process where such a thing was done.  TRIGGERS is how many there must be. */
void rc_capture_check_guards(const struct rc_capture *capture, long triggers);

/* ---- rc_capture_made.c ---- */

/* The tables that were not there at the begin are watched, too, from the end on: all their rows are new. */
void rc_capture_take_awaited(struct rc_capture *capture);

/* Looks which tables have new rows, by the notes of their triggers. */
void rc_capture_look_for_new(struct rc_capture *capture);

/*
 * Adds a condition on the stored rows C behind WORD, where or and: not of one that the change has made
 * before.  Nothing where there is none: it costs another pass over them.
 */
void rc_capture_add_first_only(struct rc_buf *sql, const struct rc_capture_table *table, size_t number, const char *word);

#endif

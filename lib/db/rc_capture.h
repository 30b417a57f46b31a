/*
 * rc_capture - each row that a transaction changes, as it was and as it is then
 *
 * Triggers of the statement, whose transition tables hold both, are put on the
 * tables for this transaction alone and are gone before it commits: so what the
 * tables' own triggers and foreign keys change is caught as well.  That needs
 * the owner's role, and until the transaction's end others may read the tables
 * but not write them (SHARE ROW EXCLUSIVE).  They fire always, whatever
 * session_replication_role is.  At the end the server's own counts tell whether
 * any other table was changed, and its files whether one was truncated.
 *
 * A table that is not there yet may be made by the change; then all that it
 * has at the end is new.
 *
 * A row comes as
 *
 *   {"step":N,"table":"SCHEMA.NAME","key":{...},"before":{...}|null,"after":{...}|null}
 *
 * where steps are the statements in their order, and a value is that of
 * to_json; but of json, arrays, and all types that are not PostgreSQL's own it
 * is their text as a string, from which they can be made again as they were.
 */
#ifndef RC_CAPTURE_H
#define RC_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_output.h"
#include "rc_session.h"

enum { RC_CAPTURE_TABLES_MAX = 64 };

/* Settings of a function that makes the texts of rows, which no setting of a role or database may change. */
#define RC_CAPTURE_SETTINGS " set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' set intervalstyle = 'postgres'" \
	" set lc_monetary = 'C' set bytea_output = 'hex' set extra_float_digits = '1' set timezone = 'UTC' set work_mem = '128MB' set enable_mergejoin = off set jit = off"

/* The digest of a row's text, as SQL. */
#define RC_CAPTURE_DIGEST(text) "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(" text ", 'UTF8')), 'hex')"

/* {0} has no tables; free with rc_capture_free(). */
struct rc_capture {
	const char *names[RC_CAPTURE_TABLES_MAX];	/* as the user gives them */
	size_t count;
	bool by_option;		/* they are those of --watch, so that a message may ask for one more */

	const char *awaited[RC_CAPTURE_TABLES_MAX];	/* those of them that were not there at the begin; the last of the tables at the end */
	size_t awaited_count;

	struct rc_session *session;	/* from here on not for the caller */
	struct rc_capture_table *tables;
	char *watched;			/* the oids, partitions too, as an array's text */
	PGresult *above;		/* what they are parts of and is not watched, as SQL */
};

/* One more table to watch; ends the process where there are too many. */
void rc_capture_add(struct rc_capture *capture, const char *name);

/* In the transaction that has begun, before anything is changed; ends the process where a table can't be watched. */
void rc_capture_begin(struct rc_capture *capture, struct rc_session *session);

/*
 * After the deferred constraints were checked: ends the process where a table
 * that is not watched was changed, and takes the triggers away.  The rows stay
 * in temporary tables, and settings for the text of values are local, to the
 * transaction's end.
 */
void rc_capture_end(struct rc_capture *capture);

/* Of a table, after rc_capture_begin(): its name as SQL, its oid, and the columns that its text is made of, as SQL. */
const char *rc_capture_table_name(const struct rc_capture *capture, size_t i);
const char *rc_capture_table_oid(const struct rc_capture *capture, size_t i);
const char *rc_capture_table_columns(const struct rc_capture *capture, size_t i);

/*
 * Adds a query of the rows, in brackets: relation (its oid), key (its JSON), step, before (the SHA-256 of its text), is_new,
 * is_gone.  Of a row that this change makes there is only the first.
 */
void rc_capture_add_rows(const struct rc_capture *capture, struct rc_buf *sql);

/* How many rows of a table are new, after rc_capture_end(). */
unsigned long long rc_capture_count_new(const struct rc_capture *capture, size_t i);

/*
 * Writes each row's line, after rc_capture_end().  As digests, before and after
 * are the SHA-256 of their texts, and the lines are those rows.  As what was
 * there, they are {"table","key","before","gone"} of the rows that are not new.
 */
enum rc_capture_form { RC_CAPTURE_ROWS, RC_CAPTURE_DIGESTS, RC_CAPTURE_WHAT_WAS };
void rc_capture_write(struct rc_capture *capture, enum rc_capture_form form, struct rc_output *out);

void rc_capture_free(struct rc_capture *capture);

#endif

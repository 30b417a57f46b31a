/*
 * rc_statement - an SQL file that is run for records, the record being $1::jsonb
 *
 * Its rows come as the text of to_json, one column.  Statements leave nothing
 * behind in a pooler, and none is prepared, run or ended in SQL, which poolers
 * do not understand: where there is one, or the session is a pooler's, it is
 * the session's unnamed one, sent along with its record where another one came
 * between; several in a session that is ours alone have names, which end with
 * it.
 */
#ifndef RC_STATEMENT_H
#define RC_STATEMENT_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_record.h"
#include "rc_session.h"

enum rc_statement_kind {
	RC_QUERY,	/* what may stand in a FROM: it can change nothing by itself */
	RC_ANY,		/* any statement, but none that begins or ends a transaction, and not COPY */
};

struct rc_statement {
	enum rc_statement_kind kind;
	const char *file;
	bool alone;		/* it is the only one that runs in the session */
	bool rows;		/* it returns some; of RC_ANY known once it is prepared */
	char *text;		/* as it stands in the file */
	char *sql;		/* as it is run, or NULL */
	char name[32];		/* "" is the session's unnamed one */
};

/*
 * Reads FILE and checks what can be seen there, or ends the process; free with
 * rc_statement_free().  Of a query no more than LIMIT rows come (0: all).
 */
void rc_statement_read(struct rc_statement *statement, enum rc_statement_kind kind, const char *file, int limit);
void rc_statement_free(struct rc_statement *statement);

/*
 * Prepares it in the transaction that has begun, so that a fault in it is found
 * before a record is read.  NULL, or the server's error, which the caller
 * clears.  A query need not be prepared.
 */
PGresult *rc_statement_prepare(struct rc_statement *statement, struct rc_session *session);

/* Runs it for a record's JSON; any answer of the server's, which the caller clears. */
PGresult *rc_statement_run(const struct rc_statement *statement, struct rc_session *session, const char *json);

/* Runs it likewise, for rc_session_next_row(). */
void rc_statement_start(const struct rc_statement *statement, struct rc_session *session, const char *json);

/*
 * Takes row NUMBER of a result apart into ROW, whose text it becomes; the
 * process ends where it can't be a record (two columns of one name, one named
 * rc_end) or is none at all.
 */
void rc_statement_read_row(const struct rc_statement *statement, const PGresult *result, int number, struct rc_record *row);

#endif

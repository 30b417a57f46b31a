#include "rc_import_apply.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_result.h"
#include "rc_transaction.h"

_Noreturn void
rc_import_die(const struct rc_import_apply *apply, const PGresult *result, unsigned long long row)
{
	struct rc_buf what = {0};
	const char *file;
	unsigned long long line;

	if (rc_import_rejects_place(apply->rejects, row, &file, &line))
		rc_buf_printf(&what, "%s:%llu: ", file, line);
	rc_buf_add_text(&what, apply->table_name);
	rc_session_die(apply->merge->session, result, rc_buf_text(&what));
}

static void
run(const struct rc_import_apply *apply, const char *sql)
{
	PGresult *result = rc_session_query(apply->merge->session, apply->table_name, sql, NULL);

	PQclear(result);
}

/* Takes the rows into the table, or leaves it as it was: then the server's error. */
static PGresult *
try_rows(const struct rc_import_apply *apply, unsigned long long from, unsigned long long to)
{
	const struct rc_merge before = *apply->merge;	/* its counts are taken back with the rows */
	PGresult *error;

	run(apply, "savepoint rc_import");
	if ((error = rc_merge_apply(apply->merge, from, to)) == NULL && apply->reject_errors)
		error = rc_transaction_settle(apply->merge->session);	/* what was put off, too: here the row is known */
	if (error == NULL) {
		run(apply, "release savepoint rc_import");
		return NULL;
	}
	if (rc_sqlstate_class(rc_result_sqlstate(error)) == RC_RETRY)
		rc_import_die(apply, error, 0);
	run(apply, "rollback to savepoint rc_import");
	*apply->merge = before;
	return error;
}

/*
 * Whether the server's error is about what is in a row.  A trigger may raise any
 * code: what is not about the server, and does not come up without rows, is.
 */
static bool
is_of_a_row(const struct rc_import_apply *apply, const PGresult *error)
{
	const char *sqlstate = rc_result_sqlstate(error);
	PGresult *again;

	if (strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0 || strncmp(sqlstate, "44", 2) == 0 || strncmp(sqlstate, "P0", 2) == 0)
		return true;
	if (strncmp(sqlstate, "57", 2) == 0 || strncmp(sqlstate, "58", 2) == 0 || strncmp(sqlstate, "XX", 2) == 0)
		return false;
	if ((again = try_rows(apply, 1, 0)) == NULL)
		return true;
	PQclear(again);
	return false;
}

static void
reject_row(const struct rc_import_apply *apply, const PGresult *error, unsigned long long row)
{
	const char *column = PQresultErrorField(error, PG_DIAG_COLUMN_NAME);
	char number[24];
	const char *value = number;
	struct rc_parameters parameters = { .count = 1, .values = &value };
	struct rc_buf words = {0};
	struct rc_import_fault fault = { .column = column, .code = rc_result_sqlstate(error) };
	PGresult *record;

	rc_import_rejects_place(apply->rejects, row, &fault.file, &fault.line);
	snprintf(number, sizeof number, "%llu", row);
	record = rc_session_query(apply->merge->session, apply->table_name,
	    "select record from pg_temp.rc_import where line operator(pg_catalog.=) $1::pg_catalog.int8", &parameters);
	rc_result_add_line(&words, rc_result_words(error));
	fault.message = rc_buf_text(&words);
	rc_import_reject(apply->rejects, &fault, rc_result_text(record, 0, 0), strlen(rc_result_text(record, 0, 0)));
	PQclear(record);
	rc_buf_free(&words);
}

/* Rows that the server objected to, with its errors. */
struct refused {
	struct refusal {
		unsigned long long row;
		PGresult *error;
	} *all;
	size_t count, room;
};

/* Takes what can be taken of the rows, by halves; the rest is in REFUSED. */
static void
halve(const struct rc_import_apply *apply, unsigned long long from, unsigned long long to, struct refused *refused)
{
	PGresult *error;
	unsigned long long middle = from + (to - from) / 2;

	if (from > to || (error = try_rows(apply, from, to)) == NULL)
		return;
	if (!is_of_a_row(apply, error))
		rc_import_die(apply, error, 0);
	if (from == to) {
		if (!apply->reject_errors)
			rc_import_die(apply, error, from);
		if (refused->count == refused->room) {
			refused->room = refused->room == 0 ? 16 : rc_size_mul(refused->room, 2);
			refused->all = rc_realloc(refused->all, rc_size_mul(refused->room, sizeof *refused->all));
		}
		refused->all[refused->count++] = (struct refusal){ from, error };
		return;
	}
	PQclear(error);
	halve(apply, from, middle, refused);
	halve(apply, middle + 1, to, refused);
}

/* A row may have come before the one that its foreign key points to: tries those again as long as that helps. */
static void
try_again(const struct rc_import_apply *apply, struct refused *refused)
{
	bool helped = true;

	while (helped) {
		size_t kept = 0;

		helped = false;
		for (size_t i = 0; i < refused->count; i++) {
			struct refusal *one = &refused->all[i];

			if (strcmp(rc_result_sqlstate(one->error), "23503") == 0) {
				PGresult *error = try_rows(apply, one->row, one->row);

				PQclear(one->error);
				one->error = error;
				if (error == NULL) {
					helped = true;
					continue;
				}
			}
			refused->all[kept++] = *one;
		}
		refused->count = kept;
	}
}

void
rc_import_apply(const struct rc_import_apply *apply)
{
	struct refused refused = {0};
	PGresult *error = try_rows(apply, 0, ULLONG_MAX);

	if (error == NULL)
		return;
	/* A foreign key may point to a row that comes later: only all together tell that it is wrong, so no half is tried. */
	if (!is_of_a_row(apply, error) || (!apply->reject_errors && strcmp(rc_result_sqlstate(error), "23503") == 0))
		rc_import_die(apply, error, 0);
	PQclear(error);
	run(apply, "create index on pg_temp.rc_import (line)");
	halve(apply, 1, apply->rows, &refused);
	try_again(apply, &refused);
	for (size_t i = 0; i < refused.count; i++) {
		reject_row(apply, refused.all[i].error, refused.all[i].row);
		PQclear(refused.all[i].error);
	}
	free(refused.all);
}

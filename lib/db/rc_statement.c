#include "rc_statement.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_json.h"
#include "rc_json_spell.h"
#include "rc_key.h"
#include "rc_sql.h"

enum { NAME_CHARACTERS = 16 };	/* of chance */

static const Oid types[] = { RC_JSONB };

/* ---- what stands in the file ---- */

/* The first word of a statement, behind blanks and comments. */
static const char *
first_word(const char *sql)
{
	int depth = 0;	/* of comments, which nest */

	for (;;) {
		if (depth == 0 && strncmp(sql, "--", 2) == 0)
			sql += strcspn(sql, "\n");
		else if (strncmp(sql, "/*", 2) == 0)
			sql += 2, depth++;
		else if (depth > 0 && strncmp(sql, "*/", 2) == 0)
			sql += 2, depth--;
		else if (*sql != '\0' && (depth > 0 || strchr(" \t\r\n\f\v;", *sql) != NULL))
			sql++;
		else
			return sql;
	}
}

static bool
is_word(const char *sql, const char *word)
{
	return strspn(sql, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(word) &&
	    strncasecmp(sql, word, strlen(word)) == 0;
}

/* Refuses what would commit a part of the work, on a dry run too, and COPY, whose bytes no one here sends or takes. */
static void
check_first_word(const struct rc_statement *statement)
{
	static const char *const words[] = { "abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start" };
	const char *word = first_word(statement->text);
	bool control = is_word(word, "prepare") && is_word(first_word(word + strlen("prepare")), "transaction");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		control |= is_word(word, words[i]);
	if (control)
		rc_die(RC_FATAL, "%s: a statement that begins or ends a transaction", statement->file);
	if (is_word(word, "copy"))
		rc_die(RC_FATAL, "%s: COPY can't be used here", statement->file);
}

/* What is sent: rows are wanted as JSON.  The newlines end a comment at the statement's end. */
static char *
wrap(const struct rc_statement *statement, int limit)
{
	static const char row[] = "select pg_catalog.to_json(rc_row.*)::pg_catalog.text from";
	struct rc_buf sql = {0};

	if (statement->kind == RC_QUERY)
		rc_buf_printf(&sql, "%s (\n%s\n) as rc_row", row, statement->text);
	else if (statement->rows)
		rc_buf_printf(&sql, "with rc_row as (\n%s\n) %s rc_row", statement->text, row);
	else
		rc_buf_add_text(&sql, statement->text);
	if (limit > 0)
		rc_buf_printf(&sql, " limit %d", limit);
	return rc_buf_text(&sql);
}

void
rc_statement_read(struct rc_statement *statement, enum rc_statement_kind kind, const char *file, int limit)
{
	*statement = (struct rc_statement){ .kind = kind, .file = file, .text = rc_sql_read(file) };
	if (kind == RC_ANY) {
		check_first_word(statement);
		return;
	}
	statement->rows = true;
	statement->sql = wrap(statement, limit);
}

void
rc_statement_free(struct rc_statement *statement)
{
	free(statement->text);
	free(statement->sql);
	*statement = (struct rc_statement){0};
}

/* ---- preparing ---- */

/* Finds out whether the statement returns rows; NULL, or the server's error. */
static PGresult *
describe(struct rc_statement *statement, struct rc_session *session)
{
	static const struct rc_parameters record = { .count = 1, .types = types };
	PGresult *result = rc_session_prepare(session, "", statement->text, &record);

	if (!rc_result_is_good(result))
		return result;
	PQclear(result);
	result = rc_session_describe(session, "");
	if (!rc_result_is_good(result))
		return result;
	statement->rows = PQnfields(result) > 0;
	if (PQnparams(result) > 1)	/* the server would call it a protocol violation */
		rc_die(RC_FATAL, "%s: there is no parameter but $1", statement->file);
	PQclear(result);
	return NULL;
}

/* One that no other session has, should there be a pooler that we can't see. */
static void
make_name(char *name)
{
	static const char begin[] = "rc_";

	strcpy(name, begin);
	rc_key_characters(name + sizeof begin - 1, RC_KEY_HEX, NAME_CHARACTERS);
}

PGresult *
rc_statement_prepare(struct rc_statement *statement, struct rc_session *session)
{
	static const struct rc_parameters record = { .count = 1, .types = types };
	PGresult *result;

	if (statement->kind == RC_ANY) {
		if ((result = describe(statement, session)) != NULL)
			return result;
		free(statement->sql);
		statement->sql = wrap(statement, 0);
	}
	statement->name[0] = '\0';
	if (!statement->alone && !session->pooled)
		make_name(statement->name);
	result = rc_session_prepare(session, statement->name, statement->sql, &record);
	if (!rc_result_is_good(result))
		return result;
	PQclear(result);
	if (statement->name[0] == '\0')
		session->unnamed = statement;
	return NULL;
}

/* ---- running ---- */

/* The record as the server can take it: in SPELLED, where its database is not in UTF8 and there are escapes. */
static const char *
for_server(const struct rc_session *session, const char *json, struct rc_buf *spelled)
{
	const char *encoding = PQparameterStatus(session->connection.libpq, "server_encoding");

	if (encoding == NULL || strcmp(encoding, "UTF8") == 0 || strstr(json, "\\u") == NULL)
		return json;
	rc_json_spell(json, strlen(json), spelled);
	return rc_buf_text(spelled);
}

PGresult *
rc_statement_run(const struct rc_statement *statement, struct rc_session *session, const char *json)
{
	struct rc_buf spelled = {0};
	const char *sent = for_server(session, json, &spelled);
	const struct rc_parameters record = { 1, types, &sent };
	PGresult *result;

	if (statement->name[0] != '\0' || session->unnamed == statement) {
		result = rc_session_exec_prepared(session, statement->name, &record);
	} else {
		result = rc_session_exec(session, statement->sql, &record);
		session->unnamed = statement;
	}
	rc_buf_wipe(&spelled);
	return result;
}

void
rc_statement_start(const struct rc_statement *statement, struct rc_session *session, const char *json)
{
	struct rc_buf spelled = {0};
	const char *sent = for_server(session, json, &spelled);
	const struct rc_parameters record = { 1, types, &sent };

	if (statement->name[0] != '\0' || session->unnamed == statement) {
		rc_session_start_prepared(session, statement->name, &record);
	} else {
		rc_session_start(session, statement->sql, &record);
		session->unnamed = statement;
	}
	rc_buf_wipe(&spelled);
}

void
rc_statement_read_row(const struct rc_statement *statement, const PGresult *result, int number, struct rc_record *row)
{
	struct rc_json_error error;
	size_t length;

	if (number >= PQntuples(result) || PQnfields(result) != 1 || PQgetisnull(result, number, 0))
		rc_session_misled(statement->file);
	length = (size_t)PQgetlength(result, number, 0);
	rc_arena_reset(&row->arena);
	row->text = rc_json_pad(&row->arena, PQgetvalue(result, number, 0), length);
	row->length = length;
	row->changed = false;
	if (!rc_json_read_object(&row->object, row->text, length, &row->arena, &error))
		rc_die(RC_FATAL, "%s: the rows can't be records: %s ('%.*s')", statement->file, error.reason,
		    error.name == NULL ? 3 : (int)error.name_length, error.name == NULL ? "row" : error.name);
	if (rc_record_find(row, "rc_end") != NULL)
		rc_die(RC_FATAL, "%s: a column 'rc_end', which an end record is known by", statement->file);
}

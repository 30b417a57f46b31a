#include "rc_result.h"

#include <string.h>

enum { SQLSTATE_LENGTH = RC_SQLSTATE_SIZE - 1 };

static const char state_characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const char *
rc_result_sqlstate(const PGresult *result)
{
	const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (sqlstate == NULL || strspn(sqlstate, state_characters) != SQLSTATE_LENGTH || sqlstate[SQLSTATE_LENGTH] != '\0')
		return "";
	return sqlstate;
}

bool
rc_result_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

bool
rc_result_is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH;
}

bool
rc_result_is_locked(const PGresult *result)
{
	return strcmp(rc_result_sqlstate(result), "55P03") == 0;
}

const char *
rc_result_text(const PGresult *result, int row, int column)
{
	if (result == NULL || row >= PQntuples(result) || column >= PQnfields(result))
		return "";
	return PQgetvalue(result, row, column);
}

const char *
rc_result_words(const PGresult *result)
{
	const char *words = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	return words == NULL || *words == '\0' ? "an error without a message" : words;
}

enum rc_exit
rc_sqlstate_class(const char *sqlstate)
{
	/* Classes and codes that say "later": connection, rollback, resources, read-only standby, lock, shutdown. */
	static const char *const later[] = { "08", "40", "53", "25006", "25P03", "55P03",
	    "57P01", "57P02", "57P03", "57P04", "57P05" };

	if (*sqlstate == '\0')
		return RC_RETRY;
	if (strcmp(sqlstate, "08P01") == 0)	/* the two don't speak the same protocol, now or later */
		return RC_FATAL;
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strncmp(sqlstate, later[i], strlen(later[i])) == 0)
			return RC_RETRY;
	return RC_FATAL;
}

void
rc_result_add_line(struct rc_buf *out, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t length = strcspn(text, "\n");

		if (strncmp(text, "LOCATION:", 9) != 0)
			for (size_t i = 0; i <= length; i++) {
				char c = i == length || text[i] == '\t' ? ' ' : text[i];

				if (c != ' ' || (out->length > 0 && out->bytes[out->length - 1] != ' '))
					rc_buf_add(out, &c, 1);
			}
		text += length + (text[length] == '\n');
	}
	while (out->length > 0 && out->bytes[out->length - 1] == ' ')
		out->length--;
	rc_buf_text(out);
}

/* Whether WORD, of five letters, says how bad an error is, which stands where a SQLSTATE could. */
static bool
is_severity(const char *word)
{
	return strncmp(word, "ERROR", SQLSTATE_LENGTH) == 0 || strncmp(word, "FATAL", SQLSTATE_LENGTH) == 0 ||
	    strncmp(word, "PANIC", SQLSTATE_LENGTH) == 0;
}

void
rc_result_take_sqlstate(struct rc_buf *words, char *sqlstate)
{
	char *found = NULL;

	for (char *p = rc_buf_text(words); (p = strstr(p, ": ")) != NULL; p++)
		if (strspn(p + 2, state_characters) == SQLSTATE_LENGTH && strncmp(p + 2 + SQLSTATE_LENGTH, ": ", 2) == 0 && !is_severity(p + 2))
			found = p + 2;
	if (found == NULL)
		return;
	memcpy(sqlstate, found, SQLSTATE_LENGTH);
	sqlstate[SQLSTATE_LENGTH] = '\0';
	memmove(found, found + SQLSTATE_LENGTH + 2, strlen(found + SQLSTATE_LENGTH + 2) + 1);
	words->length -= SQLSTATE_LENGTH + 2;
}

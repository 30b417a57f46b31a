#include "rc_scope.h"

#include <stdlib.h>
#include <string.h>

#include "rc_change.h"
#include "rc_err.h"
#include "rc_json.h"
#include "rc_opt.h"
#include "rc_utf8.h"

/* The text of VALUE, JSON of the option TEXT that was checked; NULL for null. */
static const char *
text_of(const char *value, const char *text, struct rc_arena *arena)
{
	size_t length = strlen(value);
	const char *plain;

	switch (rc_json_type(value)) {
	case RC_JSON_NULL:
		return NULL;
	case RC_JSON_STRING:
		while (value[length - 1] != '"')
			length--;
		if ((plain = rc_json_decode(arena, value, length, &length)) == NULL)
			rc_usage("--scope %s: a lone surrogate", text);
		if (strlen(plain) != length)
			rc_usage("--scope %s: U+0000 in it", text);
		return plain;
	case RC_JSON_NUMBER:
	case RC_JSON_BOOL:
		return rc_arena_copy(arena, value, strcspn(value, " \t\r\n"));
	default:
		rc_usage("--scope %s: a string, a number, true, false or null", text);
	}
}

void
rc_scope_add(struct rc_scope *scope, const char *text, struct rc_arena *arena)
{
	const char *mark = strstr(text, ":=");
	const char *value = mark == NULL ? NULL : rc_json_pad(arena, mark + 2, strlen(mark + 2));
	struct rc_json_error error;

	if (!rc_utf8_valid(text, strlen(text)))
		rc_die(RC_FATAL, "--scope is not UTF-8");
	if (mark == NULL || mark == text)
		rc_usage("--scope takes NAME:=JSON, not '%s'", text);
	if (!rc_json_check(value, strlen(value), &error))
		rc_usage("--scope %s: %s", text, error.reason);
	if (scope->count == RC_SCOPES_MAX)
		rc_usage("more than %d --scope", RC_SCOPES_MAX);
	scope->names[scope->count] = rc_arena_copy(arena, text, (size_t)(mark - text));
	scope->values[scope->count++] = text_of(value + strspn(value, " \t\r\n"), text, arena);
}

int
rc_scope_get_values(const struct rc_scope *scope, const char **values)
{
	int count = 0;

	for (int i = 0; i < scope->count; i++)
		if (scope->values[i] != NULL)
			values[count++] = scope->values[i];
	return count;
}

bool
rc_scope_add_sql(const struct rc_scope *scope, struct rc_session *session, const char *table, int first, struct rc_buf *sql)
{
	for (int i = 0; i < scope->count; i++) {
		char *type = rc_change_find_type(session, table, scope->names[i]);

		free(type);
		if (type == NULL)
			return false;
		rc_buf_add_text(sql, " and ");
		rc_session_add_identifier(session, sql, scope->names[i]);
		if (scope->values[i] == NULL)
			rc_buf_add_text(sql, " is null");
		else
			rc_buf_printf(sql, " operator(pg_catalog.=) $%d", first++);
	}
	return true;
}

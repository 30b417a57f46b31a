#include "rc_sql_operators.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "rc_str.h"

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind the text or name in quotes at P; BACKSLASHES escape where it is E'...'. */
static const char *
behind_quotes(const char *p, bool backslashes)
{
	char quote = *p++;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && backslashes && p[1] != '\0')
			p++;
		else if (*p == quote && p[1] == quote)
			p++;
		else if (*p == quote)
			return p + 1;
	}
	return p;
}

/* Behind the comment at P, which may hold others. */
static const char *
behind_comment(const char *p)
{
	int depth = 0;

	while (*p != '\0') {
		if (strncmp(p, "/*", 2) == 0) {
			depth++;
			p += 2;
		} else if (strncmp(p, "*/", 2) == 0) {
			p += 2;
			if (--depth == 0)
				break;
		} else {
			p++;
		}
	}
	return p;
}

/* Behind the text in dollars at P ($$...$$, $tag$...$tag$), or P where it is a parameter. */
static const char *
behind_dollars(const char *p)
{
	const char *tag_end = p + 1;
	size_t length;

	if (isdigit((unsigned char)*tag_end))
		return p;
	while (is_word(*tag_end) && *tag_end != '$')
		tag_end++;
	if (*tag_end != '$')
		return p;
	length = (size_t)(tag_end + 1 - p);
	for (const char *q = tag_end + 1; *q != '\0'; q++)
		if (strncmp(q, p, length) == 0)
			return q + length;
	return p + strlen(p);
}

/* The length of the operator at P, 0 where there is none. */
static size_t
operator_length(const char *p)
{
	size_t n = 0;

	while (p[n] != '\0' && strchr("+-*/<>=~!@#%^&|`?", p[n]) != NULL && strncmp(p + n, "--", 2) != 0 && strncmp(p + n, "/*", 2) != 0)
		n++;
	return n;
}

static bool
is_to_be_named(const char *p, size_t length)
{
	static const char *const operators[] = { "->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&", "||", "&&" };

	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (strlen(operators[i]) == length && memcmp(operators[i], p, length) == 0)
			return true;
	return false;
}

/* Behind what is no operator at P and stays: a text, a name, a comment, a word, or one other character. */
static const char *
behind_other(const char *p)
{
	const char *end = p;

	if (strncmp(p, "--", 2) == 0)
		return p + strcspn(p, "\n");
	if (strncmp(p, "/*", 2) == 0)
		return behind_comment(p);
	if (*p == '\'' || *p == '"')
		return behind_quotes(p, false);
	if (*p == '$' && (end = behind_dollars(p)) != p)
		return end;
	if ((*p == 'e' || *p == 'E') && p[1] == '\'')
		return behind_quotes(p + 1, true);
	while (is_word(*end))
		end++;
	return end == p ? p + 1 : end;
}

char *
rc_sql_operators(const char *sql)
{
	struct rc_buf named = {0};
	const char *p = sql;

	while (*p != '\0') {
		size_t length = operator_length(p);

		if (length == 0) {
			const char *end = behind_other(p);

			rc_buf_add(&named, p, (size_t)(end - p));
			p = end;
		} else if (is_to_be_named(p, length) && (p == sql || p[-1] != '.')) {
			rc_buf_printf(&named, " operator(pg_catalog.%.*s) ", (int)length, p);
			p += length;
		} else {
			rc_buf_add(&named, p, length);
			p += length;
		}
	}
	return rc_buf_text(&named);
}

/*
 * rc_link - the Link header (RFC 8288)
 *
 * A list of <target>; name=value; name="value" with commas between.  A value
 * in single quotes, which some write, is read as meant.
 */
#include "rc_link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Reads a parameter's value at P, quoted or not, into VALUE; the place after it.  BAD is set where a quote is not closed. */
static const char *
read_value(const char *p, struct rc_buf *value, bool *bad)
{
	char quote = *p;

	value->length = 0;
	if (quote != '"' && quote != '\'') {
		size_t length = strcspn(p, ";, \t");

		rc_buf_add(value, p, length);
		return p + length;
	}
	for (p++; *p != '\0' && *p != quote; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		rc_buf_add(value, p, 1);
	}
	*bad |= *p == '\0';
	return *p == '\0' ? p : p + 1;
}

static bool
has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words != '\0') {
		size_t n = strcspn(words, " \t");

		if (n == length && strncasecmp(words, word, n) == 0)
			return true;
		words = skip_blanks(words + n);
	}
	return false;
}

/* Reads the parameters after a target; whether the first rel has RELATION. */
static const char *
read_parameters(const char *p, const char *relation, bool *fits, bool *bad)
{
	struct rc_buf value = {0};
	bool seen = false;

	*fits = false;
	for (p = skip_blanks(p); *p == ';'; p = skip_blanks(p)) {
		const char *name = p = skip_blanks(p + 1);
		size_t length = strcspn(p, "=;, \t");

		p = skip_blanks(p + length);
		value.length = 0;
		if (*p == '=')
			p = read_value(skip_blanks(p + 1), &value, bad);
		if (length == 3 && strncasecmp(name, "rel", 3) == 0 && !seen) {
			seen = true;
			*fits = has_word(rc_buf_text(&value), relation);
		}
	}
	rc_buf_free(&value);
	return p;
}

enum rc_link
rc_link_find(const char *header, const char *relation, struct rc_buf *target)
{
	bool fits, bad = false;

	for (const char *p = header; p != NULL && *(p += strspn(p, " \t,")) != '\0';) {
		const char *end = *p == '<' ? strchr(p, '>') : NULL;

		if (end == NULL) {
			bad = true;
			p = strchr(p + 1, '<');
			continue;
		}
		target->length = 0;
		rc_buf_add(target, p + 1, (size_t)(end - p - 1));
		rc_buf_text(target);
		p = read_parameters(end + 1, relation, &fits, &bad);
		if (fits)
			return RC_LINK_FOUND;
	}
	return bad ? RC_LINK_BAD : RC_LINK_NONE;
}

/*
 * rc_link - the Link header (RFC 8288)
 *
 * A list of <target>; name=value; name="value" with commas between.
 */
#include "rc_link.h"

#include <string.h>
#include <strings.h>

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Reads a parameter's value at P, quoted or not, into VALUE; the place after it. */
static const char *
read_value(const char *p, struct rc_buf *value)
{
	value->length = 0;
	if (*p != '"') {
		size_t length = strcspn(p, ";, \t");

		rc_buf_add(value, p, length);
		return p + length;
	}
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		rc_buf_add(value, p, 1);
	}
	return *p == '"' ? p + 1 : p;
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
read_parameters(const char *p, const char *relation, bool *fits)
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
			p = read_value(skip_blanks(p + 1), &value);
		if (length == 3 && strncasecmp(name, "rel", 3) == 0 && !seen) {
			seen = true;
			*fits = has_word(rc_buf_text(&value), relation);
		}
	}
	rc_buf_free(&value);
	return p;
}

bool
rc_link_find(const char *header, const char *relation, struct rc_buf *target)
{
	const char *p = header;
	bool fits;

	while ((p = strchr(p, '<')) != NULL) {
		const char *end = strchr(++p, '>');

		if (end == NULL)
			return false;
		target->length = 0;
		rc_buf_add(target, p, (size_t)(end - p));
		rc_buf_text(target);
		p = read_parameters(end + 1, relation, &fits);
		if (fits)
			return true;
	}
	return false;
}

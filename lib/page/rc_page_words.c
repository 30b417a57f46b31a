/* The other half of rc_page: what the arguments say, and what the page's shell is told of it. */
#include "rc_page.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"

/* A whole number as Python's int() takes it, as JSON has it: without blanks, plus sign and leading zeros; NULL if TEXT is none. */
static char *
plain_number(const char *text)
{
	static const char blanks[] = " \t\n\v\f\r";
	const char *p = text + strspn(text, blanks);
	bool negative = *p == '-';
	size_t digits;
	struct rc_buf number = {0};

	if (*p == '-' || *p == '+')
		p++;
	digits = strspn(p, "0123456789");
	if (digits == 0 || p[digits + strspn(p + digits, blanks)] != '\0')
		return NULL;
	while (digits > 1 && *p == '0')
		p++, digits--;
	rc_buf_add_text(&number, negative ? "-" : "");
	rc_buf_add(&number, p, digits);
	return rc_buf_text(&number);
}

/*
 * The one way to read a span of time: 7 and 7d are days, and there are 12h and
 * 2w.  As PostgreSQL's interval has it, or IN_DAYS as a number of days; NULL
 * where it is none.  Owned by the caller.
 */
static char *
plain_period(const char *text, bool in_days)
{
	struct rc_buf plain = {0};
	size_t digits = strspn(text, "0123456789");
	char unit = text[digits];
	char *number = plain_number(text);

	if (number != NULL && (in_days || digits == strlen(text))) {
		rc_buf_printf(&plain, "%s%s", number, in_days ? "" : "d");
	} else if (digits > 0 && (!in_days || digits < 10) && unit != '\0' && strchr(in_days ? "hdw" : "mhdw", unit) != NULL && text[digits + 1] == '\0') {
		double days = strtod(text, NULL) * (unit == 'w' ? 7 : 1) / (unit == 'h' ? 24 : 1);

		if (in_days)
			rc_buf_printf(&plain, "%.15g", days);
		else
			rc_buf_add_text(&plain, text);
	}
	free(number);
	return plain.length == 0 ? NULL : rc_buf_text(&plain);
}

/* Whether WORD is one of those between the bars of CHOICES. */
static bool
is_choice(const char *choices, const char *word)
{
	size_t length = strcspn(word, "|");

	if (word[length] == '|')
		return false;
	for (const char *p = choices; p != NULL; p = strchr(p, '|')) {
		p += *p == '|';
		if (strncmp(p, word, length) == 0 && (p[length] == '|' || p[length] == '\0') && length > 0)
			return true;
	}
	return false;
}

static void
refuse_choice(const struct rc_page_word *word, const char *value)
{
	struct rc_buf choices = {0};

	for (const char *p = word->kind;; p++) {
		size_t length = strcspn(p, "|");

		rc_buf_printf(&choices, "%s'%.*s'", choices.length == 0 ? "" : ", ", (int)length, p);
		p += length;
		if (*p == '\0')
			break;
	}
	rc_usage("argument --%s: invalid choice: '%s' (choose from %s)", word->name, value, rc_buf_text(&choices));
}

/* A copy of VALUE in the form that the page gets; the end of the process where METAVAR does not take it. */
static char *
checked(const struct rc_page_word *word, const char *value)
{
	char message[256], *number;
	long milliseconds;
	const char *kind = word->kind, *wrong = NULL;

	if (strcmp(kind, "N") == 0) {
		if ((number = plain_number(value)) != NULL)
			return number;
		wrong = "int value";
	} else if (strcmp(kind, "DURATION") == 0) {
		if (!rc_parse_duration(value, &milliseconds))
			wrong = "duration value";
	} else if (strcmp(kind, "PERIOD") == 0) {
		if ((number = plain_period(value, false)) != NULL)
			return number;
		wrong = "period (7, 7d, 12h or 2w)";
	} else if (strcmp(kind, "DAYS") == 0) {
		if ((number = plain_period(value, true)) != NULL)
			return number;
		wrong = "period (7, 7d, 12h or 2w)";
	} else if (strcmp(kind, "FILE") == 0 && *value == '\0') {
		rc_usage("argument --%s: expected the name of a file", word->name);
	} else if (strchr(kind, '|') != NULL && !is_choice(kind, value)) {
		refuse_choice(word, value);
	}
	if (wrong != NULL) {
		snprintf(message, sizeof message, "argument --%s: invalid %s: ", word->name, wrong);
		rc_usage_word(message, value, "'");
	}
	return rc_strndup(value, strlen(value));
}

static void
add_value(struct rc_page_word *word, char *value)
{
	if (!word->repeated && word->count > 0) {
		free(word->values[0]);
		word->count = 0;
	}
	word->values = rc_realloc(word->values, (word->count + 1) * sizeof *word->values);
	word->values[word->count++] = value;
}

/* The default, where nothing was given: VALUE, what the variable has, or what stands behind the comma. */
static void
set_preset(struct rc_page_word *word)
{
	const char *text = word->preset, *comma, *value;
	char *name;

	if (text == NULL || word->given)
		return;
	if (text[0] == '$') {
		comma = strchr(text, ',');
		name = rc_strndup(text + 1, comma == NULL ? strlen(text + 1) : (size_t)(comma - text - 1));
		value = getenv(name);
		free(name);
		text = value != NULL && *value != '\0' ? value : comma == NULL ? NULL : comma + 1;
	}
	if (text != NULL)
		add_value(word, checked(word, text));
}

static void
check_required(const struct rc_page *page)
{
	struct rc_buf missing = {0};

	for (size_t i = 0; i < page->word_count; i++)
		if (page->words[i].required && !page->words[i].given)
			rc_buf_printf(&missing, "%s%s%s", missing.length == 0 ? "" : ", ", i < page->option_count ? "--" : "", page->words[i].name);
	if (missing.length > 0)
		rc_usage("the following arguments are required: %s", rc_buf_text(&missing));
	rc_buf_free(&missing);
}

/* The words that are no options go to the operands in turn; the last one that may be repeated takes the rest. */
static void
take_operands(struct rc_page *page, char *words[])
{
	size_t next = page->option_count;
	struct rc_buf extra = {0};

	for (; *words != NULL; words++) {
		struct rc_page_word *word = &page->words[next];

		if (next == page->word_count) {
			rc_buf_printf(&extra, "%s%s", extra.length == 0 ? "" : " ", *words);
			continue;
		}
		word->given = true;
		add_value(word, checked(word, *words));
		page->operands = rc_realloc(page->operands, (page->operand_count + 2) * sizeof *page->operands);
		page->operands[page->operand_count++] = rc_strndup(*words, strlen(*words));
		page->operands[page->operand_count] = NULL;
		if (!word->repeated)
			next++;
	}
	if (extra.length > 0)
		rc_usage_word("unrecognized arguments: ", rc_buf_text(&extra), "");
	rc_buf_free(&extra);
}

void
rc_page_parse(struct rc_page *page, int argc, char *argv[])
{
	int id;

	while ((id = rc_getopt_silent(&page->program, argc, argv)) != -1)
		for (size_t i = 0; i < page->option_count; i++)
			if (page->options[i].id == id) {
				page->words[i].given = true;
				add_value(&page->words[i], page->words[i].kind == NULL ? rc_strndup("yes", 3) : checked(&page->words[i], optarg));
			}
	page->operands = rc_alloc(sizeof *page->operands);
	page->operands[0] = NULL;
	take_operands(page, argv + optind);
	check_required(page);
	for (size_t i = 0; i < page->word_count; i++)
		set_preset(&page->words[i]);
}

/* ---- what the shell is told ---- */

void
rc_page_tell_one(struct rc_buf *out, const char *what, const char *name, const char *value)
{
	rc_buf_add(out, what, strlen(what) + 1);
	rc_buf_add(out, name, strlen(name) + 1);
	rc_buf_add(out, value, strlen(value) + 1);
}

static void
tell_word(const struct rc_page_word *word, struct rc_buf *out)
{
	struct rc_buf variable = {0};

	rc_buf_printf(&variable, "opt_%s", word->name);
	for (char *p = rc_buf_text(&variable); *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)tolower((unsigned char)*p);
	if (word->repeated)
		rc_page_tell_one(out, "list", variable.bytes, "");
	else
		rc_page_tell_one(out, "set", variable.bytes, word->count == 0 ? "" : word->values[0]);
	for (size_t i = 0; word->repeated && i < word->count; i++)
		rc_page_tell_one(out, "add", variable.bytes, word->values[i]);
	if (word->given)
		rc_page_tell_one(out, "give", word->name, "");
	rc_buf_free(&variable);
}

/* Whether the word makes the change another one: an option of the page's own, but for --dry-run, or an operand. */
static bool
is_of_call(const struct rc_page *page, size_t i)
{
	const struct rc_page_word *word = &page->words[i];

	return word->given && !word->secret && (i < page->own_count ? strcmp(word->name, "dry-run") != 0 : i >= page->option_count);
}

void
rc_page_tell(const struct rc_page *page, struct rc_buf *out)
{
	for (size_t i = 0; i < page->word_count; i++)
		tell_word(&page->words[i], out);
	rc_page_tell_one(out, "list", "rc_call", "");
	for (size_t i = 0; i < page->word_count; i++)
		for (size_t k = 0; is_of_call(page, i) && k < page->words[i].count; k++) {
			rc_page_tell_one(out, "add", "rc_call", page->words[i].name);
			rc_page_tell_one(out, "add", "rc_call", page->words[i].values[k]);
		}
}

#include "rc_template.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_utf8.h"

enum kind { LITERAL, CONSTANT, FIELD };

struct part {
	enum kind kind;
	char *name;		/* of a constant or a field */
	const char *text;	/* a literal, a constant's value, or what stands for null; of a field NULL: it must be there */
	size_t length;
	const char *value;	/* of the record that is bound; NULL: the text stands for it */
	size_t value_length;
};

struct rc_template {
	struct part *parts;
	size_t count, room;
	struct rc_buf reason;
	char piece[RC_JSON_PART];
};

/* ---- constants ---- */

static size_t
name_length(const char *constant)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return strspn(constant, letters);
}

/* The value of the constant of that name, or NULL. */
static const char *
find_constant(const struct rc_template_constants *constants, const char *name, size_t length)
{
	for (int i = 0; i < constants->count; i++) {
		const char *text = constants->texts[i];

		if (name_length(text) == length && memcmp(text, name, length) == 0)
			return text + length + 1;
	}
	return NULL;
}

void
rc_template_set(struct rc_template_constants *constants, const char *argument)
{
	size_t length = name_length(argument);

	if (length == 0 || argument[length] != '=')
		rc_usage("--set takes NAME=VALUE with letters, digits and underscores in the name, not '%s'", argument);
	if (!rc_utf8_valid(argument, strlen(argument)))
		rc_usage("--set %.*s is not UTF-8", (int)length, argument);
	if (find_constant(constants, argument, length) != NULL)
		rc_usage("--set %.*s is given twice", (int)length, argument);
	if (constants->count == RC_TEMPLATE_CONSTANTS_MAX)
		rc_usage("more than %d --set", RC_TEMPLATE_CONSTANTS_MAX);
	constants->texts[constants->count++] = argument;
}

/* ---- taking it apart ---- */

static struct part *
add_part(struct rc_template *template, enum kind kind)
{
	if (template->count == template->room) {
		template->room = template->room == 0 ? 8 : rc_size_mul(template->room, 2);
		template->parts = rc_realloc(template->parts, rc_size_mul(template->room, sizeof *template->parts));
	}
	template->parts[template->count] = (struct part){ .kind = kind };
	return &template->parts[template->count++];
}

static void
add_literal(struct rc_template *template, const char *text, size_t length)
{
	struct part *part = length > 0 ? add_part(template, LITERAL) : NULL;

	if (part != NULL) {
		part->text = text;
		part->length = length;
	}
}

/* Adds what stands in braces: `name`, or `name|what to say for null`. */
static void
add_field(struct rc_template *template, const char *text, size_t length, const struct rc_template_constants *constants)
{
	const char *bar = memchr(text, '|', length);
	size_t name = bar == NULL ? length : (size_t)(bar - text);
	const char *value = find_constant(constants, text, name);
	struct part *part = add_part(template, value == NULL ? FIELD : CONSTANT);

	part->name = rc_strndup(text, name);
	part->text = value != NULL ? value : bar != NULL ? bar + 1 : NULL;
	part->length = value != NULL ? strlen(value) : bar != NULL ? length - name - 1 : 0;
}

struct rc_template *
rc_template_new(const char *text, const struct rc_template_constants *constants)
{
	struct rc_template *template = rc_alloc(sizeof *template);
	const char *p = text;

	*template = (struct rc_template){0};
	if (!rc_utf8_valid(text, strlen(text)))
		rc_usage("a template is not UTF-8");
	while (*p != '\0') {
		size_t plain = strcspn(p, "{}");
		const char *close;

		add_literal(template, p, plain);
		p += plain;
		if (*p == '\0')
			break;
		if (p[0] == p[1]) {	/* {{ and }} are the braces themselves */
			add_literal(template, p, 1);
			p += 2;
			continue;
		}
		if (*p == '}')
			rc_usage("'}' without '{' in the template '%s'; '}}' prints one", text);
		close = strchr(p, '}');
		if (close == NULL || close == p + 1)
			rc_usage("'{' without a field's name and '}' in the template '%s'", text);
		add_field(template, p + 1, (size_t)(close - p - 1), constants);
		p = close + 1;
	}
	return template;
}

bool
rc_template_is_empty(const struct rc_template *template)
{
	return template->count == 0;
}

bool
rc_template_names(const struct rc_template *template, const char *field)
{
	size_t length = strlen(field);

	for (size_t i = 0; i < template->count; i++) {
		const struct part *part = &template->parts[i];

		if (part->kind == FIELD && strncmp(part->name, field, length) == 0 &&
		    (part->name[length] == '\0' || part->name[length] == '.'))
			return true;
	}
	return false;
}

/* ---- a record ---- */

static const char *
refuse(struct rc_template *template, const char *article, const char *name, const char *what)
{
	template->reason.length = 0;
	rc_buf_printf(&template->reason, "%s field '%s', which %s", article, name, what);
	return rc_buf_text(&template->reason);
}

const char *
rc_template_bind(struct rc_template *template, struct rc_record *record)
{
	for (size_t i = 0; i < template->count; i++) {
		struct part *part = &template->parts[i];

		if (part->kind == CONSTANT && rc_record_find(record, part->name) != NULL)
			return refuse(template, "a", part->name, "--set gives, too");
		if (part->kind != FIELD)
			continue;
		part->value = rc_record_value(record, part->name, &part->value_length);
		if (part->value == NULL && part->text == NULL)
			return refuse(template, "no", part->name, "the template names");
		if (part->value != NULL && part->text != NULL && rc_json_type(part->value) == RC_JSON_NULL)
			part->value = NULL;
	}
	return NULL;
}

/* Gives BYTES, which are UTF-8, with control characters as escapes. */
static void
put_visible(const char *bytes, size_t length, void (*put)(void *to, const char *bytes, size_t length), void *to)
{
	enum { NO_BREAK_SPACE = 0xa0, C1_LEAD = 0xc2 };	/* C1 is what begins with C1_LEAD and goes on with less than NO_BREAK_SPACE */
	const char *end = bytes + length, *p = bytes;

	while (p < end) {
		unsigned char c = (unsigned char)*p;
		size_t step = c == C1_LEAD ? 2 : 1;
		char escape[8];

		if (c >= 0x20 && c != 0x7f && (c != C1_LEAD || (unsigned char)p[1] >= NO_BREAK_SPACE)) {
			p += step;
			continue;
		}
		if (p > bytes)
			put(to, bytes, (size_t)(p - bytes));
		put(to, escape, rc_utf8_visible(p, step, escape, sizeof escape));
		bytes = p += step;
	}
	if (p > bytes)
		put(to, bytes, (size_t)(p - bytes));
}

/* The same for the characters of a string's JSON text. */
static void
put_string(struct rc_template *template, const char *json, size_t length,
    void (*put)(void *to, const char *bytes, size_t length), void *to)
{
	const char *p = json + 1, *end = json + length - 1;

	if (memchr(p, '\\', length - 2) == NULL) {
		put_visible(p, length - 2, put, to);
		return;
	}
	while (p < end) {
		size_t piece = rc_json_decode_part(&p, end, template->piece);

		put_visible(template->piece, piece, put, to);
	}
}

void
rc_template_write(struct rc_template *template, void (*put)(void *to, const char *bytes, size_t length), void *to)
{
	for (size_t i = 0; i < template->count; i++) {
		const struct part *part = &template->parts[i];

		if (part->kind == LITERAL)
			put(to, part->text, part->length);
		else if (part->value == NULL)
			put_visible(part->text, part->length, put, to);
		else if (rc_json_type(part->value) == RC_JSON_STRING)
			put_string(template, part->value, part->value_length, put, to);
		else
			put_visible(part->value, part->value_length, put, to);
	}
}

void
rc_template_free(struct rc_template *template)
{
	if (template == NULL)
		return;
	for (size_t i = 0; i < template->count; i++)
		free(template->parts[i].name);
	free(template->parts);
	rc_buf_free(&template->reason);
	rc_wipe(template->piece, sizeof template->piece);	/* a value may be a secret */
	free(template);
}

/*
 * rc-say - records to lines of text
 *
 * The only way from records to what a person reads.  One record is one line:
 * control characters in a value are shown as JSON escapes, so that a name from
 * a database can neither break the line nor command the terminal.  The buffers
 * are wiped at the end: a value may be a secret.
 */
#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_WHEN = RC_OPT_LONG, OPT_INTO, CASES_MAX = 32 };

static const struct rc_option options[] = {
	{ OPT_WHEN, "when", "FIELD=VALUE TEMPLATE", "use this template where FIELD is VALUE; the first that fits wins" },
	{ OPT_INTO, "into", "FIELD", "pass the record on with the text as its last field instead of printing it" },
	RC_OPTION_END
};

static const char *const example[] = { "{label}: {count}", "--when", "count=0", "{label}: none", NULL };

static const struct rc_program program = {
	.name = "rc-say",
	.synopsis = "TEMPLATE [--when FIELD=VALUE TEMPLATE] ... [--into FIELD] [FILE ...]",
	.summary = "print records as lines of text",
	.options = options,
	.reads = "any record with the fields that the templates name",
	.writes = "text: one line for each record, none where the template is empty; with --into the records with it",
	.example = example,
	.example_input = "{\"label\":\"Project\",\"count\":3}\n{\"label\":\"SplitConfig\",\"count\":0}\n",
};

/* A template and the condition under which it is used. */
struct choice {
	const char *field;	/* NULL: always */
	const char *value;
	const char *template;
};

static const char null_text[] = "null";	/* what field_text() gives for null, and for no string of these letters */

/* A field's text: a string's characters, else its JSON; NULL where there is none. */
static const char *
field_text(struct rc_record *record, const char *name, size_t *length)
{
	const struct rc_json_field *field = rc_record_find(record, name);
	const char *dot = strchr(name, '.');

	if (field == NULL && dot != NULL) {	/* a.b is the field b of the object a */
		struct rc_record inner = {0};
		struct rc_json_error error;
		const char *text = NULL, *outer = rc_json_pad(&record->arena, name, (size_t)(dot - name));

		field = rc_record_find(record, outer);
		if (field == NULL || rc_json_type(field->value) != RC_JSON_OBJECT)
			return NULL;
		outer = rc_json_pad(&record->arena, field->value, field->value_length);
		if (rc_json_read_object(&inner.object, outer, field->value_length, &record->arena, &error)) {
			inner.arena = record->arena;
			text = field_text(&inner, dot + 1, length);
			record->arena = inner.arena;
		}
		rc_json_object_free(&inner.object);
		return text;
	}
	if (field == NULL)
		return NULL;
	if (rc_json_type(field->value) == RC_JSON_STRING)
		return rc_json_decode(&record->arena, field->value, field->value_length, length);
	*length = field->value_length;
	return rc_json_type(field->value) == RC_JSON_NULL ? null_text : field->value;
}

static bool
fits(const struct choice *choice, struct rc_record *record)
{
	size_t length;
	const char *text = field_text(record, choice->field, &length);

	return text != NULL && strlen(choice->value) == length && memcmp(text, choice->value, length) == 0;
}

static void
add_visible(struct rc_buf *line, const char *text, size_t length)
{
	size_t room = rc_size_add(rc_size_mul(length, 6), 8);

	line->length += rc_utf8_visible(text, length, rc_buf_reserve(line, room), room);
}

/* The end of the field's name that begins at P, after the brace. */
static const char *
name_end(const char *p, const char *template)
{
	const char *close = strchr(p, '}');

	if (close == NULL || close == p)
		rc_usage("'{' without a field's name and '}' in the template '%s'", template);
	return close;
}

/* Adds the text of a field; TEXT, of LENGTH, is what stands in the braces, a name or `name|what to say for null`. */
static void
say_field(const char *text, size_t length, const struct rc_input *in, struct rc_record *record, struct rc_buf *line)
{
	const char *bar = memchr(text, '|', length);
	const char *name = rc_json_pad(&record->arena, text, bar == NULL ? length : (size_t)(bar - text));
	size_t found_length = 0;
	const char *found = field_text(record, name, &found_length);

	if (bar != NULL && (found == NULL || found == null_text)) {
		add_visible(line, bar + 1, (size_t)(text + length - bar - 1));
		return;
	}
	if (found == NULL)
		rc_input_fail(in, "no field '%s', which the template names", name);
	add_visible(line, found, found_length);
}

/* Adds the template with the record's fields to LINE; with LINE NULL only checks its form. */
static void
say(const char *template, const struct rc_input *in, struct rc_record *record, struct rc_buf *line)
{
	const char *p = template;

	while (*p != '\0') {
		size_t plain = strcspn(p, "{}");

		if (line != NULL)
			rc_buf_add(line, p, plain);
		p += plain;
		if (*p == '\0')
			break;
		if (p[0] == p[1]) {	/* {{ and }} are the braces themselves */
			if (line != NULL)
				rc_buf_add(line, p, 1);
			p += 2;
		} else if (*p == '}') {
			rc_usage("'}' without '{' in the template '%s'; '}}' prints one", template);
		} else {
			const char *close = name_end(p + 1, template);

			if (line != NULL)
				say_field(p + 1, (size_t)(close - p - 1), in, record, line);
			p = close + 1;
		}
	}
}

static struct choice
parse_when(struct rc_arena *arena, const char *condition, const char *template)
{
	const char *equals = strchr(condition, '=');

	if (equals == NULL || equals == condition)
		rc_usage("--when takes FIELD=VALUE and a template, not '%s'", condition);
	if (template == NULL)
		rc_usage("--when %s needs a template", condition);
	return (struct choice){ rc_arena_copy(arena, condition, (size_t)(equals - condition)), equals + 1, template };
}

int
main(int argc, char *argv[])
{
	struct choice choices[CASES_MAX];
	int count = 0, opt;
	const char *into = NULL;
	struct rc_input in = {0};
	struct rc_output out;
	struct rc_record record = {0};
	struct rc_arena arena = {0};	/* of the choices */
	struct rc_buf line = {0};

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (opt == OPT_INTO) {
			into = optarg;
			continue;
		}
		if (count == CASES_MAX - 1)
			rc_usage("more than %d --when", CASES_MAX - 1);
		choices[count++] = parse_when(&arena, optarg, argv[optind]);
		optind++;	/* the template: --when takes two arguments, getopt_long(3) knows one */
	}
	if (into != NULL && !rc_utf8_valid(into, strlen(into)))
		rc_usage("--into is not UTF-8");
	if (optind >= argc)
		rc_usage("a template is needed");
	choices[count] = (struct choice){ .template = argv[optind++] };
	for (int i = 0; i <= count; i++) {
		if (!rc_utf8_valid(choices[i].template, strlen(choices[i].template)))
			rc_usage("a template is not UTF-8");
		say(choices[i].template, &in, &record, NULL);
	}
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);

	while (rc_input_next(&in, &record)) {
		const struct choice *choice = choices;

		if (into != NULL && rc_record_find(&record, into) != NULL)
			rc_input_fail(&in, "already has a field '%s'", into);
		while (choice->field != NULL && !fits(choice, &record))
			choice++;
		line.length = 0;
		say(choice->template, &in, &record, &line);
		if (into == NULL && *choice->template != '\0')
			rc_output_line(&out, line.bytes, line.length);
		if (into != NULL && *choice->template != '\0')
			rc_record_set_string(&record, into, line.bytes, line.length);
		if (into != NULL)
			rc_output_put(&out, &record);
	}
	if (into != NULL)
		rc_output_pass_end(&out, &in);
	if (line.bytes != NULL)
		rc_wipe(line.bytes, line.room);
	rc_stream_wipe(&in, &out);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	rc_arena_free(&arena);
	rc_buf_free(&line);
	return rc_finish(&in, &out);
}

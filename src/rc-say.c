/*
 * rc-say - records to lines of text
 *
 * The only way from records to what a person reads (rc_template.h).  Holds one
 * record at a time and no copy of its values.  The buffers are wiped at the
 * end: a value may be a secret.
 */
#include <string.h>

#include "rc_condition.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"
#include "rc_template.h"
#include "rc_utf8.h"

enum { OPT_WHEN = RC_OPT_LONG, OPT_SET, OPT_INTO, CHOICES_MAX = 32, ESCAPED_AT_ONCE = 16 * 1024 };

static const struct rc_option options[] = {
	{ OPT_WHEN, "when", "FIELD=VALUE[|VALUE] TEMPLATE", "use this template where FIELD is one of the values; the first that fits wins" },
	{ OPT_SET, "set", "NAME=VALUE", "in all templates {NAME} is VALUE; may be repeated" },
	{ OPT_INTO, "into", "FIELD", "pass the record on with the text as its last field instead of printing it" },
	RC_OPTION_END
};

static const char *const example[] = { "{label}: {count}", "--when", "count=0", "{label}: none", NULL };

static const struct rc_program program = {
	.name = "rc-say",
	.synopsis = "TEMPLATE [--when FIELD=VALUE[|VALUE] TEMPLATE] ... [--set NAME=VALUE] ... [--into FIELD] [FILE ...]",
	.summary = "print records as lines of text",
	.options = options,
	.reads = "any record with the fields that the templates name",
	.writes = "text: one line for each record, none where the template is empty; with --into the records with it",
	.example = example,
	.example_input = "{\"label\":\"Project\",\"count\":3}\n{\"label\":\"SplitConfig\",\"count\":0}\n",
};

/* A template, and the condition under which it is used; the last one is for all records that fit none. */
struct choice {
	struct rc_condition condition;
	const char *text;
	struct rc_template *template;
};

static struct {
	struct choice choices[CHOICES_MAX];
	int count;		/* less the last one */
	const char *into;
	struct rc_input in;
	struct rc_output out;
	struct rc_buf escaped;
} settings;

/* ---- output ---- */

static void
put_text(void *to, const char *bytes, size_t length)
{
	rc_output_part(to, bytes, length);
}

/* Puts them as characters of a JSON string. */
static void
put_escaped(void *to, const char *bytes, size_t length)
{
	struct rc_buf *escaped = &settings.escaped;

	while (length > 0) {
		size_t piece = length < ESCAPED_AT_ONCE ? length : ESCAPED_AT_ONCE;

		escaped->length = 0;
		rc_json_write_characters(escaped, bytes, piece);
		rc_output_part(to, escaped->bytes, escaped->length);
		bytes += piece;
		length -= piece;
	}
}

/* Writes the record with its text as another field. */
static void
put_record_with(struct rc_template *template, const struct rc_record *record)
{
	struct rc_output *out = &settings.out;

	for (size_t i = 0; i < record->object.count; i++) {
		const struct rc_json_field *field = &record->object.fields[i];

		rc_output_part(out, i == 0 ? "{" : ",", 1);
		rc_output_part(out, field->raw, (size_t)(field->value - field->raw) + field->value_length);
	}
	rc_output_part(out, record->object.count == 0 ? "{\"" : ",\"", 2);
	put_escaped(out, settings.into, strlen(settings.into));
	rc_output_part(out, "\":\"", 3);
	rc_template_write(template, put_escaped, out);
	rc_output_part(out, "\"}", 2);
	rc_output_end_line(out);
}

static void
add_text(void *to, const char *bytes, size_t length)
{
	rc_buf_add(to, bytes, length);
}

/* The record does not fit the template for that REASON; its own error, where it has one, is the cause. */
static _Noreturn void
fail(struct rc_record *record, const char *reason)
{
	const struct rc_template_constants none = {0};
	struct rc_template *error = rc_template_new("{error.message}", &none);
	struct rc_buf message = {0};

	if (rc_record_find(record, "error") == NULL || rc_template_bind(error, record) != NULL)
		rc_input_fail(&settings.in, "%s", reason);
	rc_template_write(error, add_text, &message);
	rc_input_fail(&settings.in, "%s", rc_buf_text(&message));
}

/* All that can fail is done before the first byte is put: no part of a line is written. */
static void
say(struct rc_record *record)
{
	const struct choice *choice = settings.choices;
	const char *reason;

	if (settings.into != NULL && rc_record_find(record, settings.into) != NULL)
		rc_input_fail(&settings.in, "already has a field '%s'", settings.into);
	while (choice->condition.field != NULL && !rc_condition_fits(&choice->condition, record))
		choice++;
	if ((reason = rc_template_bind(choice->template, record)) != NULL)
		fail(record, reason);
	if (rc_template_is_empty(choice->template)) {
		if (settings.into != NULL)
			rc_output_put(&settings.out, record);
	} else if (settings.into != NULL) {
		put_record_with(choice->template, record);
	} else {
		rc_template_write(choice->template, put_text, &settings.out);
		rc_output_end_line(&settings.out);
	}
}

/* ---- options ---- */

static void
add_when(const char *condition, const char *template)
{
	struct choice *choice = &settings.choices[settings.count];

	if (settings.count++ == CHOICES_MAX - 1)
		rc_usage("more than %d --when", CHOICES_MAX - 1);
	if (strchr(condition, '=') == NULL || !rc_condition_parse(&choice->condition, condition))
		rc_usage("--when takes FIELD=VALUE and a template, not '%s'", condition);
	if (template == NULL)
		rc_usage("--when %s needs a template", condition);
	choice->text = template;
}

int
main(int argc, char *argv[])
{
	struct rc_template_constants constants = {0};
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_WHEN:
			add_when(optarg, argv[optind]);
			optind++;	/* the template: --when takes two arguments, getopt_long(3) knows one */
			break;
		case OPT_SET: rc_template_set(&constants, optarg); break;
		case OPT_INTO: settings.into = optarg; break;
		}
	}
	if (settings.into != NULL && !rc_utf8_valid(settings.into, strlen(settings.into)))
		rc_usage("--into is not UTF-8");
	if (optind >= argc)
		rc_usage("a template is needed");
	settings.choices[settings.count].text = argv[optind++];
	for (int i = 0; i <= settings.count; i++)
		settings.choices[i].template = rc_template_new(settings.choices[i].text, &constants);
	rc_input_open(&settings.in, argc - optind, argv + optind);
	rc_output_open(&settings.out, NULL);

	while (rc_input_next(&settings.in, &record))
		say(&record);
	if (settings.into != NULL)
		rc_output_pass_end(&settings.out, &settings.in);

	for (int i = 0; i <= settings.count; i++) {
		rc_template_free(settings.choices[i].template);
		rc_condition_free(&settings.choices[i].condition);
	}
	rc_buf_wipe(&settings.escaped);
	rc_stream_wipe(&settings.in, &settings.out);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	return rc_finish(&settings.in, &settings.out);
}

#include "rc_opt_contract.h"

#include <string.h>

#include "rc_json_write.h"

/* The spelling of an option for the help: `-l, --length N`. */
static void
option_spelling(const struct rc_option *option, struct rc_buf *text)
{
	if (option->id < RC_OPT_LONG)
		rc_buf_printf(text, "-%c, ", option->id);
	rc_buf_printf(text, "--%s", option->name);
	if (option->argument != NULL)
		rc_buf_printf(text, " %s", option->argument);
}

static void
help_option(const struct rc_option *option, struct rc_buf *out)
{
	struct rc_buf spelling = {0};

	option_spelling(option, &spelling);
	rc_buf_printf(out, "  %-24s %s\n", rc_buf_text(&spelling), option->help);
	rc_buf_free(&spelling);
}

void
rc_opt_help(const struct rc_program *program, struct rc_buf *out)
{
	rc_buf_printf(out, "usage: %s %s\n%s\n\n", program->name, program->synopsis, program->summary);
	rc_opt_each(help_option, out);
	if (program->more != NULL)
		rc_buf_add_text(out, program->more);
	rc_buf_printf(out, "\nreads:  %s\nwrites: %s\nmore:   man %s\n",
	    program->reads == NULL ? "nothing" : program->reads,
	    program->writes == NULL ? "nothing" : program->writes, program->name);
}

/* Adds TEXT as roff(7) input: a hyphen is a minus there, a backslash must be doubled. */
static void
add_roff(struct rc_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '-')
			rc_buf_add_text(out, "\\-");
		else if (*text == '\\')
			rc_buf_add_text(out, "\\e");
		else
			rc_buf_add(out, text, 1);
	}
}

static void
mdoc_option(const struct rc_option *option, struct rc_buf *out)
{
	rc_buf_add_text(out, ".It ");
	if (option->id < RC_OPT_LONG)
		rc_buf_printf(out, "Fl %c , ", option->id);
	rc_buf_add_text(out, "Fl Fl ");
	add_roff(out, option->name);
	if (option->argument != NULL) {
		rc_buf_add_text(out, " Ar ");
		add_roff(out, option->argument);
	}
	rc_buf_add_text(out, "\n");
	add_roff(out, option->help);
	rc_buf_add_text(out, "\n");
}

/* What the Makefile puts for @SYNOPSIS@ and, after the line `@OPTIONS@`, for that. */
void
rc_opt_mdoc(const struct rc_program *program, struct rc_buf *out)
{
	rc_buf_printf(out, ".Nm %s\n", program->name);
	add_roff(out, program->synopsis);
	rc_buf_add_text(out, "\n@OPTIONS@\n.Bl -tag -width Ds\n");
	rc_opt_each(mdoc_option, out);
	rc_buf_add_text(out, ".El\n");
}

static void
describe_option(const struct rc_option *option, struct rc_buf *out)
{
	struct rc_buf name = {0};
	char letter[3] = { '-', (char)(option->id < RC_OPT_LONG ? option->id : 0), '\0' };

	rc_buf_printf(&name, "--%s", option->name);
	if (out->bytes[out->length - 1] != '[')
		rc_buf_add_text(out, ",");
	rc_json_open(out);
	rc_json_add_text(out, "name", rc_buf_text(&name));
	rc_json_add_text(out, "letter", option->id < RC_OPT_LONG ? letter : NULL);
	rc_json_add_text(out, "argument", option->argument);
	rc_json_add_text(out, "help", option->help);
	rc_json_close(out);
	rc_buf_free(&name);
}

static bool
has_option(const struct rc_program *program, const char *name)
{
	for (const struct rc_option *o = program->options; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

void
rc_opt_describe(const struct rc_program *program, struct rc_buf *out)
{
	struct rc_buf list = {0};

	rc_json_open(out);
	rc_json_add_text(out, "name", program->name);
	rc_json_add_text(out, "summary", program->summary);
	rc_json_add_text(out, "synopsis", program->synopsis);
	rc_buf_add_text(&list, "[");
	rc_opt_each(describe_option, &list);
	rc_buf_add_text(&list, "]");
	rc_json_add_value(out, "options", rc_buf_text(&list));
	rc_json_add_text(out, "reads", program->reads);
	rc_json_add_text(out, "writes", program->writes);
	rc_json_add_text(out, "category", program->category == NULL ? "plumbing" : program->category);
	rc_json_add_text(out, "risk", program->risk == NULL ? "low" : program->risk);
	rc_json_add_value(out, "idempotent", program->not_idempotent ? "false" : "true");
	rc_json_add_value(out, "ci_safe", program->not_ci_safe ? "false" : "true");
	rc_json_add_text(out, "changes", program->changes == NULL ? "nothing" : program->changes);
	rc_json_add_text(out, "gate", program->gate == NULL ? "none" : program->gate);
	if (has_option(program, "undo-log"))
		rc_json_add_value(out, "undo", "true");
	else
		rc_json_add_text(out, "undo", program->no_undo);
	list.length = 0;
	rc_buf_add_text(&list, "[");
	for (const char *const *word = program->example; word != NULL && *word != NULL; word++) {
		if (word != program->example)
			rc_buf_add_text(&list, ",");
		rc_json_write_string(&list, *word, strlen(*word));
	}
	rc_buf_add_text(&list, "]");
	rc_json_add_value(out, "example", rc_buf_text(&list));
	rc_json_add_text(out, "example_input", program->example_input);
	rc_json_close(out);
	rc_buf_add_text(out, "\n");
	rc_buf_free(&list);
}

/*
 * rc-gate - pass a plan on only where it is clear that the change is meant
 *
 * Tells on standard error what would be changed, how much, where, and how to
 * roll it back.  The environment is what the database says (rc_meta), and what
 * --environment and RC_ENVIRONMENT say: where one of them says production, it
 * is.  Holds the plan: a megabyte in memory, more in a file.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rc_mem.h"
#include "rc_meta.h"
#include "rc_opt.h"
#include "rc_spool.h"
#include "rc_stream.h"
#include "rc_transaction.h"

enum { OPT_WHAT = RC_OPT_LONG, OPT_CHANGES, OPT_ROLLBACK, OPT_ENVIRONMENT, OPT_CONFIRM, OPT_YES, OPT_TARGET, OPT_COUNT, OPT_NEEDED, OPT_QUIET };
enum { WORDS_MAX = 16 };

static const struct rc_option options[] = {
	{ OPT_WHAT, "what", "TEXT", "what is to be done, for the plan that is shown" },
	{ OPT_CHANGES, "changes", "adds|changes|destroys", "what it does to what is there (default: changes)" },
	{ OPT_ROLLBACK, "rollback", "TEXT", "how it can be taken back (default: from a backup)" },
	{ OPT_ENVIRONMENT, "environment", "NAME", "the environment that the change is for" },
	{ OPT_CONFIRM, "confirm", "WORD", "PRODUCTION, or the database's name: it is meant; may be repeated" },
	{ OPT_YES, "yes", NULL, "it is meant, where nothing is destroyed" },
	{ OPT_TARGET, "target", "FIELD", "what the plan's records have there may be confirmed instead of the database's name" },
	{ OPT_COUNT, "count", "FIELD", "how much is the sum of that field, and not the number of records" },
	{ 'n', "null-input", NULL, "there is no plan to read: how much is not known" },
	{ OPT_NEEDED, "needed", NULL, "with --null-input: end with 1 where a plan has to be looked at, and do no more" },
	{ OPT_QUIET, "quiet", NULL, "show the plan only where intent is asked for, or standard error is a terminal" },
	RC_OPTION_END
};

static const char *const example[] = { "--quiet", "--what", "give rows an owner", NULL };

static const struct rc_program program = {
	.name = "rc-gate",
	.synopsis = "[--what TEXT] [--changes adds|changes|destroys] [--rollback TEXT] [--environment NAME] [--confirm WORD] [--yes] "
	    "[--target FIELD] [--count FIELD] [--null-input] [--needed] [--quiet] [FILE ...]",
	.summary = "pass a plan on only where it is clear that the change is meant",
	.options = options,
	.reads = "any record: the plan",
	.writes = "the same, where the change is meant",
	.example = example,
	.example_input = "{\"id\":1}\n",
};

/* A word that was given as a confirmation, and whether it has served: each serves for one question. */
struct word {
	const char *text;
	bool used;
};

struct gate {
	const char *what, *rollback, *environment, *declared, *target, *count;
	bool destroys, yes, no_plan, only_needed, quiet;
	struct word words[WORDS_MAX];
	size_t word_count;

	struct rc_spool plan;
	long long sum;		/* of the field to be counted */
	char **targets;		/* each once */
	size_t target_count;
	struct rc_meta meta;
	struct rc_buf where;
	struct rc_buf missing;	/* what must still be said */
};

/* ---- what the caller says ---- */

static void
add_word(struct gate *gate, const char *text)
{
	if (gate->word_count == WORDS_MAX)
		rc_usage("more than %d confirmations", WORDS_MAX);
	gate->words[gate->word_count++].text = text;
}

/* RC_CONFIRM may have several words, with commas between. */
static void
add_words_of_environment(struct gate *gate)
{
	const char *text = getenv("RC_CONFIRM");

	while (text != NULL && *text != '\0') {
		size_t length = strcspn(text, ",");

		if (length > 0)
			add_word(gate, rc_strndup(text, length));
		text += length + (text[length] == ',');
	}
}

static bool
is_confirmed(struct gate *gate, const char *text)
{
	for (size_t i = 0; i < gate->word_count; i++) {
		if (!gate->words[i].used && strcmp(gate->words[i].text, text) == 0) {
			gate->words[i].used = true;
			return true;
		}
	}
	return false;
}

static void
set_changes(struct gate *gate, const char *text)
{
	gate->destroys = strcmp(text, "destroys") == 0;
	if (!gate->destroys && strcmp(text, "adds") != 0 && strcmp(text, "changes") != 0)
		rc_usage("--changes is adds, changes or destroys, not '%s'", text);
}

static void
read_options(struct gate *gate, int argc, char *argv[])
{
	int opt;

	gate->declared = getenv("RC_ENVIRONMENT");
	if (gate->declared != NULL && *gate->declared == '\0')
		gate->declared = NULL;
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_WHAT: gate->what = optarg; break;
		case OPT_CHANGES: set_changes(gate, optarg); break;
		case OPT_ROLLBACK: gate->rollback = optarg; break;
		case OPT_ENVIRONMENT: gate->environment = optarg; break;
		case OPT_CONFIRM: add_word(gate, optarg); break;
		case OPT_YES: gate->yes = true; break;
		case OPT_TARGET: gate->target = optarg; break;
		case OPT_COUNT: gate->count = optarg; break;
		case OPT_NEEDED: gate->only_needed = true; break;
		case OPT_QUIET: gate->quiet = true; break;
		case 'n': gate->no_plan = true; break;
		}
	}
	add_words_of_environment(gate);
	if (gate->no_plan && optind < argc)
		rc_usage("--null-input reads no plan, but '%s' is given", argv[optind]);
	if (gate->only_needed && !gate->no_plan)
		rc_usage("--needed goes with --null-input");
	if (gate->environment != NULL && !rc_meta_is_name(gate->environment))
		rc_usage("--environment is no name of an environment");
}

/* ---- the plan ---- */

static void
add_target(struct gate *gate, const char *text)
{
	for (size_t i = 0; i < gate->target_count; i++)
		if (strcmp(gate->targets[i], text) == 0)
			return;
	gate->targets = rc_realloc(gate->targets, (gate->target_count + 1) * sizeof *gate->targets);
	gate->targets[gate->target_count++] = rc_strndup(text, strlen(text));
}

static void
add_count(struct gate *gate, const struct rc_input *in, struct rc_record *record)
{
	size_t length;
	const char *value = rc_record_value(record, gate->count, &length);
	char *text = value == NULL ? NULL : rc_strndup(value, length);
	long number;

	if (text == NULL || !rc_parse_long(text, 0, LONG_MAX, &number))
		rc_input_fail(in, "needs a whole number '%s'", gate->count);
	if (__builtin_add_overflow(gate->sum, number, &gate->sum))
		rc_input_fail(in, "the sum of '%s' is too large", gate->count);
	free(text);
}

static void
read_plan(struct gate *gate, struct rc_input *in)
{
	struct rc_record record = {0};
	struct rc_buf text = {0};

	while (rc_input_next(in, &record)) {
		if (gate->target != NULL)
			add_target(gate, rc_input_need_string(in, &record, gate->target));
		if (gate->count != NULL)
			add_count(gate, in, &record);
		text.length = 0;
		rc_record_write(&record, &text);
		rc_spool_add(&gate->plan, text.bytes, text.length);
	}
	rc_buf_free(&text);
	rc_record_free(&record);
}

static void
ask_database(struct gate *gate)
{
	static const struct rc_transaction transaction = { .read_only = true };
	struct rc_session session = {0};

	rc_session_open(&session);
	rc_transaction_begin(&session, &transaction);
	rc_meta_read(&session, &gate->meta);
	rc_transaction_rollback(&session);
	rc_connection_add_where(&session.connection, &gate->where);
	rc_session_close(&session);
}

/* ---- the rules ---- */

/* What the database says; NULL where it says nothing that counts. */
static const char *
said(const struct gate *gate)
{
	return gate->meta.row == RC_META_HERE ? gate->meta.environment : NULL;
}

static bool
is_production(const struct gate *gate)
{
	return rc_meta_is_production(said(gate)) || rc_meta_is_production(gate->declared) || rc_meta_is_production(gate->environment);
}

/* Who asks for another environment than the database's is at the wrong one. */
static const char *
contradicted(const struct gate *gate)
{
	bool production = rc_meta_is_production(gate->environment);

	if (gate->environment == NULL)
		return NULL;
	if (said(gate) != NULL && !(production && rc_meta_is_production(said(gate))) && strcasecmp(said(gate), gate->environment) != 0)
		return "the database says";
	return !production && rc_meta_is_production(gate->declared) ? "RC_ENVIRONMENT says" : NULL;
}

static void
need(struct gate *gate, const char *option, const char *value)
{
	rc_buf_printf(&gate->missing, "%s%s %s", gate->missing.length == 0 ? "" : ", ", option, value);
}

static void
judge_production(struct gate *gate)
{
	if (!rc_meta_is_production(gate->environment) && !rc_meta_is_production(gate->declared))
		need(gate, "--environment", "production");
	if (!is_confirmed(gate, "PRODUCTION") && !(gate->yes && !gate->destroys))
		need(gate, "--confirm", "PRODUCTION");
}

/* What is destroyed is named by its database, or by what the plan's records name. */
static void
judge_destruction(struct gate *gate)
{
	bool named = gate->target_count > 0;

	for (size_t i = 0; i < gate->target_count && named; i++)
		named = is_confirmed(gate, gate->targets[i]);
	if (!named && !is_confirmed(gate, gate->meta.database))
		need(gate, "--confirm", gate->target_count == 1 ? gate->targets[0] : gate->meta.database);
}

/* ---- what is shown ---- */

static void
add_line(struct rc_buf *text, const char *label, const char *value)
{
	rc_buf_printf(text, "  %-13s ", label);
	rc_buf_add_visible(text, value, strlen(value));
	rc_buf_add_text(text, "\n");
}

static void
add_environment(const struct gate *gate, struct rc_buf *text)
{
	struct rc_buf words = {0};

	if (gate->meta.row == RC_META_ELSEWHERE)
		rc_buf_printf(&words, "not known: the row in rc.meta (%s) is of another server or database, %s; ", gate->meta.environment, gate->meta.row_database);
	else if (gate->meta.row == RC_META_NONE)
		rc_buf_add_text(&words, "not known: the database says nothing (rc-environment set); ");
	else
		rc_buf_printf(&words, "%s, as the database says; ", gate->meta.environment);
	if (gate->declared != NULL)
		rc_buf_printf(&words, "RC_ENVIRONMENT says %s; ", gate->declared);
	rc_buf_add_text(&words, is_production(gate) ? "it is taken for production" : "it is not taken for production");
	add_line(text, "environment:", rc_buf_text(&words));
	rc_buf_free(&words);
}

static void
show(const struct gate *gate)
{
	char amount[64] = "not known before; --dry-run tells";
	struct rc_buf text = {0};

	if (!gate->no_plan && gate->count != NULL)
		snprintf(amount, sizeof amount, "%lld", gate->sum);
	else if (!gate->no_plan)
		snprintf(amount, sizeof amount, "%llu record%s", gate->plan.records, gate->plan.records == 1 ? "" : "s");
	rc_buf_add_text(&text, "plan:\n");
	add_line(&text, "what:", gate->what == NULL ? "a change" : gate->what);
	add_line(&text, "how much:", amount);
	add_line(&text, "where:", gate->where.bytes);
	add_environment(gate, &text);
	add_line(&text, "to roll back:", gate->rollback == NULL ? "from a backup" : gate->rollback);
	if (write(STDERR_FILENO, text.bytes, text.length) < 0) {
		/* There is no one to show it to; what must be said is asked for all the same. */
	}
	rc_buf_free(&text);
}

/* Without the words that would answer: the answer is no where someone has to look. */
static enum rc_exit
look_for_need(const struct gate *gate)
{
	if (is_production(gate) || gate->destroys || contradicted(gate) != NULL)
		return RC_NO;
	if (isatty(STDERR_FILENO))
		show(gate);
	else
		rc_meta_warn_of_copy(&gate->meta);
	return RC_OK;
}

int
main(int argc, char *argv[])
{
	static struct gate gate;
	struct rc_input in = {0};
	struct rc_output out;
	const char *who;

	read_options(&gate, argc, argv);
	if (!gate.no_plan)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	if (!gate.no_plan)
		read_plan(&gate, &in);
	ask_database(&gate);

	if (gate.only_needed) {
		out.answer = look_for_need(&gate);
		rc_meta_free(&gate.meta);
		return rc_finish(NULL, &out);
	}
	if (!gate.quiet || is_production(&gate) || gate.destroys || isatty(STDERR_FILENO))
		show(&gate);
	else
		rc_meta_warn_of_copy(&gate.meta);
	if ((who = contradicted(&gate)) != NULL)
		rc_die(RC_FATAL, "refused: --environment is %s, but %s %s", gate.environment, who,
		    strcmp(who, "the database says") == 0 ? said(&gate) : gate.declared);
	if (is_production(&gate))
		judge_production(&gate);
	if (gate.destroys)
		judge_destruction(&gate);
	if (gate.missing.length > 0)
		rc_die(RC_FATAL, "refused: it is not clear that this is meant; to be given: %s", rc_buf_text(&gate.missing));

	rc_spool_write(&gate.plan, &out);
	rc_spool_free(&gate.plan);
	if (in.whole)
		rc_output_end_record(&out);
	rc_meta_free(&gate.meta);
	return rc_finish(gate.no_plan ? NULL : &in, &out);
}

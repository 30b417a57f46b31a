/*
 * Facts: category, risk, changes, idempotent, ci-safe, reads, writes and
 * example as rc_program has them (words parted by blanks), example-input a
 * line of standard input; hides: TEXT, and a word that holds it is shown in no
 * message (`*` is any word); gate: exempt, and no one is asked whether the
 * change is meant (never for test data); rollback: how the change is taken
 * back; undo: the tables whose rows are changed, for an undo log (several such
 * lines add up; `yes`: the page sets rc_watch), or `no, ` and why there is none;
 * varies: fields of the records that no plan can hold, for they are others each
 * time; secrets: options, and variables of the
 * environment, whose values no other process may see; lists: commands, and
 * --help shows those of all products.
 */
#include "rc_page.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"

enum { HEAD_MAX = 64 * 1024 };

static const char *
copy(const char *text, size_t length)
{
	return rc_strndup(text, length);
}

/* The text up to two blanks, which may be its end. */
static size_t
first_part(const char *text)
{
	const char *blanks = strstr(text, "  ");

	return blanks == NULL ? strlen(text) : (size_t)(blanks - text);
}

/* ---- the head comment ---- */

/* The whole of the file, as far as it can be a head comment, ended by a NUL. */
static char *
read_head(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = rc_alloc(HEAD_MAX + 1);
	size_t length = 0;
	ssize_t n = -1;

	while (fd >= 0 && length < HEAD_MAX && (n = read(fd, text + length, HEAD_MAX - length)) > 0)
		length += (size_t)n;
	if (n < 0)
		rc_die(RC_NO, "cannot read its page %s: %s", path, strerror(errno));
	close(fd);
	text[length] = '\0';
	return text;
}

/* Splits TEXT at its blanks into a list that ends in NULL. */
static const char **
split(const char *text)
{
	const char **list = rc_alloc((strlen(text) / 2 + 2) * sizeof *list);
	size_t n = 0;

	for (;;) {
		size_t length;

		text += strspn(text, " ");
		if ((length = strcspn(text, " ")) == 0)
			break;
		list[n++] = copy(text, length);
		text += length;
	}
	list[n] = NULL;
	return list;
}

/* The words of LIST, which may be NULL, and those of TEXT. */
static const char **
add_words(const char **list, const char *text)
{
	const char **more = split(text);
	size_t n = 0, count = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	while (more[count] != NULL)
		count++;
	list = rc_realloc(list, (n + count + 1) * sizeof *list);
	memcpy(list + n, more, (count + 1) * sizeof *list);
	free(more);
	return list;
}

static struct rc_page_word *
add_word(struct rc_page *page, const char *name)
{
	if (page->word_count == RC_PAGE_WORDS_MAX)
		rc_die(RC_NO, "its page has more than %d options", RC_PAGE_WORDS_MAX);
	page->words[page->word_count] = (struct rc_page_word){ .name = name };
	return &page->words[page->word_count++];
}

/* Takes the marks off METAVAR's end; what the help calls it is what stays. */
static const char *
read_marks(struct rc_page_word *word, const char *metavar)
{
	struct rc_buf shown = {0};
	size_t length = strlen(metavar);
	const char *preset;

	if (length > 4 && strcmp(metavar + length - 4, " ...") == 0) {
		word->repeated = true;
		length -= 4;
	}
	if (length > 1 && metavar[length - 1] == '!') {
		word->required = true;
		length--;
	}
	if ((preset = strstr(metavar, ":=")) != NULL && preset < metavar + length) {
		word->preset = copy(preset + 2, (size_t)(metavar + length - preset - 2));
		length = (size_t)(preset - metavar);
	}
	word->kind = copy(metavar, length);
	rc_buf_printf(&shown, "%s%s", word->kind, word->repeated ? " ..." : "");
	return rc_buf_text(&shown);
}

/* What the marks say, in the help's words. */
static const char *
help_of(const struct rc_page_word *word, const char *help)
{
	struct rc_buf text = {0};
	const char *comma = word->preset != NULL && word->preset[0] == '$' ? strchr(word->preset, ',') : NULL;

	rc_buf_add_text(&text, help);
	if (word->required)
		rc_buf_add_text(&text, " (required)");
	if (comma != NULL)
		rc_buf_printf(&text, " (default: %.*s, else %s)", (int)(comma - word->preset), word->preset, comma + 1);
	else if (word->preset != NULL)
		rc_buf_printf(&text, " (default: %s)", word->preset);
	return rc_buf_text(&text);
}

/* A line `-r|--realm NAME   help`, without what stands before it. */
static void
read_option(struct rc_page *page, const char *line)
{
	size_t length = first_part(line), name_length;
	int letter = 0;
	const char *help = line + length + strspn(line + length, " ");
	struct rc_option *option = &page->options[page->option_count];
	struct rc_page_word *word;
	char *spelling;

	if (line[1] != '-' && rc_str_begins(line + 2, "|--")) {
		letter = line[1];
		line += 3;
		length -= 3;
	}
	spelling = rc_strndup(line + 2, length - 2);
	name_length = strcspn(spelling, " ");
	word = add_word(page, copy(spelling, name_length));
	*option = (struct rc_option){
		.id = letter != 0 ? letter : RC_OPT_LONG + (int)page->option_count, .name = word->name };
	if (spelling[name_length] == ' ')
		option->argument = read_marks(word, spelling + name_length + 1);
	option->help = copy(help, strlen(help));	/* until the marks' words are added, at the comment's end */
	page->option_count++;
	free(spelling);
}

static void
read_operand(struct rc_page *page, const char *line, struct rc_buf *more)
{
	size_t length = first_part(line);
	char *spelling = rc_strndup(line, length);

	if (page->named_count == RC_PAGE_OPERANDS_MAX)
		rc_die(RC_NO, "its page has more than %d operands", RC_PAGE_OPERANDS_MAX);
	struct rc_page_word *word = &page->named[page->named_count];
	const char *shown = read_marks(word, spelling), *help = help_of(word, line + length + strspn(line + length, " "));

	rc_buf_printf(more, "  %-24s %s\n", shown, help);
	page->program.more = rc_buf_text(more);
	word->name = word->kind;
	page->named_count++;
	if (strcmp(word->kind, "COMMAND") == 0)
		page->program.operand_ends_options = word->repeated = true;
	free(spelling);
}

static const char *const *
example_words(const char *text)
{
	return (const char *const *)split(text);
}

static void
read_fact(struct rc_page *page, const char *name, const char *value)
{
	struct rc_program *program = &page->program;

	if (strcmp(name, "usage") == 0 && rc_str_begins(value, program->name))
		program->synopsis = value + strlen(program->name) + (value[strlen(program->name)] == ' ');
	else if (strcmp(name, "category") == 0)
		program->category = value;
	else if (strcmp(name, "risk") == 0)
		program->risk = value;
	else if (strcmp(name, "changes") == 0)
		program->changes = value;
	else if (strcmp(name, "idempotent") == 0)
		program->not_idempotent = strcmp(value, "yes") != 0;
	else if (strcmp(name, "ci-safe") == 0)
		program->not_ci_safe = strcmp(value, "yes") != 0;
	else if (strcmp(name, "reads") == 0)
		program->reads = value;
	else if (strcmp(name, "writes") == 0)
		program->writes = value;
	else if (strcmp(name, "example") == 0)
		program->example = example_words(value);
	else if (strcmp(name, "hides") == 0)
		program->hides = strcmp(value, "*") == 0 ? "" : value;
	else if (strcmp(name, "gate") == 0)
		page->is_exempt = strcmp(value, "exempt") == 0;
	else if (strcmp(name, "rollback") == 0)
		page->rollback = value;
	else if (strcmp(name, "undo") == 0 && rc_str_begins(value, "no, "))
		program->no_undo = value + 4;
	else if (strcmp(name, "undo") == 0)
		page->tables = add_words(page->tables, strcmp(value, "yes") == 0 ? "" : value);
	else if (strcmp(name, "varies") == 0)
		page->varying = split(value);
	else if (strcmp(name, "lists") == 0)
		page->lists_commands = strcmp(value, "commands") == 0;
	else if (strcmp(name, "secrets") == 0)
		page->secrets = split(value);
}

/* A line `word: value   word: value`; values of one line that stand alone may have several blanks. */
static void
read_facts(struct rc_page *page, const char *line)
{
	for (;;) {
		size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz-"), length;
		bool is_whole = rc_str_begins(line, "usage: ") || rc_str_begins(line, "example: ");

		if (name == 0 || !rc_str_begins(line + name, ": "))
			return;
		length = is_whole ? strlen(line + name + 2) : first_part(line + name + 2);
		if (rc_str_begins(line, "example-input: ")) {
			struct rc_buf input = {0};

			rc_buf_printf(&input, "%s\n", line + name + 2);
			page->program.example_input = rc_buf_text(&input);
			return;
		}
		{
			char *key = rc_strndup(line, name);

			read_fact(page, key, copy(line + name + 2, length));
			free(key);
		}
		line += name + 2 + length;
		line += strspn(line, " ");
	}
}

/* Adds a deeper line to the help of the option before it. */
static void
continue_help(struct rc_page *page, const char *text)
{
	struct rc_option *option = &page->options[page->option_count - 1];
	struct rc_buf help = {0};

	rc_buf_printf(&help, "%s %s", option->help, text);
	free((char *)(size_t)option->help);
	option->help = rc_buf_text(&help);
}

static void
read_line(struct rc_page *page, const char *line, bool *in_option, struct rc_buf *more)
{
	size_t name = strlen(page->program.name), blanks = strspn(line, " ");

	if (*in_option && blanks >= 10) {
		continue_help(page, line + blanks);
		return;
	}
	*in_option = false;
	if (blanks == 3 && line[3] == '-') {
		read_option(page, line + 3);
		*in_option = true;
	} else if (blanks == 3 && isupper((unsigned char)line[3])) {
		read_operand(page, line + 3, more);
	} else if (blanks == 1 && rc_str_begins(line + 1, page->program.name) && rc_str_begins(line + 1 + name, " - ")) {
		page->program.summary = copy(line + 4 + name, strlen(line + 4 + name));
	} else if (blanks == 1) {
		read_facts(page, line + 1);
	}
}

/* ---- what every page has ---- */

static const char *const common[] = {
	"--json  print records, and a summary at the end",
	"--no-input  never ask (nothing is ever asked)",
	"--noinput  the same, in Django's spelling",
	"-v|--verbosity N  taken for Django's sake, without effect",
	"--settings MODULE  likewise",
	"--pythonpath FOLDER  likewise",
	"--traceback  likewise",
	"--no-color  likewise",
	"--force-color  likewise",
	"--skip-checks  likewise",
};

/* What a page has besides, where its change is asked for. */
static const char *const of_gate[] = {
	"--environment NAME  the environment that the change is for; RC_ENVIRONMENT says the same",
	"--confirm WORD ...  the change is meant: PRODUCTION, or the database's name where something is destroyed; may be repeated,"
	    " and RC_CONFIRM says the same",
	"--yes  the change is meant, where nothing is destroyed",
};

/* Where it changes rows that can be watched. */
static const char *const of_rows[] = {
	"--plan FILE  do what --dry-run does, and write it to FILE, which must not exist, for --apply",
	"--apply FILE  do what that plan has, or nothing where anything is not as planned; the other options are the same again",
	"--undo-log FILE  write there what each row was and is, for rc-undo; a new file",
};

static bool
has_option(const struct rc_page *page, const char *name, size_t length)
{
	for (size_t i = 0; i < page->option_count; i++)
		if (strncmp(page->options[i].name, name, length) == 0 && page->options[i].name[length] == '\0')
			return true;
	return false;
}

static void
add_options(struct rc_page *page, const char *const lines[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = strstr(lines[i], "--") + 2;

		if (!has_option(page, name, strcspn(name, " ")))
			read_option(page, lines[i]);
	}
}

/* Whether a change is asked for; what makes test or sample data is never exempt. */
static void
judge_gate(struct rc_page *page)
{
	struct rc_program *program = &page->program;

	if (program->changes == NULL || strcmp(program->changes, "nothing") == 0)
		return;
	if (page->is_exempt && strcmp(program->category, "test-data") == 0)
		rc_die(RC_NO, "its page makes test data, which is never exempt from the gate");
	program->gate = page->is_exempt ? "exempt" : "asks";
	if (!page->is_exempt)
		add_options(page, of_gate, sizeof of_gate / sizeof *of_gate);
}

static void
mark_secrets(struct rc_page *page)
{
	for (const char **secret = page->secrets; secret != NULL && *secret != NULL; secret++)
		for (size_t i = 0; i < page->option_count; i++)
			if (rc_str_begins(*secret, "--") && strcmp(*secret + 2, page->words[i].name) == 0)
				page->words[i].secret = page->has_secret_option = true;
}

void
rc_page_read(struct rc_page *page, const char *path, const char *name)
{
	char *head, *line;
	bool in_option = false;
	struct rc_buf more = {0};	/* the operands' help, which stays */

	*page = (struct rc_page){ .program = { .name = name, .synopsis = "", .summary = "", .category = "operations",
	    .writes = "lines of text, or with --json records and a summary", .is_command = true, .options = page->options } };
	head = read_head(path);
	for (line = head; *line == '#';) {
		size_t length = strcspn(line, "\n");
		bool last = line[length] == '\0';

		line[length] = '\0';
		read_line(page, line + 1, &in_option, &more);
		line += length + (last ? 0 : 1);
	}
	free(head);
	page->is_toolkit = strcmp(page->program.category, "toolkit") == 0;
	page->program.own_options = page->own_count = page->option_count;
	if (!page->is_toolkit) {
		if (page->tables != NULL)
			add_options(page, of_rows, sizeof of_rows / sizeof *of_rows);
		judge_gate(page);
		add_options(page, common, sizeof common / sizeof *common);
	}
	for (size_t i = 0; i < page->named_count; i++)	/* they stand behind all options */
		*add_word(page, NULL) = page->named[i];
	for (size_t i = 0; i < page->option_count; i++)
		page->options[i].help = help_of(&page->words[i], page->options[i].help);
	mark_secrets(page);
}

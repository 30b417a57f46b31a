#define _GNU_SOURCE	/* syscall(2) */
#include "rc_opt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_str.h"

#ifndef RC_VERSION
#define RC_VERSION "unknown"
#endif

enum { OPT_HELP = RC_OPT_LONG + 1000, OPT_VERSION, OPT_DESCRIBE };

static struct rc_option standard[] = {
	{ OPT_HELP, "help", NULL, "print this help and end" },
	{ OPT_VERSION, "version", NULL, "print the version and end" },
	{ OPT_DESCRIBE, "describe", NULL, "print this program's contract as JSON and end" },
	RC_OPTION_END
};

static const struct rc_program *current;

/*
 * Descriptors 0 to 2 are taken where the caller closed them, so that no file
 * or connection of ours gets their number: reading 0 or writing 1 then fails.
 */
static void
hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			if (open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY) != fd)
				_exit(RC_RETRY);
}

/* Whether a process has ended; one that nobody has waited for yet has, too, which kill(2) can't tell. */
static bool
has_ended(pid_t pid)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	bool ended;

	if (end.fd < 0)
		return kill(pid, 0) < 0 && errno == ESRCH;
	ended = poll(&end, 1, 0) > 0;
	close(end.fd);
	return ended;
}

/*
 * A porcelain command leaves its pid in RC_PARENT.  When it is gone, killed
 * with -9 say, its filters end too, and with them their transactions.
 */
static void
end_with_parent(void)
{
	const char *parent = getenv("RC_PARENT");
	long pid;

	if (parent == NULL || !rc_parse_long(parent, 1, 1L << 30, &pid))
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (has_ended((pid_t)pid))
		raise(SIGTERM);
}

/* What we hold in memory may be secret, so no core shows it, nor may another program of the user look at it. */
static void
keep_memory_private(void)
{
#ifndef __SANITIZE_ADDRESS__	/* it looks at its own process that way */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void
start(const struct rc_program *program)
{
	hold_standard_descriptors();
	keep_memory_private();
	unsetenv("POSIXLY_CORRECT");	/* options may stand after operands, whatever the caller's taste */
	signal(SIGPIPE, SIG_DFL);	/* systemd ignores it; `| head` should end a source quietly */
	rc_err_set_tool(program->name);
	end_with_parent();
}

static void
print_usage(FILE *out)
{
	fprintf(out, "usage: %s %s\n", current->name, current->synopsis);
}

void
rc_usage(const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	print_usage(stderr);
	if (current->is_command)
		rc_die(RC_WRONG, "error: %s", message);
	rc_die(RC_FATAL, "%s", message);
}

void
rc_usage_word(const char *message, const char *word, const char *quote)
{
	if (current->hides != NULL && strstr(word, current->hides) != NULL)
		rc_usage("%s(not shown, it may hold a secret)", message);
	rc_usage("%s%s%s%s", message, quote, word, quote);
}

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
each_option(void (*visit)(const struct rc_option *option, struct rc_buf *out), struct rc_buf *out)
{
	for (const struct rc_option *o = current->options; o != NULL && o->name != NULL; o++)
		visit(o, out);
	for (const struct rc_option *o = standard; o->name != NULL; o++)
		visit(o, out);
}

static void
help_option(const struct rc_option *option, struct rc_buf *out)
{
	struct rc_buf spelling = {0};

	option_spelling(option, &spelling);
	rc_buf_printf(out, "  %-24s %s\n", rc_buf_text(&spelling), option->help);
	rc_buf_free(&spelling);
}

static void
help(struct rc_buf *out)
{
	rc_buf_printf(out, "usage: %s %s\n%s\n\n", current->name, current->synopsis, current->summary);
	each_option(help_option, out);
	if (current->more != NULL)
		rc_buf_add_text(out, current->more);
	rc_buf_printf(out, "\nreads:  %s\nwrites: %s\nmore:   man %s\n",
	    current->reads == NULL ? "nothing" : current->reads,
	    current->writes == NULL ? "nothing" : current->writes, current->name);
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
static void
mdoc(struct rc_buf *out)
{
	rc_buf_printf(out, ".Nm %s\n", current->name);
	add_roff(out, current->synopsis);
	rc_buf_add_text(out, "\n@OPTIONS@\n.Bl -tag -width Ds\n");
	each_option(mdoc_option, out);
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
has_option(const char *name)
{
	for (const struct rc_option *o = current->options; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

static void
describe(struct rc_buf *out)
{
	struct rc_buf list = {0};

	rc_json_open(out);
	rc_json_add_text(out, "name", current->name);
	rc_json_add_text(out, "summary", current->summary);
	rc_json_add_text(out, "synopsis", current->synopsis);
	rc_buf_add_text(&list, "[");
	each_option(describe_option, &list);
	rc_buf_add_text(&list, "]");
	rc_json_add_value(out, "options", rc_buf_text(&list));
	rc_json_add_text(out, "reads", current->reads);
	rc_json_add_text(out, "writes", current->writes);
	rc_json_add_text(out, "category", current->category == NULL ? "plumbing" : current->category);
	rc_json_add_text(out, "risk", current->risk == NULL ? "low" : current->risk);
	rc_json_add_value(out, "idempotent", current->not_idempotent ? "false" : "true");
	rc_json_add_value(out, "ci_safe", current->not_ci_safe ? "false" : "true");
	rc_json_add_text(out, "changes", current->changes == NULL ? "nothing" : current->changes);
	rc_json_add_text(out, "gate", current->gate == NULL ? "none" : current->gate);
	if (has_option("undo-log"))
		rc_json_add_value(out, "undo", "true");
	else
		rc_json_add_text(out, "undo", current->no_undo);
	list.length = 0;
	rc_buf_add_text(&list, "[");
	for (const char *const *word = current->example; word != NULL && *word != NULL; word++) {
		if (word != current->example)
			rc_buf_add_text(&list, ",");
		rc_json_write_string(&list, *word, strlen(*word));
	}
	rc_buf_add_text(&list, "]");
	rc_json_add_value(out, "example", rc_buf_text(&list));
	rc_json_add_text(out, "example_input", current->example_input);
	rc_json_close(out);
	rc_buf_add_text(out, "\n");
	rc_buf_free(&list);
}

static _Noreturn void
print_and_end(void (*make)(struct rc_buf *out))
{
	struct rc_buf out = {0};

	make(&out);
	if (fwrite(out.bytes, 1, out.length, stdout) != out.length || fflush(stdout) != 0)
		rc_die(current->is_command ? RC_NO : RC_RETRY, "cannot write <stdout>: %s", strerror(errno));
	rc_buf_free(&out);
	rc_exit(RC_OK);
}

static void
version(struct rc_buf *out)
{
	rc_buf_printf(out, "%s (rc) %s\n", current->name, RC_VERSION);
}

static const struct rc_option *
option_of(int id)
{
	for (const struct rc_option *o = current->options; o != NULL && o->name != NULL; o++)
		if (o->id == id)
			return o;
	for (const struct rc_option *o = standard; o->name != NULL; o++)
		if (o->id == id)
			return o;
	return NULL;
}

static void
add_option(const struct rc_option *option, struct rc_buf *list)
{
	rc_buf_add(list, (const char *)&option, sizeof option);
}

/* The options in the order of the help, for getopt_long(3), and the letters that it wants. */
static struct option *
getopt_table(struct rc_buf *letters)
{
	struct rc_buf list = {0};
	const struct rc_option *option;
	struct option *table;
	size_t n;

	each_option(add_option, &list);
	n = list.length / sizeof option;
	table = rc_alloc((n + 1) * sizeof *table);
	/* `+`: the first operand ends the options; `:`: a missing argument is told apart from an unknown option */
	rc_buf_add_text(letters, current->operand_ends_options ? "+:" : ":");
	for (size_t i = 0; i < n; i++) {
		memcpy(&option, list.bytes + i * sizeof option, sizeof option);
		table[i] = (struct option){
			option->name, option->argument == NULL ? no_argument : required_argument, NULL, option->id };
		if (option->id < RC_OPT_LONG)
			rc_buf_printf(letters, "%c%s", option->id, option->argument == NULL ? "" : ":");
	}
	table[n] = (struct option){0};
	rc_buf_text(letters);
	rc_buf_free(&list);
	return table;
}

/* The word that getopt_long(3) has just refused: it does not step over one with several letters before its last. */
static const char *
refused_word(char *argv[])
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < RC_OPT_LONG && (word[0] != '-' || strchr(word, optopt) == NULL) && argv[optind] != NULL)
		return argv[optind];
	return word;
}

static void
refuse_in_filter(bool lacks_argument, char *argv[])
{
	const char *word = argv[optind - 1];

	if (lacks_argument)
		rc_usage("option '%s' needs an argument", word);
	if (optopt != 0 && strncmp(word, "--", 2) == 0)
		rc_usage("option '%.*s' takes no argument", (int)strcspn(word, "="), word);
	if (optopt != 0)
		rc_usage("unknown option '-%c'", optopt);
	rc_usage("unknown option '%s'", word);
}

/* Ends the process where the option WORD is the beginning of several. */
static void
refuse_ambiguous(const char *word)
{
	size_t length = strcspn(word + 2, "="), found = 0;
	struct rc_buf list = {0}, names = {0};
	const struct rc_option *option;

	each_option(add_option, &list);
	for (size_t i = 0; i < list.length; i += sizeof option) {
		memcpy(&option, list.bytes + i, sizeof option);
		if (strncmp(option->name, word + 2, length) == 0)
			rc_buf_printf(&names, "%s--%s", found++ == 0 ? "" : ", ", option->name);
	}
	if (found > 1)
		rc_usage("ambiguous option: --%.*s could match %s", (int)length, word + 2, rc_buf_text(&names));
	rc_buf_free(&list);
	rc_buf_free(&names);
}

static void
refuse_in_command(bool lacks_argument, char *argv[])
{
	const char *word = refused_word(argv), *value = strchr(word, '=');
	const struct rc_option *option = optopt == 0 ? NULL : option_of(optopt);
	char message[256];

	if (lacks_argument)
		rc_usage("argument --%s: expected one argument", option->name);
	if (option != NULL && value != NULL) {
		snprintf(message, sizeof message, "argument --%s: ignored explicit argument ", option->name);
		rc_usage_word(message, value + 1, "'");
	}
	if (strncmp(word, "--", 2) == 0)
		refuse_ambiguous(word);
	rc_usage_word("unrecognized arguments: ", word, "");
}

/* As argparse has it: a word that looks like an option, and not like a number, is no option's argument. */
static void
check_argument(int id, char *argv[])
{
	if (optarg == argv[optind - 1] && optarg[0] == '-' && optarg[1] != '\0' && (optarg[1] < '0' || optarg[1] > '9'))
		rc_usage("argument --%s: expected one argument", option_of(id)->name);
}

static struct option *
begin(const struct rc_program *program, int argc, char *argv[], struct rc_buf *letters)
{
	current = program;
	start(program);
	standard[0].id = OPT_HELP;
	if (program->is_command && option_of('h') == NULL)
		standard[0].id = 'h';
	if (argc == 2 && strcmp(argv[1], "--help-mdoc") == 0)	/* the Makefile's */
		print_and_end(mdoc);
	opterr = 0;
	optind = 0;	/* getopt_long(3) begins anew */
	return getopt_table(letters);
}

int
rc_getopt_silent(const struct rc_program *program, int argc, char *argv[])
{
	static struct option *table;
	static struct rc_buf letters;
	int id;

	if (current != program) {
		free(table);
		letters.length = 0;
		table = begin(program, argc, argv, &letters);
	}
	id = getopt_long(argc, argv, letters.bytes, table, NULL);
	if (id == ':' || id == '?')
		(program->is_command ? refuse_in_command : refuse_in_filter)(id == ':', argv);
	if (id == standard[0].id)
		print_and_end(help);
	if (id == OPT_VERSION)
		print_and_end(version);
	if (id == OPT_DESCRIBE)
		print_and_end(describe);
	if (id != -1 && optarg != NULL && program->is_command)
		check_argument(id, argv);
	return id;	/* -1 at the end of the options */
}

int
rc_getopt(const struct rc_program *program, int argc, char *argv[])
{
	int id = rc_getopt_silent(program, argc, argv);

	if (id == -1)
		rc_event_start();
	return id;
}

long
rc_opt_long(const char *name, const char *argument, long min, long max)
{
	long value;

	if (!rc_parse_long(argument, min, max, &value))
		rc_usage("--%s takes a whole number from %ld to %ld, not '%s'", name, min, max, argument);
	return value;
}

long
rc_opt_duration(const char *name, const char *argument)
{
	long value;

	if (!rc_parse_duration(argument, &value))
		rc_usage("--%s takes a duration such as 500ms, 2s or 5m, not '%s'", name, argument);
	return value;
}

char **
rc_opt_command(int *argc, char *argv[])
{
	for (int i = 1; i + 1 < *argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			*argc = i;
			return argv + i + 1;
		}
	return NULL;
}

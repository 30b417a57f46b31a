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
#include "rc_mem.h"
#include "rc_opt_contract.h"
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

void
rc_opt_each(void (*visit)(const struct rc_option *option, struct rc_buf *out), struct rc_buf *out)
{
	for (const struct rc_option *o = current->options; o != NULL && o->name != NULL; o++)
		visit(o, out);
	for (const struct rc_option *o = standard; o->name != NULL; o++)
		visit(o, out);
}

static _Noreturn void
print_and_end(void (*make)(const struct rc_program *program, struct rc_buf *out))
{
	struct rc_buf out = {0};

	make(current, &out);
	if (fwrite(out.bytes, 1, out.length, stdout) != out.length || fflush(stdout) != 0)
		rc_die(current->is_command ? RC_NO : RC_RETRY, "cannot write <stdout>: %s", strerror(errno));
	rc_buf_free(&out);
	rc_exit(RC_OK);
}

static void
version(const struct rc_program *program, struct rc_buf *out)
{
	rc_buf_printf(out, "%s (rc) %s\n", program->name, RC_VERSION);
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

	rc_opt_each(add_option, &list);
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

	rc_opt_each(add_option, &list);
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

/* The one of the program's own options that WORD, which getopt_long(3) has refused, is the beginning of; or NULL. */
static const struct rc_option *
own_option(const char *word)
{
	const struct rc_option *found = NULL;
	size_t length;

	if (optopt != 0 || !rc_str_begins(word, "--") || (length = strcspn(word + 2, "=")) == 0)
		return NULL;
	for (size_t i = 0; i < current->own_options; i++) {
		if (strncmp(current->options[i].name, word + 2, length) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &current->options[i];
	}
	return found;
}

/* What getopt_long(3) would give for it: the id, or ':' where its argument is missing. */
static int
take_own_option(const struct rc_option *option, int argc, char *argv[])
{
	char *value = strchr(argv[optind - 1], '=');

	optarg = NULL;
	optopt = option->id;
	if (option->argument == NULL)
		return value == NULL ? option->id : '?';
	if (value == NULL && optind == argc)
		return ':';
	optarg = value != NULL ? value + 1 : argv[optind++];
	return option->id;
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
		print_and_end(rc_opt_mdoc);
	opterr = 0;
	optind = 0;	/* getopt_long(3) begins anew */
	return getopt_table(letters);
}

int
rc_getopt_silent(const struct rc_program *program, int argc, char *argv[])
{
	static struct option *table;
	static struct rc_buf letters;
	const struct rc_option *own;
	int id;

	if (current != program) {
		free(table);
		letters.length = 0;
		table = begin(program, argc, argv, &letters);
	}
	id = getopt_long(argc, argv, letters.bytes, table, NULL);
	if (id == '?' && (own = own_option(argv[optind - 1])) != NULL)
		id = take_own_option(own, argc, argv);
	if (id == ':' || id == '?')
		(program->is_command ? refuse_in_command : refuse_in_filter)(id == ':', argv);
	if (id == standard[0].id)
		print_and_end(rc_opt_help);
	if (id == OPT_VERSION)
		print_and_end(version);
	if (id == OPT_DESCRIBE)
		print_and_end(rc_opt_describe);
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

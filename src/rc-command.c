/*
 * rc-command - run the page of a command of bin/
 *
 * The front of each command.  It reads the page's head comment as the contract
 * (rc_page.h) and the arguments as it says, and runs bash on the page once, in
 * a process group of its own.  What the page is told goes through a sealed
 * memory file, and what it tells comes back through a socket: neither arguments
 * nor secrets stand where another process could see them.  Afterwards it writes
 * the summary, the events and the exit code.
 *
 * A link that leads here is the command of its own name, whose page is
 * share/rc/pages/NAME.  The page of a command of the toolkit itself is run in
 * our place, without all that: it hands everything on to a command of the user's.
 */
#define _GNU_SOURCE	/* sigabbrev_np(3) */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_child.h"
#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_folder.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_page.h"
#include "rc_report.h"
#include "rc_sealed.h"
#include "rc_str.h"

enum { TOLD_AGAIN_MS = 100, EVENT_MESSAGE_MAX = 4000, DESCRIPTORS_MAX = 16, CALL_WORDS = 6, URL_PART = 4096 };

extern char **environ;

static const char *const example[] = { "rc-postgres", "--", "true", NULL };

static const struct rc_program program = {
	.name = "rc-command",
	.synopsis = "PAGE [ARGUMENT ...]",
	.summary = "run the page of a command",
	.writes = "what the command writes",
	.operand_ends_options = true,
	.example = example,
};

/* The command, where its parts are, and what our caller has given us. */
struct command {
	const char *name;
	char *bin, *share, *file;	/* the folders of the programs and of the data, the page */
	struct rc_page page;
	char **given;			/* a copy of the environment, ended by NULL */
	mode_t umask;
	struct rlimit core;
	bool ignores_pipe;

	int outer;			/* the socket of the command that runs us in its page, or -1 */
	const char *caller;		/* its name, or "" */
	char *work;			/* the private folder */
	struct rc_report report;
	struct rc_child child;
	int inherited[DESCRIPTORS_MAX + 1];
	size_t inherited_count;
	long long began;		/* ms */
};

/* ---- where we are ---- */

/* PATH's last part. */
static const char *
base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* PATH without its last part and the slash before that; owned by the caller. */
static char *
folder_of(const char *path)
{
	size_t length = (size_t)(base(path) - path);

	return rc_strndup(path, length > 1 ? length - 1 : length);
}

/* FOLDER/NAME; owned by the caller. */
static char *
inside(const char *folder, const char *name)
{
	struct rc_buf path = {0};

	rc_buf_printf(&path, "%s/%s", folder, name);
	return rc_buf_text(&path);
}

/* The path by which we were executed, whatever argv[0] is. */
static const char *
executed_as(void)
{
	return (const char *)(size_t)getauxval(AT_EXECFN);
}

/* The name by which we were called: that of the last link before rc-command itself. */
static const char *
called_as(void)
{
	char *path = rc_strndup(executed_as(), strlen(executed_as()));

	for (;;) {
		char target[PATH_MAX], *folder;
		ssize_t length = readlink(path, target, sizeof target - 1);

		if (length <= 0)
			return base(path);
		target[length] = '\0';
		if (strcmp(base(target), program.name) == 0)
			return base(path);
		if (target[0] == '/') {
			path = rc_strndup(target, (size_t)length);
		} else {
			folder = strchr(path, '/') == NULL ? rc_strndup(".", 1) : folder_of(path);
			path = inside(folder, target);
			free(folder);
		}
	}
}

static void
find_tree(struct command *command)
{
	char *self = realpath("/proc/self/exe", NULL), *prefix;

	if (self == NULL && (self = realpath(executed_as(), NULL)) == NULL)
		rc_die(RC_NO, "cannot find itself: %s", strerror(errno));
	command->bin = folder_of(self);
	prefix = folder_of(command->bin);
	command->share = inside(prefix, "share/rc");
	free(prefix);
	free(self);
}

/* Finds the page: by the name that we were called by, or by the first argument, which is taken off. */
static void
find_page(struct command *command, int *argc, char **argv[])
{
	char *pages = inside(command->share, "pages");

	command->name = called_as();
	if (strcmp(command->name, program.name) == 0) {
		const char *page;

		while (rc_getopt_silent(&program, *argc, *argv) != -1)
			;
		if (optind == *argc)
			rc_usage("which page?");
		page = (*argv)[optind];
		*argc -= optind;
		*argv += optind;
		command->name = rc_strndup(page, strlen(page));
		if (strchr(page, '/') != NULL) {
			if ((command->file = realpath(page, NULL)) == NULL)
				rc_die(RC_FATAL, "there is no page %s: %s", page, strerror(errno));
			command->name = base(command->file);
		}
	}
	if (command->file == NULL)
		command->file = inside(pages, command->name);
	free(pages);
	rc_err_set_front(command->name);
}

/* ---- the environment ---- */

static char **
copy_environment(void)
{
	size_t n = 0;
	char **copy;

	while (environ[n] != NULL)
		n++;
	copy = rc_alloc((n + 1) * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = rc_strndup(environ[i], strlen(environ[i]));
	copy[n] = NULL;
	return copy;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Whether the variable is one that we set for what runs in a page. */
static bool
is_ours(const char *pair)
{
	static const char *const names[] = { "RC_RUN_ID=", "RC_PARENT=", "RC_REPORT=", "RC_COMMAND=", "RC_SQL=", "RC_GATED=" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (begins(pair, names[i]))
			return true;
	return false;
}

/* Whether a shell would take the variable as an order, a page as its own, or a command as that of its caller. */
static bool
is_unwanted(const char *pair, bool is_toolkit)
{
	static const char *const always[] = { "BASH_ENV=", "ENV=", "BASHOPTS=", "SHELLOPTS=", "CDPATH=", "POSIXLY_CORRECT=", "rc_", "opt_" };
	static const char *const in_products[] = { "BASH", "GLOBIGNORE=", "IFS=", "PS4=", "work=" };

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (begins(pair, always[i]))
			return true;
	for (size_t i = 0; !is_toolkit && i < sizeof in_products / sizeof *in_products; i++)
		if (begins(pair, in_products[i]))
			return true;
	return !is_toolkit && is_ours(pair);
}

/* An environment that grows; ended by NULL, once take_pairs() has given it. */
static void
add_pair(struct rc_buf *pairs, const char *name, const char *value)
{
	struct rc_buf pair = {0};
	char *text;

	rc_buf_printf(&pair, "%s=%s", name, value);
	text = rc_buf_text(&pair);
	rc_buf_add(pairs, (const char *)&text, sizeof text);
}

static bool
is_variable(const char *pair, const char *name)
{
	return begins(pair, name) && pair[strlen(name)] == '=';
}

static void
inherit(struct command *command, int fd)
{
	if (command->inherited_count == DESCRIPTORS_MAX)
		rc_die(RC_NO, "its page has more than %d secrets", DESCRIPTORS_MAX);
	command->inherited[command->inherited_count++] = fd;
	command->inherited[command->inherited_count] = -1;
}

/*
 * A secret leaves the environment, which other processes can see, for a memory
 * file that NAME_FILE leads to.  Of what rc_secret would take off a file's end
 * there is one more.  Where both are given, an empty variable is left: that is
 * refused as two are.
 */
static void
move_secret(struct command *command, const char *name, char *value, struct rc_buf *pairs)
{
	struct rc_buf bytes = {0}, file = {0}, path = {0};
	size_t length = strlen(value);
	const char *second;

	rc_buf_printf(&file, "%s_FILE", name);
	second = getenv(rc_buf_text(&file));
	if (length == 0 || (second != NULL && *second != '\0')) {
		add_pair(pairs, name, "");
	} else {
		int fd;

		rc_buf_printf(&bytes, "%s\r\n", value);
		fd = rc_sealed("rc-secret", bytes.bytes, bytes.length);
		inherit(command, fd);
		rc_buf_printf(&path, "/dev/fd/%d", fd);
		add_pair(pairs, file.bytes, rc_buf_text(&path));
	}
	rc_wipe(value, length);	/* our own environment is seen as well */
	rc_buf_wipe(&bytes);
	rc_buf_free(&file);
	rc_buf_free(&path);
}

/*
 * The database's URL may come through a pipe, which can be read once.  Where a
 * change is asked for, rc-gate reads it before the filters do, so all of them
 * get a copy in memory.
 */
static void
keep_url(struct command *command, const char *file, struct rc_buf *pairs)
{
	struct rc_buf bytes = {0}, path = {0};
	int in = open(file, O_RDONLY | O_CLOEXEC), fd;
	struct stat status;
	ssize_t n = -1;

	if (in >= 0 && fstat(in, &status) == 0 && S_ISFIFO(status.st_mode)) {
		do {
			rc_buf_reserve(&bytes, URL_PART);
			if ((n = read(in, bytes.bytes + bytes.length, URL_PART)) > 0)
				bytes.length += (size_t)n;
		} while (n > 0 || (n < 0 && errno == EINTR));
	}
	if (n == 0) {
		fd = rc_sealed("rc-url", bytes.bytes, bytes.length);
		inherit(command, fd);
		rc_buf_printf(&path, "/dev/fd/%d", fd);
		file = rc_buf_text(&path);
	}
	add_pair(pairs, "DATABASE_URL_FILE", file);
	rc_buf_wipe(&bytes);
	rc_buf_free(&path);
	if (in >= 0)
		close(in);
}

static bool
asks(const struct command *command)
{
	return command->page.program.gate != NULL && strcmp(command->page.program.gate, "asks") == 0;
}

/* The variables that the page and what it runs get from our caller. */
static void
pass_variables(struct command *command, struct rc_buf *pairs)
{
	for (char **pair = environ; *pair != NULL; pair++) {
		const char **secret = command->page.secrets;

		while (secret != NULL && *secret != NULL && !is_variable(*pair, *secret))
			secret++;
		if (secret != NULL && *secret != NULL)
			move_secret(command, *secret, *pair + strlen(*secret) + 1, pairs);
		else if (asks(command) && is_variable(*pair, "DATABASE_URL_FILE"))
			keep_url(command, *pair + strlen("DATABASE_URL_FILE="), pairs);
		else if (!is_unwanted(*pair, command->page.is_toolkit) && !is_variable(*pair, "PATH") && !is_variable(*pair, "LC_ALL"))
			rc_buf_add(pairs, (const char *)pair, sizeof *pair);
	}
}

static void
add_number(struct rc_buf *pairs, const char *name, long number)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", number);
	add_pair(pairs, name, text);
}

/* The product that the command's name begins with. */
static char *
product_of(const struct command *command)
{
	return rc_strndup(command->name, strcspn(command->name, "-"));
}

static char **
page_environment(struct command *command)
{
	struct rc_buf pairs = {0}, path = {0}, sql = {0};
	const char *old_path = getenv("PATH"), *end = NULL;
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	char *product = product_of(command);

	pass_variables(command, &pairs);
	rc_buf_printf(&path, "%s:%s", command->bin, old_path == NULL ? "/usr/bin:/bin" : old_path);
	add_pair(&pairs, "PATH", rc_buf_text(&path));
	/* Where the system lacks it, bash would say so for each of its processes. */
	add_pair(&pairs, "LC_ALL", utf8 == (locale_t)0 ? "C" : "C.UTF-8");
	if (utf8 != (locale_t)0)
		freelocale(utf8);
	if (!command->page.is_toolkit) {
		rc_buf_printf(&sql, "%s/sql/%s", command->share, product);
		add_pair(&pairs, "RC_SQL", rc_buf_text(&sql));
		add_pair(&pairs, "RC_RUN_ID", rc_run_id());
		add_pair(&pairs, "RC_COMMAND", command->name);
		add_number(&pairs, "RC_PARENT", getpid());
		add_number(&pairs, "RC_REPORT", command->report.page);
	}
	rc_buf_add(&pairs, (const char *)&end, sizeof end);
	rc_buf_free(&path);
	rc_buf_free(&sql);
	free(product);
	return (char **)(void *)pairs.bytes;
}

/* ---- the shell ---- */

/* What the page's gate needs; what the command around this one has asked is not asked again. */
static void
tell_gate(const struct command *command, struct rc_buf *words)
{
	const struct rc_program *facts = &command->page.program;
	bool is_gated = command->page.is_exempt || (command->outer >= 0 && getenv("RC_GATED") != NULL);

	rc_page_tell_one(words, "set", "rc_summary", facts->summary);
	rc_page_tell_one(words, "set", "rc_changes", facts->changes == NULL ? "nothing" : facts->changes);
	rc_page_tell_one(words, "set", "rc_rollback", command->page.rollback == NULL ? "" : command->page.rollback);
	rc_page_tell_one(words, "set", "rc_gated", is_gated ? "yes" : "");
}

/* What functions.bash sets before the page begins; the words of rc_page_tell(). */
static int
hand_over(const struct command *command)
{
	struct rc_buf words = {0};
	const char *path = getenv("PATH");
	char *product = command->page.is_toolkit ? rc_strndup("", 0) : product_of(command), report[32];
	int fd;

	snprintf(report, sizeof report, "%d", command->report.page);
	rc_page_tell_one(&words, "set", "rc_page", command->file);
	rc_page_tell_one(&words, "set", "rc_command", command->name);
	rc_page_tell_one(&words, "set", "rc_synopsis", command->page.program.synopsis);
	rc_page_tell_one(&words, "set", "rc_caller", command->caller);
	tell_gate(command, &words);
	rc_page_tell_one(&words, "set", "rc_product", product);
	rc_page_tell_one(&words, "set", "rc_bin", command->bin);
	rc_page_tell_one(&words, "set", "rc_share", command->share);
	rc_page_tell_one(&words, "set", "rc_outer_path", path == NULL ? "" : path);
	rc_page_tell_one(&words, "set", "rc_report", command->page.is_toolkit ? "" : report);
	rc_page_tell_one(&words, "set", "work", command->work == NULL ? "" : command->work);
	rc_page_tell(&command->page, &words);
	for (size_t i = 0; i < command->page.operand_count; i++)
		rc_page_tell_one(&words, "add", "rc_operands", command->page.operands[i]);
	fd = rc_sealed("rc-arguments", words.bytes, words.length);
	rc_buf_wipe(&words);
	free(product);
	return fd;
}

/*
 * The call of bash, with the descriptor of the words.  It takes no order from
 * the environment (-p), and of stages that were killed we tell: with -c, and in
 * POSIX mode (functions.bash), bash does not.
 */
static char **
shell_call(const struct command *command, int fd)
{
	static char shell[] = "bash", privileged[] = "-p", code_follows[] = "-c", code[] = ". \"$0\"", number[32];
	char *words[CALL_WORDS + 1] = { shell, privileged, code_follows, code, inside(command->share, "page/functions.bash"), number, NULL };
	char **call = rc_alloc(sizeof words);

	snprintf(number, sizeof number, "%d", fd);
	return memcpy(call, words, sizeof words);
}

/* Takes the arguments from the list of processes, once they are copied. */
static void
wipe_arguments(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		rc_wipe(argv[i], strlen(argv[i]));
}

/* A command of the toolkit: its page is run in our place. */
static _Noreturn void
become_page(struct command *command)
{
	int fd = hand_over(command);
	char **call = shell_call(command, fd), **environment = page_environment(command);
	size_t n = command->page.operand_count;

	/* Its operands are arguments again, as they were: they are the user's command, which is going to have them. */
	call = rc_realloc(call, (CALL_WORDS + n + 1) * sizeof *call);
	memcpy(call + CALL_WORDS, command->page.operands, (n + 1) * sizeof *call);
	fcntl(fd, F_SETFD, 0);
	umask(command->umask);
	rc_child_become(call, environment);
}

/* ---- while it runs ---- */

static const char *
short_message(const char *message)
{
	static char kept[EVENT_MESSAGE_MAX + 1];

	snprintf(kept, sizeof kept, "%s", message);
	return kept;
}

static void
tell_event(const char *name, const char *message, int code, const char *counts)
{
	rc_event_append(rc_err_tool(), getpid(), name, message == NULL ? NULL : short_message(message), code, counts);
}

static void
on_warning(const char *text)
{
	tell_event("warning", text, -1, NULL);
}

/* What is our own fault, or the machine's, ends us with a code of bin/. */
static void
end_with_code_of_bin(int code)
{
	if (code == RC_FATAL || code == RC_RETRY)
		_exit(RC_NO);
}

static void
make_ready(struct command *command)
{
	const struct rlimit none = { 0, command->core.rlim_max };
	struct rc_buf tried = {0};

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);	/* we still have to remove the folder */
	umask(077);
	command->began = rc_clock_ms();
	command->outer = rc_report_outer();
	command->caller = command->outer < 0 || getenv("RC_COMMAND") == NULL ? "" : getenv("RC_COMMAND");
	command->report.warning = on_warning;
	rc_report_open(&command->report);
	inherit(command, command->report.page);
	rc_run_id();
	tell_event("start", NULL, -1, NULL);
	command->work = rc_folder_make(&tried);
	if (command->work == NULL) {
		rc_warn("no folder for this run: %s", rc_buf_text(&tried));
		tell_event("error", tried.bytes, RC_NO, NULL);
		rc_exit(RC_NO);
	}
}

/* Runs the page to its end. */
static void
run(struct command *command)
{
	int fd = hand_over(command);
	char **call = shell_call(command, fd);
	struct pollfd ready[2];
	long long told = 0;

	inherit(command, fd);
	command->child = (struct rc_child){ .environment = page_environment(command), .inherited = command->inherited,
	    .has_group = true, .ends_with_us = SIGKILL };
	rc_child_start(&command->child, call);
	close(fd);
	ready[0] = (struct pollfd){ .fd = command->child.signals, .events = POLLIN };
	ready[1] = (struct pollfd){ .fd = command->report.ours, .events = POLLIN };
	while (!rc_child_look(&command->child)) {
		/* A stage that was just being started may have missed the signal. */
		if (command->child.signal != 0 && rc_clock_ms() - told >= TOLD_AGAIN_MS) {
			if (told != 0)
				rc_child_kill(&command->child, SIGTERM);
			told = rc_clock_ms();
		}
		poll(ready, 2, command->child.signal == 0 ? -1 : TOLD_AGAIN_MS);
		rc_report_read(&command->report);
	}
	rc_child_wait_for_group(&command->child);
	rc_report_read(&command->report);
}

/* ---- at the end ---- */

static bool
given(const struct command *command, const char *option)
{
	for (size_t i = 0; i < command->page.option_count; i++)
		if (strcmp(command->page.words[i].name, option) == 0)
			return command->page.words[i].given;
	return false;
}

/* Prints the message that ends the command, and keeps it for the event. */
static void
say(struct rc_report *report, const char *message)
{
	rc_warn("%s", message);
	free(report->message);
	report->message = rc_strndup(message, strlen(message));
}

/* Prints the summary; 0, or errno where it could not be written. */
static int
print_summary(const struct command *command, bool ok)
{
	const struct rc_report *report = &command->report;
	long long ms = rc_clock_ms() - command->began;
	struct rc_buf line = {0};
	char duration[48];
	int failure = 0;

	snprintf(duration, sizeof duration, "%lld.%03lld000", ms / 1000, ms % 1000);
	rc_json_open(&line);
	rc_json_add_value(&line, "ok", ok ? "true" : "false");
	rc_json_add_text(&line, "run_id", rc_run_id());
	rc_json_add_integer(&line, "scanned", report->scanned);
	rc_json_add_integer(&line, "changed", report->changed);
	rc_json_add_integer(&line, "warnings", report->warnings);
	rc_json_add_integer(&line, "errors", report->errors);
	rc_json_add_value(&line, "duration_s", duration);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	for (size_t done = 0; done < line.length && failure == 0;) {
		ssize_t n = write(STDOUT_FILENO, line.bytes + done, line.length - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			failure = errno;
	}
	rc_buf_free(&line);
	return failure;
}

/* Of a page, or a stage of it, that a signal ended: says so, unless that signal was ours to pass on. */
static void
tell_signal(struct command *command, int code, bool may_have_changed)
{
	struct rc_buf message = {0};
	const char *name = sigabbrev_np(code - RC_CHILD_SIGNALLED);

	rc_buf_printf(&message, "a stage was ended by SIG%s%s", name, may_have_changed ? "; look whether the change took place" : "");
	say(&command->report, rc_buf_text(&message));
	rc_buf_free(&message);
}

/* Writes the counts to whom they belong; the code, which a summary that can't be written may change. */
static int
sum_up(struct command *command, int code, bool may_have_changed)
{
	struct rc_report *report = &command->report;
	int failure;

	if (code != RC_OK && report->errors == 0)
		report->errors = 1;
	if (command->outer >= 0) {
		rc_report_hand_on(report, command->outer);
		return code;
	}
	if (!given(command, "json") || (failure = print_summary(command, code == RC_OK)) == 0)
		return code;
	if (failure == EPIPE && !may_have_changed) {
		command->child.signal = SIGPIPE;
	} else if (failure != EPIPE) {
		rc_warn("cannot write <stdout>: %s", strerror(failure));
	} else if (code == RC_OK) {
		say(report, "the summary could not be written");
	}
	return RC_NO;
}

/* Whatever ended the page: its code becomes 0, 1 or 2, and what is to be told is told. */
static int
judge(struct command *command)
{
	struct rc_report *report = &command->report;
	int code = rc_child_code(&command->child), *signal_number = &command->child.signal;
	bool may_have_changed = report->applying && !given(command, "dry-run"), page_told = report->message != NULL;

	if (code == RC_CHILD_SIGNALLED + SIGPIPE && !may_have_changed)
		*signal_number = SIGPIPE;	/* as with any program whose reader needs no more */
	if (code > RC_CHILD_SIGNALLED && *signal_number == 0 && report->message == NULL)
		tell_signal(command, code, may_have_changed);
	if (code == RC_WRONG)
		return code;
	if (code != RC_OK)
		code = RC_NO;
	if (report->applied && code != RC_OK && report->changed > 0 && !page_told)
		say(report, "the change is committed, but its report could not be written");
	if (report->become_count > 0 && code == RC_OK)
		return code;	/* what it becomes has the last word */
	return *signal_number != 0 && !report->applied ? code : sum_up(command, code, may_have_changed);
}

static void
tell_end(const struct command *command, int code)
{
	const struct rc_report *report = &command->report;
	char counts[96], ended[48];

	snprintf(counts, sizeof counts, "{\"scanned\":%lld,\"changed\":%lld}", report->scanned, report->changed);
	snprintf(ended, sizeof ended, "ended by SIG%s", command->child.signal == 0 ? "" : sigabbrev_np(command->child.signal));
	if (command->child.signal != 0 && !report->applied)
		tell_event("error", ended, RC_NO, NULL);
	else if (code == RC_OK)
		tell_event("done", NULL, code, counts);
	else
		tell_event("error", report->message == NULL ? "a stage failed" : report->message, code, NULL);
}

/* Becomes the operands, or what the page has told, in the environment that we were given, as if we had never been. */
static _Noreturn void
become_operands(struct command *command)
{
	struct rc_buf pairs = {0};
	const char *end = NULL;

	for (char **pair = command->given; *pair != NULL; pair++)
		if (!is_ours(*pair))
			rc_buf_add(&pairs, (const char *)pair, sizeof *pair);
	rc_buf_add(&pairs, (const char *)&end, sizeof end);
	setrlimit(RLIMIT_CORE, &command->core);
	prctl(PR_SET_PDEATHSIG, 0);
	signal(SIGPIPE, command->ignores_pipe ? SIG_IGN : SIG_DFL);
	umask(command->umask);
	rc_child_release(&command->child);
	rc_child_become(command->report.become_count > 0 ? command->report.become : command->page.operands, (char **)(void *)pairs.bytes);
}

static void
on_wrong(bool is_error, int code, const char *message)
{
	if (is_error)
		tell_event("error", begins(message, "error: ") ? message + 7 : message, code, NULL);
}

static _Noreturn void
end(struct command *command)
{
	int code = judge(command);
	const struct rc_report *report = &command->report;

	rc_folder_remove(command->work);
	if (code == RC_WRONG && report->wrong != NULL) {
		rc_err_observer = on_wrong;
		if (report->word == NULL)
			rc_usage("%s", report->wrong);
		rc_usage_word(report->wrong, report->word, "'");
	}
	tell_end(command, code);
	if (command->child.signal != 0)
		rc_child_end_by(command->child.signal);
	if (code == RC_OK && report->becomes && (command->page.operand_count > 0 || report->become_count > 0))
		become_operands(command);
	rc_exit(code);
}

/* ---- rc-manage ---- */

/* Adds the commands of one product, in the order of their names. */
static void
add_commands(const struct command *command, const char *product, struct rc_buf *text)
{
	char *folder = inside(command->share, "pages");
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);
	size_t length = strlen(product);
	bool found = false;

	for (int i = 0; i < n; i++) {
		if (strncmp(entries[i]->d_name, product, length) == 0 && entries[i]->d_name[length] == '-') {
			if (!found)
				rc_buf_printf(text, "\n[%s]\n", product);
			rc_buf_printf(text, "    %s\n", entries[i]->d_name + length + 1);
			found = true;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	free(folder);
}

/* The commands of all products, each of which is a folder of SQL. */
static char *
list_commands(const struct command *command, const char *before)
{
	char *folder = inside(command->share, "sql");
	struct rc_buf text = {0};
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);

	rc_buf_add_text(&text, before == NULL ? "" : before);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			add_commands(command, entries[i]->d_name, &text);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	free(folder);
	return rc_buf_text(&text);
}

int
main(int argc, char *argv[])
{
	static struct command command = { .outer = -1, .caller = "" };
	bool has_output = fcntl(STDOUT_FILENO, F_GETFD) >= 0 || errno != EBADF;
	struct sigaction pipe_action;
	char **arguments = argv;
	int count = argc;

	if (fcntl(STDIN_FILENO, F_GETFD) < 0 && errno == EBADF)
		(void)!open("/dev/null", O_RDONLY);	/* so that no file of ours gets its number */
	command.given = copy_environment();
	command.ignores_pipe = sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_IGN;
	command.umask = umask(077);
	umask(command.umask);
	getrlimit(RLIMIT_CORE, &command.core);
	rc_err_set_front(program.name);
	find_tree(&command);
	find_page(&command, &count, &arguments);
	rc_at_exit(end_with_code_of_bin);
	rc_page_read(&command.page, command.file, command.name);
	if (command.page.lists_commands)
		command.page.program.more = list_commands(&command, command.page.program.more);
	rc_page_parse(&command.page, count, arguments);
	if (command.page.is_toolkit)
		become_page(&command);
	if (!has_output)
		rc_die(RC_NO, "standard output is closed");
	if (command.page.has_secret_option)
		wipe_arguments(argc, argv);
	make_ready(&command);
	run(&command);
	end(&command);
}

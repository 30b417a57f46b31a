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
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_child.h"
#include "rc_clock.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_folder.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_page.h"
#include "rc_page_environment.h"
#include "rc_page_input.h"
#include "rc_page_list.h"
#include "rc_report.h"
#include "rc_sealed.h"
#include "rc_str.h"
#include "rc_tree.h"

enum { TOLD_AGAIN_MS = 100, EVENT_MESSAGE_MAX = 4000, CALL_WORDS = 6 };

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

/* The command, and what our caller has given us. */
struct command {
	const char *name;
	char *file;			/* the page */
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
	struct rc_inherited inherited;	/* descriptors of the page */
	long long began;		/* ms */
};

/* ---- which command ---- */

/* Takes the page from the first argument, which is taken off. */
static void
take_page(struct command *command, int *argc, char **argv[])
{
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
		command->name = rc_tree_last_part(command->file);
	}
}

/* What is our own fault, or the machine's, ends us with a code of bin/. */
static void
end_with_code_of_bin(int code)
{
	if (code == RC_FATAL || code == RC_RETRY)
		_exit(RC_NO);
}

/* Finds the page: by the name that we were called by, or by the first argument. */
static void
find_page(struct command *command, int *argc, char **argv[])
{
	command->name = rc_tree_called_as(program.name);
	if (strcmp(command->name, program.name) == 0)
		take_page(command, argc, argv);
	rc_err_set_front(command->name);
	rc_at_exit(end_with_code_of_bin);
	if (command->file == NULL) {
		char *pages = rc_tree_inside(rc_tree_share(), "pages");

		command->file = rc_tree_inside(pages, command->name);
		free(pages);
	}
}

/* A copy of our environment, ended by NULL. */
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

static void
tell_list(struct rc_buf *words, const char *name, const char **list)
{
	rc_page_tell_one(words, "list", name, "");
	for (; list != NULL && *list != NULL; list++)
		rc_page_tell_one(words, "add", name, *list);
}

/* What functions.bash sets before the page begins; the words of rc_page_tell(). */
static int
hand_over(const struct command *command)
{
	struct rc_buf words = {0};
	const char *path = getenv("PATH");
	char *product = command->page.is_toolkit ? rc_strndup("", 0) : rc_strndup(command->name, strcspn(command->name, "-")), report[32];
	int fd;

	snprintf(report, sizeof report, "%d", command->report.page);
	rc_page_tell_one(&words, "set", "rc_page", command->file);
	rc_page_tell_one(&words, "set", "rc_command", command->name);
	rc_page_tell_one(&words, "set", "rc_synopsis", command->page.program.synopsis);
	rc_page_tell_one(&words, "set", "rc_caller", command->caller);
	tell_gate(command, &words);
	tell_list(&words, "rc_watch", command->page.tables);
	tell_list(&words, "rc_varying", command->page.varying);
	rc_page_tell_one(&words, "set", "rc_product", product);
	rc_page_tell_one(&words, "set", "rc_bin", rc_tree_bin());
	rc_page_tell_one(&words, "set", "rc_share", rc_tree_share());
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
shell_call(int fd)
{
	static char shell[] = "bash", privileged[] = "-p", code_follows[] = "-c", code[] = ". \"$0\"", number[32];
	char *words[CALL_WORDS + 1] = { shell, privileged, code_follows, code, rc_tree_inside(rc_tree_share(), "page/functions.bash"), number, NULL };
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
	char **call = shell_call(fd), **environment = rc_page_environment(&command->page, command->name, command->report.page, &command->inherited);
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
	rc_inherited_add(&command->inherited, command->report.page);
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
	char **call = shell_call(fd);
	struct pollfd ready[2];
	long long told = 0;

	rc_inherited_add(&command->inherited, fd);
	command->child = (struct rc_child){ .environment = rc_page_environment(&command->page, command->name, command->report.page, &command->inherited), .inherited = command->inherited.list,
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
	if (!given(command, "json") || (failure = rc_report_print(report, code == RC_OK, rc_clock_ms() - command->began)) == 0)
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
	setrlimit(RLIMIT_CORE, &command->core);
	prctl(PR_SET_PDEATHSIG, 0);
	signal(SIGPIPE, command->ignores_pipe ? SIG_IGN : SIG_DFL);
	umask(command->umask);
	rc_child_release(&command->child);
	rc_child_become(command->report.become_count > 0 ? command->report.become : command->page.operands,
	    rc_page_environment_outside(command->given));
}

static void
on_wrong(bool is_error, int code, const char *message)
{
	if (is_error)
		tell_event("error", rc_str_begins(message, "error: ") ? message + 7 : message, code, NULL);
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
	find_page(&command, &count, &arguments);
	rc_page_read(&command.page, command.file, command.name);
	if (command.page.lists_commands)
		command.page.program.more = rc_page_list(command.page.program.more);
	rc_page_parse(&command.page, count, arguments);
	if (command.page.is_toolkit)
		become_page(&command);
	if (!has_output)
		rc_die(RC_NO, "standard output is closed");
	if (command.page.has_secret_option)
		wipe_arguments(argc, argv);
	if (given(&command, "apply") && command.page.program.reads != NULL)
		rc_page_input_keep();	/* to see whether all is as planned, and to do it */
	make_ready(&command);
	run(&command);
	end(&command);
}

#include "rc_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_signal.h"

extern char **environ;

enum { LOOK_AGAIN_MS = 20 };

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static _Noreturn void
run(const struct rc_child *child, pid_t parent, char *command[])
{
	if (child->has_group)
		setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, child->ends_with_us);
	if (getppid() != parent)
		raise(child->ends_with_us);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
	for (const int *fd = child->inherited; fd != NULL && *fd >= 0; fd++)
		fcntl(*fd, F_SETFD, 0);
	rc_child_become(command, child->environment);
}

void
rc_child_start(struct rc_child *child, char *command[])
{
	pid_t parent = getpid();

	child->signal = 0;
	child->signals = rc_signal_open(passed_on, sizeof passed_on / sizeof *passed_on, &child->mask);
	/* what loses its parent in the group becomes ours, so that none is left when we end */
	if (child->has_group)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if ((child->pid = fork()) < 0)
		rc_die(RC_RETRY, "cannot start a process: %s", strerror(errno));
	if (child->pid == 0)
		run(child, parent, command);
	if (child->has_group)
		setpgid(child->pid, child->pid);	/* whichever of us is first */
}

void
rc_child_kill(const struct rc_child *child, int signal_number)
{
	kill(child->has_group ? -child->pid : child->pid, signal_number);
}

/*
 * The group is not the terminal's, which would be taken from others (a pager)
 * without need.  When it stops because it reads from there, and the terminal is
 * ours, it gets it; when it is stopped otherwise (Ctrl-Z), we stop, too.
 */
static void
handle_stop(const struct rc_child *child, int stop)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	pid_t holder = terminal < 0 ? -1 : tcgetpgrp(terminal);
	sigset_t output, before;

	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);	/* or we would be stopped when we give the terminal away or take it back */
	sigprocmask(SIG_BLOCK, &output, &before);
	if ((stop == SIGTTIN || stop == SIGTTOU) && holder == getpgrp()) {
		tcsetpgrp(terminal, child->pid);
	} else {
		if (holder == child->pid)
			tcsetpgrp(terminal, getpgrp());
		raise(SIGSTOP);
		if (holder == child->pid && tcgetpgrp(terminal) == getpgrp())
			tcsetpgrp(terminal, child->pid);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (terminal >= 0)
		close(terminal);
	rc_child_kill(child, SIGCONT);
}

/* Where the terminal was given to the group, it comes back to us. */
static void
take_terminal_back(const struct rc_child *child)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	sigset_t output, before;

	if (terminal < 0)
		return;
	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	sigprocmask(SIG_BLOCK, &output, &before);
	if (tcgetpgrp(terminal) == child->pid)
		tcsetpgrp(terminal, getpgrp());
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(terminal);
}

/* Whether the child has ended. */
static bool
reap(struct rc_child *child)
{
	pid_t pid;
	int status;

	/* of a group there may be others whose parent has ended */
	while ((pid = waitpid(child->has_group ? -child->pid : child->pid, &status, WNOHANG | (child->has_group ? WUNTRACED : 0))) > 0) {
		if (pid != child->pid)
			continue;
		if (!WIFSTOPPED(status)) {
			child->status = status;
			if (child->has_group)
				take_terminal_back(child);
			return true;
		}
		handle_stop(child, WSTOPSIG(status));
	}
	return false;
}

static void
pass_on(struct rc_child *child, int signal_number, bool by_terminal)
{
	if (signal_number == SIGUSR1 || signal_number == SIGUSR2) {
		kill(child->pid, signal_number);	/* it asks for something, and ends nobody who knows it */
		return;
	}
	if (child->signal == 0)
		child->signal = signal_number;
	if (child->has_group)
		rc_child_kill(child, SIGTERM);
	else if (!((signal_number == SIGINT || signal_number == SIGQUIT) && by_terminal))	/* Ctrl-C goes to all in the foreground */
		rc_child_kill(child, signal_number);
}

bool
rc_child_look(struct rc_child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo != SIGCHLD)
			pass_on(child, (int)info.ssi_signo, info.ssi_code == SI_KERNEL);
	return reap(child);
}

void
rc_child_wait_for_group(struct rc_child *child)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };

	for (int status;;) {
		pid_t pid = waitpid(-child->pid, &status, WNOHANG);

		if (pid > 0)
			continue;
		if (pid < 0 && kill(-child->pid, SIGTERM) != 0)
			return;
		if (pid == 0)
			kill(-child->pid, SIGTERM);
		nanosleep(&a_moment, NULL);
	}
}

void
rc_child_release(struct rc_child *child)
{
	close(child->signals);
	if (child->has_group)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
}

int
rc_child_code(const struct rc_child *child)
{
	return WIFEXITED(child->status) ? WEXITSTATUS(child->status) : RC_CHILD_SIGNALLED + WTERMSIG(child->status);
}

void
rc_child_become(char *command[], char *environment[])
{
	int code;

	if (environment != NULL)
		environ = environment;
	execvp(command[0], command);
	code = errno == ENOENT ? RC_CHILD_NOT_FOUND : RC_CHILD_NOT_RUNNABLE;
	rc_warn("cannot run %s: %s", command[0], strerror(errno));
	_exit(code);	/* whoever calls has said its own end */
}

void
rc_child_end_by(int signal_number)
{
	sigset_t set;

	signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal_number);
	_exit(RC_CHILD_SIGNALLED + signal_number);
}

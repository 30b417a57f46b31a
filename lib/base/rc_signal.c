#include "rc_signal.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rc_err.h"

enum { HOOKS_MAX = 4, HOOKS_SECONDS = 2 };

static void (*hooks[HOOKS_MAX])(void);
static volatile sig_atomic_t hook_count;

static const int ends[] = { SIGTERM, SIGINT, SIGHUP };

static void
end_by(int signal_number)
{
	signal(SIGALRM, SIG_DFL);
	alarm(HOOKS_SECONDS);
	while (hook_count > 0)
		hooks[--hook_count]();
	signal(signal_number, SIG_DFL);
	raise(signal_number);	/* delivered when the handler returns */
}

void
rc_at_signal(void (*hook)(void))
{
	if (hook_count == HOOKS_MAX)
		rc_die(RC_FATAL, "more than %d signal hooks", HOOKS_MAX);
	hooks[hook_count] = hook;
	hook_count = hook_count + 1;
	for (size_t i = 0; hook_count == 1 && i < sizeof ends / sizeof *ends; i++) {
		struct sigaction old, action = { .sa_handler = end_by };

		sigemptyset(&action.sa_mask);	/* a second signal waits for the hooks of the first */
		for (size_t j = 0; j < sizeof ends / sizeof *ends; j++)
			sigaddset(&action.sa_mask, ends[j]);
		/* What the caller ignores (nohup) stays ignored. */
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	}
}

/* Blocks them or lets them through. */
static void
mask(int how)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		sigaddset(&held, ends[i]);
	sigprocmask(how, &held, NULL);
}

void
rc_signal_hold(void)
{
	mask(SIG_BLOCK);
}

void
rc_signal_release(void)
{
	mask(SIG_UNBLOCK);
}

int
rc_signal_open(const int *wanted, size_t count, sigset_t *before)
{
	struct sigaction old;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < count; i++)
		if (sigaction(wanted[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	signal(SIGCHLD, SIG_DFL);	/* or, where our parent ignores it, a child's end would go unseen */
	if ((fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		rc_die(RC_RETRY, "cannot make a signalfd: %s", strerror(errno));
	return fd;
}

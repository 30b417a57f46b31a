#include "rc_leftover.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"

enum { LOOK_AGAIN_MS = 20 };

void
rc_leftover_reap(const struct rc_child *child)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && info.si_pid != child->pid) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* Sends a signal to all that came to us because their parents ended. */
static void
kill_all(int signal_number)
{
	char path[64], list[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	n = read(fd, list, sizeof list - 1);
	close(fd);
	list[n > 0 ? n : 0] = '\0';
	for (char *at = list, *end; *at != '\0'; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		kill((pid_t)pid, signal_number);
		while (*end == ' ')
			end++;
	}
}

void
rc_leftover_end(const struct rc_child *child, long grace, struct rc_tail *tail)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long long end = rc_clock_ms() + grace;
	int with = SIGTERM;

	for (bool told = false;;) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return;
		if (with == SIGTERM && rc_clock_ms() >= end)
			with = SIGKILL;
		if (!told || with == SIGKILL) {
			kill(-child->pid, with);
			kill_all(with);
			told = true;
		}
		if (tail != NULL)
			rc_tail_read(tail);
		nanosleep(&a_moment, NULL);
	}
}

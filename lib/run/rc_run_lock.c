#define _GNU_SOURCE	/* pipe2(2) */
#include "rc_run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_record.h"
#include "rc_tree.h"

enum { LOOK_AGAIN_MS = 20, LOCK_WORDS = 10 };

/* Reads what the holder has signed (rc_run_record_sign()) into HOLDER, which is {0}; false where it is not that. */
static bool
read_holder(const struct rc_run_lock *lock, struct rc_record *holder, long *pid)
{
	struct rc_json_error error;
	const char *text = rc_json_pad(&holder->arena, lock->host.holder.bytes, strcspn(lock->host.holder.bytes, "\n")), *value;
	size_t length;

	if (*text == '\0' || !rc_json_read_object(&holder->object, text, strlen(text), &holder->arena, &error))
		return false;
	value = rc_record_value(holder, "pid", &length);
	return value != NULL && (*pid = strtol(value, NULL, 10)) > 1;
}

void
rc_run_lock_describe_holder(const struct rc_run_lock *lock, char *text, size_t size)
{
	struct rc_record holder = {0};
	long pid = 0;

	if (read_holder(lock, &holder, &pid))
		snprintf(text, size, "held by pid %ld on %s since %s", pid, rc_record_text(&holder, "host", "?"), rc_record_text(&holder, "since", "?"));
	else
		snprintf(text, size, "held by a process that is not known");
	rc_record_free(&holder);
}

/* Whether the process is an rc-run of this host: only that is one which has signed. */
static bool
is_run_here(struct rc_record *holder, long pid)
{
	char path[64], name[32] = "", host[256] = "";
	ssize_t n;
	int fd;

	gethostname(host, sizeof host - 1);
	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	if (strcmp(host, rc_record_text(holder, "host", "?")) != 0 || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, name, sizeof name - 1);
	close(fd);
	return n > 0 && strcmp(name, "rc-run\n") == 0;
}

/* Asks the holder to end; it ends its command by TERM and KILL. */
static void
end_holder(const struct rc_run_lock *lock)
{
	struct rc_record holder = {0};
	long pid;

	if (!read_holder(lock, &holder, &pid) || !is_run_here(&holder, pid))
		rc_die(RC_RETRY, "%s: cannot replace the run that holds the lock: it is no rc-run of this host", lock->name);
	if (kill((pid_t)pid, SIGTERM) != 0 && errno != ESRCH)
		rc_die(RC_FATAL, "%s: cannot end pid %ld: %s", lock->name, pid, strerror(errno));
	rc_record_free(&holder);
}

/* After another one had it: whether we have it in the end. */
static bool
wait_for_lock(struct rc_run_lock *lock)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long long end = rc_clock_ms() + lock->patience;

	if (lock->overlap == RC_OVERLAP_SKIP)
		return false;
	if (lock->overlap == RC_OVERLAP_REPLACE)
		end_holder(lock);
	do {
		if (lock->patience >= 0 && rc_clock_ms() >= end)
			return false;
		nanosleep(&a_moment, NULL);
	} while (!rc_lock_try(&lock->host));
	return true;
}

bool
rc_run_lock_take(struct rc_run_lock *lock, const struct rc_run_record *record)
{
	struct rc_buf who = {0};

	if (lock->kind != RC_RUN_LOCK_HOST)
		return true;
	rc_lock_open(&lock->host, lock->name);
	if (!rc_lock_try(&lock->host) && !wait_for_lock(lock))
		return false;
	rc_run_record_sign(record, &who);
	rc_lock_sign(&lock->host, who.bytes, who.length);
	rc_buf_free(&who);
	lock->inherited[0] = lock->host.fd;
	return true;
}

char **
rc_run_lock_command(struct rc_run_lock *lock, char *command[])
{
	static char direct[] = "--direct", tell[] = "--tell", tell_to[16], timeout[] = "--timeout", limit[32], end[] = "--";
	char **call;
	size_t n = 0, at = 0;
	int ends[2];

	if (lock->kind != RC_RUN_LOCK_DATABASE)
		return command;
	if (pipe2(ends, O_CLOEXEC) != 0)
		rc_die(RC_RETRY, "cannot begin rc-db-lock: %s", strerror(errno));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	lock->told = ends[0];
	lock->inherited[0] = ends[1];
	while (command[n] != NULL)
		n++;
	call = rc_alloc((n + LOCK_WORDS) * sizeof *call);
	call[at++] = rc_tree_inside(rc_tree_bin(), "rc-db-lock");
	call[at++] = direct;
	call[at++] = tell;
	snprintf(tell_to, sizeof tell_to, "%d", ends[1]);
	call[at++] = tell_to;
	if (lock->overlap != RC_OVERLAP_WAIT || lock->patience >= 0) {
		snprintf(limit, sizeof limit, "%ldms", lock->overlap == RC_OVERLAP_WAIT ? lock->patience : 0);
		call[at++] = timeout;
		call[at++] = limit;
	}
	call[at++] = lock->name;
	call[at++] = end;
	memcpy(call + at, command, (n + 1) * sizeof *call);
	lock->call = call;
	return call;
}

void
rc_run_lock_started(struct rc_run_lock *lock)
{
	if (lock->kind != RC_RUN_LOCK_DATABASE)
		return;
	close(lock->inherited[0]);	/* so that the end of rc-db-lock is the end of what it tells */
	free(lock->call[0]);
	free(lock->call);
}

void
rc_run_lock_listen(struct rc_run_lock *lock)
{
	char word;

	while (lock->told >= 0 && read(lock->told, &word, 1) == 1) {
		lock->held = lock->held || word == 'h';
		lock->busy = lock->busy || word == 'b';
	}
}

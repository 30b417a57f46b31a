#include "rc_run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_record.h"
#include "rc_tree.h"

enum { LOOK_AGAIN_MS = 20, LOCK_WORDS = 10, PROCESS_NAME = 64, SLOT_MS = 10000, SIGNED_MS = 500, HOLDER_MAX = 400 };

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

	if (lock->kind == RC_RUN_LOCK_DATABASE)
		snprintf(text, size, "held by %s", lock->holder.length == 0 ? "another session" : lock->holder.bytes);
	else if (read_holder(lock, &holder, &pid))
		snprintf(text, size, "held by pid %ld on %s since %s", pid, rc_record_text(&holder, "host", "?"), rc_record_text(&holder, "since", "?"));
	else
		snprintf(text, size, "held by a process that is not known");
	rc_record_free(&holder);
}

/* Reads the process's /proc/PID/stat: its name, and its parent. */
static bool
read_process(long pid, char name[static PROCESS_NAME], long *parent)
{
	char path[64], text[512];
	const char *begin, *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* the name may itself have brackets in it: its end is the last one */
	if ((begin = strchr(text, '(')) == NULL || (end = strrchr(text, ')')) == NULL || end[1] == '\0' || end[2] == '\0')
		return false;
	snprintf(name, PROCESS_NAME, "%.*s", (int)(end - begin - 1), begin + 1);
	*parent = strtol(end + 3, NULL, 10);
	return true;
}

/* Whether the process is an rc-run of this host: only that is one which has signed. */
static bool
is_run_here(struct rc_record *holder, long pid)
{
	char name[PROCESS_NAME], host[256] = "";
	long parent;

	gethostname(host, sizeof host - 1);
	return strcmp(host, rc_record_text(holder, "host", "?")) == 0 && read_process(pid, name, &parent) && strcmp(name, "rc-run") == 0;
}

/* Whether the run that holds the lock is one that has, at some remove, started this one: it would never end before us. */
static bool
is_within_holder(const struct rc_run_lock *lock)
{
	struct rc_record holder = {0};
	char name[PROCESS_NAME];
	long pid, at = getppid();
	bool within = false;

	if (read_holder(lock, &holder, &pid) && is_run_here(&holder, pid))
		while (!(within = at == pid) && at > 1 && read_process(at, name, &at))
			;
	rc_record_free(&holder);
	return within;
}

/* Asks the holder to end, and says who it is; it ends its command by TERM and KILL.  One that has been ASKED is not asked again.  The lock is taken before it is signed, so AT_FIRST whoever is not known may be soon. */
static long
end_holder(const struct rc_run_lock *lock, long asked, bool at_first)
{
	struct rc_record holder = {0};
	long pid = 0;
	bool known = read_holder(lock, &holder, &pid), here = known && is_run_here(&holder, pid);

	if ((known && pid == asked) || (!here && at_first)) {
		rc_record_free(&holder);
		return asked;
	}
	if (!here)
		rc_die(RC_RETRY, "%s: cannot replace the run that holds the lock: it is no rc-run of this host", lock->name);
	if (kill((pid_t)pid, SIGTERM) != 0 && errno != ESRCH)
		rc_die(RC_FATAL, "%s: cannot end pid %ld: %s", lock->name, pid, strerror(errno));
	rc_record_free(&holder);
	return pid;
}

/* After another one had it: whether we have it in the end. */
static bool
wait_for_lock(struct rc_run_lock *lock)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long long begin = rc_clock_ms(), end = begin + lock->patience;
	long asked = 0;

	if (lock->overlap == RC_OVERLAP_SKIP)
		return false;
	if (is_within_holder(lock))
		rc_die(RC_FATAL, "%s: the run that holds the lock is the one that this run is a part of", lock->name);
	do {
		/* another one may have come before us meanwhile */
		if (lock->overlap == RC_OVERLAP_REPLACE)
			asked = end_holder(lock, asked, rc_clock_ms() < begin + SIGNED_MS);
		if (lock->patience >= 0 && rc_clock_ms() >= end)
			return false;
		nanosleep(&a_moment, NULL);
	} while (!rc_lock_try(&lock->host));
	return true;
}

bool
rc_run_lock_take(struct rc_run_lock *lock, struct rc_run_record *record)
{
	struct rc_buf who = {0};

	if (lock->kind != RC_RUN_LOCK_HOST)
		return true;
	rc_lock_open(&lock->host, lock->name);
	if (!rc_lock_try(&lock->host) && !wait_for_lock(lock))
		return false;
	rc_run_record_begin(record);
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
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
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

	/* One letter, and behind that of a busy lock the words. */
	while (lock->told >= 0 && read(lock->told, &word, 1) == 1) {
		if (lock->busy && lock->holder.length < HOLDER_MAX)
			rc_buf_add(&lock->holder, &word, 1);
		lock->held = lock->held || (!lock->busy && word == 'h');
		lock->busy = lock->busy || (!lock->held && word == 'b');
	}
	rc_buf_text(&lock->holder);
}

void
rc_run_lock_take_slot(struct rc_run_lock *lock)
{
	const struct timespec a_moment = { 0, LOOK_AGAIN_MS * 1000000L };
	long long end = rc_clock_ms() + SLOT_MS;
	struct rc_buf name = {0};

	rc_buf_printf(&name, "%s~slot", lock->name);	/* the name of no run */
	rc_lock_open(&lock->slot, rc_buf_text(&name));
	while (!rc_lock_try(&lock->slot) && rc_clock_ms() < end)
		nanosleep(&a_moment, NULL);
	rc_buf_free(&name);
}

void
rc_run_lock_end_slot(struct rc_run_lock *lock)
{
	if (lock->slot.fd >= 0)
		close(lock->slot.fd);
	lock->slot.fd = -1;
}

void
rc_run_lock_answer(struct rc_run_lock *lock, bool go_on)
{
	/* Where it is gone already, there is no one to run anything. */
	if (send(lock->told, "g", go_on ? 1 : 0, MSG_NOSIGNAL) < 0 || !go_on)
		shutdown(lock->told, SHUT_WR);
}

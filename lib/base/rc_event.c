#include "rc_event.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_random.h"
#include "rc_state.h"
#include "rc_str.h"

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };
enum { NOT_OPENED = -2, OFF = -1, FILE_FULL = 10 * 1000 * 1000 };

static int events_fd = NOT_OPENED;
static char run_id[RC_RUN_ID_LENGTH + 1];
static char *final_counts;
static bool started;
static atomic_bool failed;

/* Several threads may warn at once.  What fails while an event is made (memory) is no event of its own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool appending;

bool
rc_run_id_is_one(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof form - 1; i++) {
		bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');

		if (form[i] == '-' ? text[i] != '-' : !hex)
			return false;
	}
	return text[sizeof form - 1] == '\0';
}

/* RFC 9562, 5.7: 48 bits of Unix milliseconds, version 7, random bits, variant 10. */
static void
make_uuid(char *text)
{
	unsigned char b[16];
	struct timespec now;
	unsigned long long ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
	rc_random_bytes(b, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(ms >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	snprintf(text, RC_RUN_ID_LENGTH + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

const char *
rc_run_id(void)
{
	const char *inherited = getenv("RC_RUN_ID");

	if (run_id[0] != '\0')
		return run_id;
	if (inherited != NULL && rc_run_id_is_one(inherited))
		memcpy(run_id, inherited, sizeof run_id);
	else
		make_uuid(run_id);
	if (setenv("RC_RUN_ID", run_id, 1) != 0)
		rc_die(RC_RETRY, "out of memory");
	return run_id;
}

static int
open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
}

/*
 * Where the file at PATH, open as FD, is full, it becomes the old one and a new
 * one is opened.  Of several processes the one that gets the lock and finds
 * the file still under its name renames it; the others go on in either.
 */
static int
rotate(const char *path, int fd)
{
	struct stat ours, there;
	struct rc_buf old = {0};

	if (fstat(fd, &ours) != 0 || !S_ISREG(ours.st_mode) || ours.st_size < FILE_FULL || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fd;
	rc_buf_printf(&old, "%s.old", path);
	if (lstat(path, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
		rename(path, rc_buf_text(&old));	/* what fails here is tried by the next process */
	rc_buf_free(&old);
	close(fd);
	return open_file(path);
}

bool
rc_event_path(struct rc_buf *path)
{
	const char *given = getenv("RC_EVENTS");

	if (given == NULL)
		return rc_state_path(path, "events.ndjson");
	rc_buf_add_text(path, given);
	return *rc_buf_text(path) != '\0';
}

static int
open_events(void)
{
	struct rc_buf path = {0};
	int fd;

	if (!rc_event_path(&path)) {
		rc_buf_free(&path);
		return OFF;
	}
	if ((fd = open_file(path.bytes)) < 0 && errno == ENOENT) {
		rc_state_make_folders(path.bytes);
		fd = open_file(path.bytes);
	}
	if (fd >= 0 && getenv("RC_EVENTS") == NULL)
		fd = rotate(path.bytes, fd);
	rc_buf_free(&path);
	return fd < 0 ? OFF : fd;
}

static enum level
level_wanted(void)
{
	const char *name = getenv("LOG_LEVEL");

	if (name == NULL)
		return LEVEL_INFO;
	if (strcasecmp(name, "debug") == 0)
		return LEVEL_DEBUG;
	if (strcasecmp(name, "warning") == 0)
		return LEVEL_WARNING;
	if (strcasecmp(name, "error") == 0)
		return LEVEL_ERROR;
	return LEVEL_INFO;
}

static enum level
level_of(const char *event)
{
	if (strcmp(event, "error") == 0)
		return LEVEL_ERROR;
	if (strcmp(event, "warning") == 0)
		return LEVEL_WARNING;
	return LEVEL_INFO;
}

static void
append(const char *tool, long pid, const char *event, const char *message, int exit_code, const char *counts)
{
	const char *parent = getenv("RC_PARENT");
	char now[RC_CLOCK_SIZE];
	struct rc_buf line = {0};
	long parent_pid;

	if (level_of(event) < level_wanted())
		return;
	if (events_fd == NOT_OPENED)
		events_fd = open_events();
	if (events_fd == OFF)
		return;
	rc_clock_text(now);
	rc_json_open(&line);
	rc_json_add_integer(&line, "v", 1);
	rc_json_add_text(&line, "time", now);
	rc_json_add_text(&line, "run_id", rc_run_id());
	/* The pid that a command which started us left there. */
	if (parent != NULL && rc_parse_long(parent, 1, 1L << 30, &parent_pid))
		rc_json_add_integer(&line, "parent", parent_pid);
	else
		rc_json_add_value(&line, "parent", "null");
	rc_json_add_text(&line, "tool", tool);
	rc_json_add_integer(&line, "pid", pid);
	rc_json_add_text(&line, "event", event);
	rc_json_add_text(&line, "message", message);
	if (exit_code < 0)
		rc_json_add_value(&line, "exit", "null");
	else
		rc_json_add_integer(&line, "exit", exit_code);
	rc_json_add_value(&line, "counts", counts == NULL ? "null" : counts);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	if (rc_state_over_limit(events_fd, line.length) || write(events_fd, line.bytes, line.length) < 0)
		events_fd = OFF;
	rc_buf_free(&line);
}

void
rc_event_append(const char *tool, long pid, const char *event, const char *message, int exit_code, const char *counts)
{
	if (appending)
		return;
	pthread_mutex_lock(&lock);
	appending = true;
	append(tool, pid, event, message, exit_code, counts);
	appending = false;
	pthread_mutex_unlock(&lock);
}

static void
observe(bool is_error, int code, const char *message)
{
	if (is_error)
		failed = true;
	rc_event_append(rc_err_tool(), getpid(), is_error ? "error" : "warning", message, is_error ? code : -1, NULL);
}

static void
finish(int code)
{
	if (started && !failed)
		rc_event_append(rc_err_tool(), getpid(), "done", NULL, code, final_counts);
	free(final_counts);
	final_counts = NULL;
}

void
rc_event_start(void)
{
	started = true;
	rc_run_id();
	rc_err_observer = observe;
	rc_at_exit(finish);
	rc_event_append(rc_err_tool(), getpid(), "start", NULL, -1, NULL);
}

void
rc_event_set_counts(const char *json)
{
	free(final_counts);
	final_counts = rc_strndup(json, strlen(json));
}

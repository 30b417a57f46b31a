#define _GNU_SOURCE	/* memmem(3), sigabbrev_np(3) */
#include "rc_run_record.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_event.h"
#include "rc_history.h"
#include "rc_json_write.h"
#include "rc_mask.h"

static void
add_masked(struct rc_buf *line, const char *name, const char *text)
{
	struct rc_buf masked = {0};

	if (text != NULL)
		rc_mask_write(&masked, text, strlen(text));
	rc_json_add_text(line, name, text == NULL ? NULL : rc_buf_text(&masked));
	rc_buf_free(&masked);
}

static void
add_command(struct rc_buf *line, char *const command[])
{
	struct rc_buf list = {0}, masked = {0};

	for (size_t i = 0; command[i] != NULL; i++) {
		struct rc_buf field = {0};

		masked.length = 0;
		rc_mask_write_argument(&masked, i == 0 ? NULL : command[i - 1], command[i]);
		rc_json_open(&field);
		rc_json_add_text(&field, "", rc_buf_text(&masked));
		rc_buf_add_text(&list, i == 0 ? "[" : ",");
		rc_buf_add(&list, field.bytes + strlen("{\"\":"), field.length - strlen("{\"\":"));
		rc_buf_free(&field);
	}
	rc_buf_add_text(&list, "]");
	rc_json_add_value(line, "argv", rc_buf_text(&list));
	rc_buf_free(&list);
	rc_buf_free(&masked);
}

static void
add_host(struct rc_buf *line)
{
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	rc_json_add_text(line, "host", host);
}

static void
add_use(struct rc_buf *line)
{
	struct rusage use;
	char seconds[48];
	long long us;

	getrusage(RUSAGE_CHILDREN, &use);
	us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
	snprintf(seconds, sizeof seconds, "%lld.%06lld", us / 1000000, us % 1000000);
	rc_json_add_integer(line, "max_rss_kb", use.ru_maxrss);
	rc_json_add_value(line, "cpu_s", seconds);
}

void
rc_run_record_begin(struct rc_run_record *record)
{
	record->began = rc_clock_ms();
	rc_clock_text(record->start);
}

void
rc_run_record_write(const struct rc_run_record *record, struct rc_buf *line)
{
	const struct passwd *user = getpwuid(geteuid());
	long long ms = rc_clock_ms() - record->began;
	char now[RC_CLOCK_SIZE], duration[48];

	rc_clock_text(now);
	snprintf(duration, sizeof duration, "%lld.%03lld", ms / 1000, ms % 1000);
	rc_json_open(line);
	rc_json_add_integer(line, "v", 1);
	rc_json_add_text(line, "name", record->name);
	rc_json_add_text(line, "slot", record->slot);
	rc_json_add_text(line, "status", record->status);
	rc_json_add_text(line, "run_id", rc_run_id());
	rc_json_add_text(line, "parent", record->parent);
	add_command(line, record->command);
	add_host(line);
	rc_json_add_text(line, "user", user == NULL ? NULL : user->pw_name);
	rc_json_add_text(line, "start", record->start);
	rc_json_add_text(line, "end", now);
	rc_json_add_value(line, "duration_s", duration);
	if (record->exit < 0)
		rc_json_add_value(line, "exit", "null");
	else
		rc_json_add_integer(line, "exit", record->exit);
	rc_json_add_text(line, "signal", record->signal == 0 ? NULL : sigabbrev_np(record->signal));
	add_use(line);
	rc_json_add_value(line, "counts", record->counts == NULL ? "{}" : record->counts);
	add_masked(line, "message", record->message);
	rc_json_close(line);
	rc_buf_add(line, "\n", 1);
}

void
rc_run_record_sign(const struct rc_run_record *record, struct rc_buf *line)
{
	rc_json_open(line);
	rc_json_add_integer(line, "pid", getpid());
	add_host(line);
	rc_json_add_text(line, "since", record->start);
	rc_json_add_text(line, "run_id", rc_run_id());
	rc_json_close(line);
	rc_buf_add(line, "\n", 1);
}

/* Whether the file at PATH has the text BEGIN in it, the first words of a line. */
static bool
has_line(const char *path, const struct rc_buf *begin)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat file;
	bool found = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size > 0) {
		void *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (bytes != MAP_FAILED) {
			found = memmem(bytes, (size_t)file.st_size, begin->bytes, begin->length) != NULL;
			munmap(bytes, (size_t)file.st_size);
		}
	}
	close(fd);
	return found;
}

bool
rc_run_record_is_done(const char *name, const char *slot)
{
	struct rc_buf path = {0}, begin = {0};
	bool done = false;

	/* A quote within a text is written as \", so this stands only where a record begins so. */
	rc_json_open(&begin);
	rc_json_add_integer(&begin, "v", 1);
	rc_json_add_text(&begin, "name", name);
	rc_json_add_text(&begin, "slot", slot);
	rc_json_add_text(&begin, "status", "ok");
	if (rc_history_path(&path)) {
		done = has_line(path.bytes, &begin);
		rc_buf_add_text(&path, ".old");
		done = done || has_line(rc_buf_text(&path), &begin);
	}
	rc_buf_free(&path);
	rc_buf_free(&begin);
	return done;
}

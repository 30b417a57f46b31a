#include "rc_history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rc_file.h"
#include "rc_json.h"
#include "rc_state.h"

enum { FILE_FULL = 10 * 1000 * 1000, LOCK_TRIES = 2000 };

bool
rc_history_path(struct rc_buf *path)
{
	const char *given = getenv("RC_HISTORY");

	if (given == NULL)
		return rc_state_path(path, "history.ndjson");
	rc_buf_add_text(path, given);
	return *rc_buf_text(path) != '\0';
}

static int
open_file(char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0600);

	if (fd < 0 && errno == ENOENT) {
		rc_state_make_folders(path);
		fd = open(path, flags, 0600);
	}
	return fd;
}

/* Waits two seconds at most: one that was stopped while it wrote must not stop us. */
static bool
lock(int fd)
{
	const struct timespec a_moment = { 0, 1000000 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&a_moment, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

/* The file open and locked, and still the one of that name, with room left; -1 with errno. */
static int
open_locked(char *path)
{
	for (;;) {
		struct stat ours, there;
		struct rc_buf old = {0};
		int fd = open_file(path), failure;

		if (fd < 0)
			return -1;
		if (fstat(fd, &ours) != 0 || !S_ISREG(ours.st_mode))
			return fd;
		if (!lock(fd)) {
			failure = errno;
			close(fd);
			errno = failure;
			return -1;
		}
		if (stat(path, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino && fstat(fd, &ours) == 0) {
			if (ours.st_size < FILE_FULL)
				return fd;
			rc_buf_printf(&old, "%s.old", path);
			failure = rename(path, rc_buf_text(&old));
			rc_buf_free(&old);
			if (failure != 0)
				return fd;	/* better too large than lost */
		}
		close(fd);
	}
}

/* Whether a writer that was killed left half a line; where the file may not be read, no one can tell. */
static bool
ends_in_half_a_line(const char *path, const struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char last = '\n';

	if (fd < 0)
		return false;
	if (pread(fd, &last, 1, status->st_size - 1) != 1)
		last = '\n';
	close(fd);
	return last != '\n';
}

static int
write_line(int fd, const char *path, const char *line, size_t length)
{
	struct rc_buf text = {0};
	struct stat before;
	bool regular = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
	int failure = 0;

	if (regular && before.st_size > 0 && ends_in_half_a_line(path, &before))
		rc_buf_add(&text, "\n", 1);
	rc_buf_add(&text, line, length);
	if (rc_state_over_limit(fd, text.length)) {
		failure = EFBIG;
	} else if (!rc_write_full(fd, text.bytes, text.length)) {
		failure = errno;
		/* Where this fails, too, rc-history passes over what is no whole record. */
		if (regular && ftruncate(fd, before.st_size) != 0)
			failure = errno;
	}
	rc_buf_free(&text);
	return failure;
}

int
rc_history_append(const char *line, size_t length)
{
	struct rc_buf path = {0};
	int fd, failure = 0;

	if (rc_history_path(&path)) {
		if ((fd = open_locked(path.bytes)) < 0) {
			failure = errno;
		} else {
			failure = write_line(fd, path.bytes, line, length);
			close(fd);
		}
	}
	rc_buf_free(&path);
	return failure;
}

/* Gives the lines of one file; 0, or errno. */
static int
read_file(const char *path, void (*take)(void *context, struct rc_record *record), void *context)
{
	FILE *file = fopen(path, "re");
	struct rc_json_error error;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int failure;

	if (file == NULL)
		return errno == ENOENT ? 0 : errno;
	while ((length = getline(&line, &room, file)) > 0) {
		struct rc_record record = { .length = (size_t)length - (line[length - 1] == '\n') };

		record.text = rc_json_pad(&record.arena, line, record.length);
		take(context, rc_json_read_object(&record.object, record.text, record.length, &record.arena, &error) ? &record : NULL);
		rc_record_free(&record);
	}
	failure = ferror(file) ? errno : 0;
	free(line);
	fclose(file);
	return failure;
}

int
rc_history_read(void (*take)(void *context, struct rc_record *record), void *context, struct rc_buf *file)
{
	struct rc_buf path = {0}, old = {0};
	int failure = 0, second;

	if (rc_history_path(&path)) {
		rc_buf_printf(&old, "%s.old", path.bytes);
		if ((failure = read_file(rc_buf_text(&old), take, context)) != 0)
			rc_buf_add_text(file, old.bytes);
		if ((second = read_file(path.bytes, take, context)) != 0 && failure == 0) {
			rc_buf_add_text(file, path.bytes);
			failure = second;
		}
		rc_buf_text(file);
	}
	rc_buf_free(&path);
	rc_buf_free(&old);
	return failure;
}

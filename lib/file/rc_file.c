#include "rc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_signal.h"
#include "rc_str.h"

static struct rc_file *unfinished;

/* Safe in a signal handler. */
static void
remove_unfinished(void)
{
	for (struct rc_file *f = unfinished; f != NULL; f = f->next)
		unlinkat(f->folder, f->temporary, 0);
}

static void
remove_unfinished_at_exit(int code)
{
	(void)code;
	remove_unfinished();
}

static _Noreturn void
fail(const char *path, const char *what)
{
	int code = errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EMFILE || errno == ENFILE
	    ? RC_RETRY : RC_FATAL;

	rc_die(code, "%s: cannot %s: %s", path, what, strerror(errno));
}

static void
remove_and_end_by(int signal_number)
{
	remove_unfinished();
	signal(signal_number, SIG_DFL);
	raise(signal_number);	/* delivered when this returns */
}

/* The last part of PATH. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Opens the folder that PATH is in. */
static struct rc_file *
begin(const char *path)
{
	struct rc_file *file = rc_alloc(sizeof *file);
	const char *name = name_of(path);
	char *folder = name == path ? rc_strndup(".", 1) : rc_strndup(path, (size_t)(name - path));

	*file = (struct rc_file){ .path = rc_strndup(path, strlen(path)), .fd = -1 };
	if (*name == '\0')
		rc_die(RC_FATAL, "%s: not the name of a file", path);
	if ((file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		fail(path, "open the folder");
	free(folder);
	return file;
}

/* Makes the file TEMPORARY, which is FILE's from here on; false with errno where that can't be done. */
static bool
make(struct rc_file *file, char *temporary, mode_t mode)
{
	sigset_t all, before;
	int error;

	if (unfinished == NULL) {
		rc_at_exit(remove_unfinished_at_exit);
		rc_at_signal(remove_unfinished);
	}
	file->temporary = temporary;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);	/* no signal between making it and knowing that it is ours */
	file->fd = openat(file->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	error = errno;
	if (file->fd >= 0) {
		file->next = unfinished;
		unfinished = file;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return file->fd >= 0;
}

struct rc_file *
rc_file_replace(const char *path)
{
	struct rc_file *file = begin(path);
	struct rc_buf temporary = {0};
	struct stat old;
	unsigned number;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		fail(path, "get random bytes");
	rc_buf_printf(&temporary, ".rc-%08x.tmp", number);
	if (!make(file, rc_buf_text(&temporary), 0666))
		fail(path, "make a temporary file beside it");
	if (fstatat(file->folder, name_of(path), &old, 0) == 0) {
		if (!S_ISREG(old.st_mode))
			rc_die(RC_FATAL, "%s: not a regular file", path);
		if (fchmod(file->fd, old.st_mode & 07777) != 0)
			fail(path, "keep the mode");
	}
	return file;
}

struct rc_file *
rc_file_create(const char *path, mode_t mode)
{
	struct rc_file *file = begin(path);
	const char *name = name_of(path);

	signal(SIGPIPE, remove_and_end_by);	/* the reader of standard output is gone */
	signal(SIGXFSZ, SIG_IGN);		/* the write fails and says why */
	if (make(file, rc_strndup(name, strlen(name)), mode))
		return file;
	if (errno == EEXIST)
		rc_die(RC_FATAL, "%s: exists already", path);
	fail(path, "make it");
}

void
rc_file_commit(struct rc_file *file)
{
	const char *name = name_of(file->path);
	struct rc_file **link = &unfinished;

	if (fsync(file->fd) != 0)
		fail(file->path, "sync");
	if (close(file->fd) != 0)
		fail(file->path, "write");
	if (strcmp(file->temporary, name) != 0 && renameat(file->folder, file->temporary, file->folder, name) != 0)
		fail(file->path, "rename the temporary file");
	if (fsync(file->folder) != 0)
		fail(file->path, "sync the folder");
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	close(file->folder);
	free(file->path);
	free(file->temporary);
	free(file);
}

void
rc_write_all(int fd, const char *name, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc_die(RC_RETRY, "cannot write %s: %s", name, strerror(errno));
		bytes += n;
		length -= (size_t)n;
	}
}

#include "rc_file.h"

#include <errno.h>
#include <fcntl.h>
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

struct rc_file *
rc_file_replace(const char *path)
{
	struct rc_file *file = rc_alloc(sizeof *file);
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	char *folder = slash == NULL ? rc_strndup(".", 1) : rc_strndup(path, (size_t)(slash - path) + 1);
	struct rc_buf temporary = {0};
	struct stat old;
	unsigned number;

	*file = (struct rc_file){ .path = rc_strndup(path, strlen(path)), .fd = -1 };
	if (*name == '\0')
		rc_die(RC_FATAL, "%s: not the name of a file", path);
	if ((file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		fail(path, "open the folder");
	free(folder);
	if (getrandom(&number, sizeof number, 0) != sizeof number)
		fail(path, "get random bytes");
	rc_buf_printf(&temporary, ".rc-%08x.tmp", number);
	file->temporary = rc_buf_text(&temporary);
	file->fd = openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0)
		fail(path, "make a temporary file beside it");
	if (unfinished == NULL) {
		rc_at_exit(remove_unfinished_at_exit);
		rc_at_signal(remove_unfinished);
	}
	file->next = unfinished;
	unfinished = file;
	if (fstatat(file->folder, name, &old, 0) == 0) {
		if (!S_ISREG(old.st_mode))
			rc_die(RC_FATAL, "%s: not a regular file", path);
		if (fchmod(file->fd, old.st_mode & 07777) != 0)
			fail(path, "keep the mode");
	}
	return file;
}

void
rc_file_commit(struct rc_file *file)
{
	const char *slash = strrchr(file->path, '/');
	struct rc_file **link = &unfinished;

	if (fsync(file->fd) != 0)
		fail(file->path, "sync");
	if (close(file->fd) != 0)
		fail(file->path, "write");
	if (renameat(file->folder, file->temporary, file->folder, slash == NULL ? file->path : slash + 1) != 0)
		fail(file->path, "rename the temporary file");
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	if (fsync(file->folder) != 0)
		fail(file->path, "sync the folder");
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

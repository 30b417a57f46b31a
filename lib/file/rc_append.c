#include "rc_append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_file.h"

static struct {
	const char *path;
	int fd;
	off_t size;	/* before the new lines */
	bool open, regular;	/* nothing can be taken back from a pipe */
	bool hooked;
} file;

static void
take_back(int code)
{
	(void)code;
	if (file.open && file.regular && ftruncate(file.fd, file.size) != 0)
		rc_warn("cannot take back what was added to %s: %s", file.path, strerror(errno));
}

static _Noreturn void
fail(const char *what)
{
	int number = errno;

	rc_die(rc_err_class(number), "cannot %s %s: %s", what, file.path, strerror(number));
}

int
rc_append_open(const char *path)
{
	file.path = path;
	if ((file.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
		fail("open");
	return file.fd;
}

/* Whether the last of SIZE bytes is no newline: whoever wrote them was stopped in a line. */
static bool
is_cut(off_t size)
{
	int reader = open(file.path, O_RDONLY | O_CLOEXEC);
	char last = '\n';

	if (reader < 0)
		fail("read");
	if (size > 0 && pread(reader, &last, 1, size - 1) != 1)
		fail("read");
	close(reader);
	return last != '\n';
}

void
rc_append_begin(void)
{
	struct stat status;

	while (flock(file.fd, LOCK_EX) != 0 && errno != EINVAL)	/* a pipe on some systems has no locks */
		if (errno != EINTR)
			fail("lock");
	if (fstat(file.fd, &status) != 0)
		fail("open");
	file.regular = S_ISREG(status.st_mode);
	file.size = status.st_size;
	if (file.regular && is_cut(file.size)) {
		rc_write_all(file.fd, file.path, "\n", 1);
		file.size++;
	}
	file.open = true;
	if (!file.hooked)
		rc_at_exit(take_back);
	file.hooked = true;
}

void
rc_append_sync(void)
{
	if (fsync(file.fd) != 0 && errno != EINVAL && errno != EROFS)
		fail("write");
}

void
rc_append_keep(void)
{
	file.open = false;
	close(file.fd);
}

/*
 * fail-calls - calls that fail as they do on some file systems, for LD_PRELOAD
 *
 * The words in RC_FAIL say which: no-chmod, no-chown, no-utime (refused, as where
 * a mount shows one mode and owner for all), folder-EINVAL, folder-ENOTSUP,
 * folder-EBADF and folder-EIO (fsync of a folder), nfs4 (files have an access control list that can be
 * read and not set).  Each call that failed is counted, a byte in the file RC_FAILED.
 * stop-read and stop-write: the process stops (SIGSTOP) before its 8th pread(2) or write(2) of more than 64 kB, in the middle
 * of a file, that is.
 * no-fork: no process can be started, the user's number of them being at its limit.
 * clock-back: each look at the time of day finds it an hour earlier than the last; clock-ahead: it is an hour ahead.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int
has_word(const char *word)
{
	const char *words = getenv("RC_FAIL");

	return words != NULL && strstr(words, word) != NULL;
}

static int
fail(int error)
{
	const char *file = getenv("RC_FAILED");
	int fd = file == NULL ? -1 : open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);

	if (fd >= 0 && write(fd, "x", 1) == 1)
		close(fd);
	errno = error;
	return -1;
}

pid_t
fork(void)
{
	REAL(fork);
	return has_word("no-fork") ? fail(EAGAIN) : real();
}

static void
count_large(const char *word, size_t size)
{
	static int count;

	if (size > 65536 && has_word(word) && ++count == 8)
		raise(SIGSTOP);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	REAL(write);
	count_large("stop-write", size);
	return real(fd, bytes, size);
}

ssize_t
pread(int fd, void *bytes, size_t size, off_t offset)
{
	REAL(pread);
	count_large("stop-read", size);
	return real(fd, bytes, size, offset);
}

/* What a hardened build calls instead. */
ssize_t
__pread_chk(int fd, void *bytes, size_t size, off_t offset, size_t room)
{
	return size > room ? -1 : pread(fd, bytes, size, offset);
}

int
fchmod(int fd, mode_t mode)
{
	REAL(fchmod);
	return has_word("no-chmod") ? fail(EPERM) : real(fd, mode);
}

int
fchown(int fd, uid_t user, gid_t group)
{
	REAL(fchown);
	return has_word("no-chown") ? fail(EPERM) : real(fd, user, group);
}

int
futimens(int fd, const struct timespec times[2])
{
	REAL(futimens);
	return has_word("no-utime") ? fail(EPERM) : real(fd, times);
}

int
fsync(int fd)
{
	static const struct { const char *word; int error; } folders[] = {
		{ "folder-EINVAL", EINVAL }, { "folder-ENOTSUP", ENOTSUP }, { "folder-EBADF", EBADF }, { "folder-EIO", EIO },
	};
	struct stat file;
	REAL(fsync);

	if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode))
		for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
			if (has_word(folders[i].word))
				return fail(folders[i].error);
	return real(fd);
}

static const char list[] = "system.nfs4_acl";

ssize_t
flistxattr(int fd, char *names, size_t size)
{
	REAL(flistxattr);

	if (!has_word("nfs4"))
		return real(fd, names, size);
	memcpy(names, list, sizeof list);
	return sizeof list;
}

/* The list is made of the mode. */
ssize_t
fgetxattr(int fd, const char *name, void *value, size_t size)
{
	struct stat file;
	REAL(fgetxattr);

	if (!has_word("nfs4") || strcmp(name, list) != 0)
		return real(fd, name, value, size);
	if (fstat(fd, &file) != 0)
		return -1;
	memcpy(value, &file.st_mode, sizeof file.st_mode);
	return sizeof file.st_mode;
}

int
fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	REAL(fsetxattr);
	return has_word("nfs4") && strcmp(name, list) == 0 ? fail(EOPNOTSUPP) : real(fd, name, value, size, flags);
}

/* By the kernel, for a sanitizer asks for the time before there is a dlsym(). */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static int looks;
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += has_word("clock-back") ? -3600 * looks++ : has_word("clock-ahead") ? 3600 : 0;
	return result;
}

time_t
time(time_t *where)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (where != NULL)
		*where = now.tv_sec;
	return now.tv_sec;
}

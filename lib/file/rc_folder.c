#define _XOPEN_SOURCE 700	/* nftw(3) */
#include "rc_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* A folder with less room is full: what a plan needs at least. */
enum { ROOM = 64 * 1024, OPEN_FOLDERS = 16 };

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	remove(path);	/* what can't be removed stays */
	return 0;
}

void
rc_folder_remove(const char *path)
{
	nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* The number of our PID namespace, for a process id means one process in its own only; false where it can't be had. */
static bool
pid_namespace(char *number, size_t size)
{
	char link[64];
	ssize_t length = readlink("/proc/self/ns/pid", link, sizeof link - 1);
	size_t digits;
	const char *start;

	if (length <= 0)
		return false;
	link[length] = '\0';
	start = link + strcspn(link, "0123456789");
	digits = strspn(start, "0123456789");
	if (digits == 0 || digits >= size)
		return false;
	memcpy(number, start, digits);
	number[digits] = '\0';
	return true;
}

/* Removes the folders in PARENT of our runs whose process is gone. */
static void
remove_left(const char *parent, const char *namespace)
{
	struct rc_buf prefix = {0}, path = {0};
	DIR *folder = opendir(parent);
	const struct dirent *entry;
	struct stat status;

	rc_buf_printf(&prefix, "rc.%s.", namespace);
	rc_buf_text(&prefix);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		const char *pid = entry->d_name + prefix.length;
		char *end;
		long number;

		if (strncmp(entry->d_name, prefix.bytes, prefix.length) != 0)
			continue;
		number = strtol(pid, &end, 10);
		if (end == pid || *end != '.' || number < 1 || kill((pid_t)number, 0) == 0 || errno != ESRCH)
			continue;
		path.length = 0;
		rc_buf_printf(&path, "%s/%s", parent, entry->d_name);
		if (lstat(rc_buf_text(&path), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid())
			rc_folder_remove(path.bytes);
	}
	if (folder != NULL)
		closedir(folder);
	rc_buf_free(&prefix);
	rc_buf_free(&path);
}

/* Whether files can be made in the folder and have room; errno says why not. */
static bool
has_room(const char *path)
{
	struct rc_buf probe = {0};
	int fd, failure;

	rc_buf_printf(&probe, "%s/probe", path);
	if ((fd = open(rc_buf_text(&probe), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
		rc_buf_free(&probe);
		return false;
	}
	failure = posix_fallocate(fd, 0, ROOM);
	close(fd);
	unlink(probe.bytes);
	rc_buf_free(&probe);
	errno = failure;
	return failure == 0 || failure == EOPNOTSUPP || failure == EINVAL || failure == ENOSYS;
}

/* Makes the folder in PARENT; NULL where that can't be, and the reason is added to TRIED. */
static char *
make_in(const char *parent, struct rc_buf *tried)
{
	struct rc_buf path = {0};
	char namespace[32];
	bool known = pid_namespace(namespace, sizeof namespace);

	rc_buf_printf(&path, "%s/rc.%s.%ld.XXXXXX", parent, known ? namespace : "0", (long)getpid());
	if (parent[0] != '/')
		errno = EINVAL;
	else if (mkdtemp(rc_buf_text(&path)) != NULL) {
		int failure;

		if (known)
			remove_left(parent, namespace);
		if (has_room(path.bytes))
			return path.bytes;
		failure = errno;
		rmdir(path.bytes);
		errno = failure;
	}
	rc_buf_printf(tried, "%s%s: %s", tried->length == 0 ? "" : "; ", parent, strerror(errno));
	rc_buf_free(&path);
	return NULL;
}

char *
rc_folder_make(struct rc_buf *tried)
{
	const char *parents[] = { getenv("TMPDIR"), "/dev/shm", getenv("XDG_RUNTIME_DIR"), "/tmp" };
	char *path = NULL;

	for (size_t i = 0; path == NULL && i < sizeof parents / sizeof *parents; i++)
		if (parents[i] != NULL && *parents[i] != '\0')
			path = make_in(parents[i], tried);
	return path;
}

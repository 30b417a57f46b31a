#define _GNU_SOURCE	/* O_PATH */
#include "rc_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"

/* Resolves `.`, `..` and empty parts into PLAIN, which has the room of TEXT; false where that leads above the root. */
static bool
resolve(const char *text, char *plain)
{
	size_t length = 0;

	while (*text != '\0') {
		size_t part = strcspn(text, "/");

		if (part == 2 && memcmp(text, "..", 2) == 0) {
			if (length == 0)
				return false;
			while (length > 0 && plain[length - 1] != '/')
				length--;
			if (length > 0)
				length--;
		} else if (part > 0 && !(part == 1 && *text == '.')) {
			if (length > 0)
				plain[length++] = '/';
			memcpy(plain + length, text, part);
			length += part;
		}
		text += part + (text[part] == '/');
	}
	plain[length] = '\0';
	return true;
}

static enum rc_path_status
status_of_errno(void)
{
	switch (errno) {
	case ENOENT: return RC_PATH_MISSING;
	case ELOOP: return RC_PATH_SYMLINK;
	case ENOTDIR: return RC_PATH_NOT_A_FILE;
	default: return RC_PATH_FAILED;
	}
}

int
rc_path_root(const char *name)
{
	int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		rc_die(rc_err_class(errno), "cannot open the folder %s: %s", name, strerror(errno));
	return root;
}

char *
rc_path_plain(const char *text)
{
	char *plain = rc_alloc(strlen(text) + 1);

	if (*text != '/' && resolve(text, plain))
		return plain;
	free(plain);
	return NULL;
}

/* Opens the folder NAME in FOLDER, which is closed unless it is ROOT; with MAKE one that is absent is made. */
static enum rc_path_status
enter(int root, int *folder, const char *name, bool make)
{
	struct stat found;
	bool absent = make && mkdirat(*folder, name, 0777) != 0 && errno != EEXIST;
	int next = absent ? -1 : openat(*folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum rc_path_status status = next < 0 ? status_of_errno() : RC_PATH_OK;

	if (status == RC_PATH_OK && fstat(next, &found) != 0)
		status = RC_PATH_FAILED;
	if (status == RC_PATH_OK && !S_ISDIR(found.st_mode)) {
		status = S_ISLNK(found.st_mode) ? RC_PATH_SYMLINK : RC_PATH_NOT_A_FILE;
		errno = ENOTDIR;
	}
	if (*folder != root)
		close(*folder);
	*folder = next;
	return status;
}

/* Opens the file NAME, but nothing that would wait or act (a FIFO, a device) when it is opened. */
static enum rc_path_status
open_file(int folder, const char *name, int *fd)
{
	struct stat found;

	if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
		return status_of_errno();
	if (S_ISLNK(found.st_mode))
		return RC_PATH_SYMLINK;
	errno = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(found.st_mode))
		return RC_PATH_NOT_A_FILE;
	if ((*fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
		return status_of_errno();
	if (fstat(*fd, &found) != 0 || !S_ISREG(found.st_mode)) {	/* it was swapped */
		close(*fd);
		errno = EINVAL;
		return RC_PATH_NOT_A_FILE;
	}
	return RC_PATH_OK;
}

static enum rc_path_status
find(int root, const char *text, bool make, struct rc_path *path)
{
	char *plain = rc_path_plain(text), *name = plain, *slash;
	enum rc_path_status status = RC_PATH_OK;
	int folder = root, fd = -1;

	if (plain == NULL)
		status = RC_PATH_OUTSIDE;
	else if (*plain == '\0')
		errno = EISDIR, status = RC_PATH_NOT_A_FILE;	/* the root itself */
	while (status == RC_PATH_OK && (slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		status = enter(root, &folder, name, make);
		name = slash + 1;
	}
	if (status == RC_PATH_OK && folder == root && (folder = openat(root, ".", O_PATH | O_CLOEXEC)) < 0)
		status = RC_PATH_FAILED;
	if (status == RC_PATH_OK && !make)
		status = open_file(folder, name, &fd);
	if (status == RC_PATH_OK) {
		*path = (struct rc_path){ .folder = folder, .name = rc_strndup(name, strlen(name)), .fd = fd };
	} else if (folder >= 0 && folder != root) {
		int saved = errno;

		close(folder);
		errno = saved;
	}
	free(plain);
	return status;
}

enum rc_path_status
rc_path_open(int root, const char *text, struct rc_path *path)
{
	return find(root, text, false, path);
}

enum rc_path_status
rc_path_make(int root, const char *text, struct rc_path *path)
{
	return find(root, text, true, path);
}

void
rc_path_close(struct rc_path *path)
{
	if (path->fd >= 0)
		close(path->fd);
	close(path->folder);
	free(path->name);
}

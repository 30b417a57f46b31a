#define _GNU_SOURCE	/* O_PATH */
#include "rc_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_mem.h"

struct name {
	char *text;
	unsigned char type;	/* DT_... */
};

/* One folder, and how far the walk is in it. */
struct rc_walk_level {
	int fd;
	struct name *names;
	size_t count, next;
	size_t path;		/* the length of its own path */
};

static struct rc_walk_level *
add_level(struct rc_walk *walk, int fd)
{
	struct rc_walk_level *level;

	if (walk->depth == walk->room) {
		walk->room = walk->room == 0 ? 16 : rc_size_mul(walk->room, 2);
		walk->levels = rc_realloc(walk->levels, rc_size_mul(walk->room, sizeof *walk->levels));
	}
	level = &walk->levels[walk->depth++];
	*level = (struct rc_walk_level){ .fd = fd, .path = walk->path.length };
	return level;
}

static void
add_name(struct rc_walk_level *level, size_t *room, const char *text, unsigned char type)
{
	if (level->count == *room) {
		*room = *room == 0 ? 32 : rc_size_mul(*room, 2);
		level->names = rc_realloc(level->names, rc_size_mul(*room, sizeof *level->names));
	}
	level->names[level->count++] = (struct name){ rc_strndup(text, strlen(text)), type };
}

static void
drop_level(struct rc_walk *walk)
{
	struct rc_walk_level *level = &walk->levels[--walk->depth];

	for (size_t i = 0; i < level->count; i++)
		free(level->names[i].text);
	free(level->names);
	close(level->fd);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* Reads the folder, whose FD is the level's then; false with errno where that fails, and FD is closed. */
static bool
enter(struct rc_walk *walk, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);	/* readdir(3) wants one of its own */
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	struct rc_walk_level *level;
	size_t room = 0;
	int failure;

	if (folder == NULL) {
		failure = errno;
		if (copy >= 0)
			close(copy);
		close(fd);
		errno = failure;
		return false;
	}
	level = add_level(walk, fd);
	while (errno = 0, (entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			add_name(level, &room, entry->d_name, entry->d_type);
	failure = errno;
	closedir(folder);
	if (failure != 0) {
		drop_level(walk);
		errno = failure;
		return false;
	}
	if (level->count > 0)
		qsort(level->names, level->count, sizeof *level->names, compare_names);
	return true;
}

static int
open_folder(int at, const char *name, int how)
{
	return openat(at, name, how | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool
rc_walk_start(struct rc_walk *walk, int root, const char *path)
{
	const char *slash;
	int fd = open_folder(root, ".", *path == '\0' ? O_RDONLY : O_PATH);
	struct stat found;
	size_t room = 0;

	walk->path.length = 0;
	if (fd < 0)
		return false;
	if (*path == '\0')
		return enter(walk, fd);
	for (const char *name = path; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		char *part = rc_strndup(name, (size_t)(slash - name));
		int next = open_folder(fd, part, O_PATH), failure = errno;

		if (next < 0 && fstatat(fd, part, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode))
			failure = ELOOP;
		free(part);
		close(fd);
		errno = failure;
		if ((fd = next) < 0)
			return false;
	}
	slash = strrchr(path, '/');
	if (fstatat(fd, slash == NULL ? path : slash + 1, &found, AT_SYMLINK_NOFOLLOW) != 0) {
		int failure = errno;

		close(fd);
		errno = failure;
		return false;
	}
	if (slash != NULL)
		rc_buf_add(&walk->path, path, (size_t)(slash - path));
	add_name(add_level(walk, fd), &room, slash == NULL ? path : slash + 1, DT_UNKNOWN);
	return true;
}

/* Some file systems keep the type of what a folder holds only in the thing itself. */
static unsigned char
type_of(int folder, const struct name *name)
{
	struct stat found;

	if (name->type != DT_UNKNOWN)
		return name->type;
	if (fstatat(folder, name->text, &found, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(found.st_mode);
}

static void
set_path(struct rc_walk *walk, const struct rc_walk_level *level, const char *name)
{
	walk->path.length = level->path;
	if (level->path > 0)
		rc_buf_add(&walk->path, "/", 1);
	rc_buf_add_text(&walk->path, name);
	rc_buf_text(&walk->path);
}

bool
rc_walk_next(struct rc_walk *walk, struct rc_walk_entry *entry)
{
	while (walk->depth > 0) {
		struct rc_walk_level *level = &walk->levels[walk->depth - 1];
		const struct name *name;
		int fd;

		if (level->next == level->count) {
			drop_level(walk);
			continue;
		}
		name = &level->names[level->next++];
		set_path(walk, level, name->text);
		*entry = (struct rc_walk_entry){ .path = walk->path.bytes, .name = name->text, .folder = level->fd };
		errno = 0;
		switch (type_of(level->fd, name)) {
		case DT_REG: entry->kind = RC_WALK_FILE; return true;
		case DT_LNK: entry->kind = RC_WALK_LINK; return true;
		case DT_DIR:
			if ((fd = open_folder(level->fd, name->text, O_RDONLY)) >= 0 && enter(walk, fd))
				continue;
			/* fall through */
		case DT_UNKNOWN:
			entry->kind = RC_WALK_FAILED;
			entry->error = errno;
			return true;
		default: entry->kind = RC_WALK_OTHER; return true;
		}
	}
	return false;
}

void
rc_walk_free(struct rc_walk *walk)
{
	while (walk->depth > 0)
		drop_level(walk);
	free(walk->levels);
	rc_buf_free(&walk->path);
	*walk = (struct rc_walk){0};
}

bool
rc_walk_is_plain(const char *path)
{
	for (const char *part = path;; part++) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length == 1 && *part == '.') || (length == 2 && memcmp(part, "..", 2) == 0))
			return false;
		part += length;
		if (*part == '\0')
			return true;
	}
}

/* A slash counts as less than any other byte: so a folder's files come before a name that goes on where the folder's ends. */
static int
rank(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 2;
}

int
rc_walk_compare(const char *a, const char *b)
{
	while (*a == *b && *a != '\0')
		a++, b++;
	return rank(*a) - rank(*b);
}

bool
rc_walk_is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return length == 0 || (strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

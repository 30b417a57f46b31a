#include "rc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_random.h"
#include "rc_signal.h"
#include "rc_str.h"

enum { PLACES_MAX = 320, NAME_SIZE = 256 };

/* ---- what is unfinished ---- */

/* A temporary file, or a new one under its own name. */
struct rc_file_place {
	atomic_bool used;
	atomic_int folder;	/* -1: there is no file (yet) */
	char name[NAME_SIZE];
};

static struct rc_file_place places[PLACES_MAX];

/*
 * The process may end while other threads make temporary files: from `ending`
 * on none is begun, and those that are being made are waited for.
 */
static atomic_bool ending;
static atomic_int making;

/* Safe in a signal handler, for no thread can be interrupted while it makes a file. */
static void
remove_unfinished(void)
{
	const struct timespec moment = { .tv_nsec = 100000 };

	ending = true;
	while (making > 0)
		nanosleep(&moment, NULL);
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (places[i].used && places[i].folder >= 0)
			unlinkat(places[i].folder, places[i].name, 0);
}

static void
remove_at_exit(int code)
{
	(void)code;
	remove_unfinished();
}

static void
remove_and_end_by(int signal_number)
{
	remove_unfinished();
	signal(signal_number, SIG_DFL);
	raise(signal_number);	/* delivered when this returns */
}

void
rc_file_start(void)
{
	static bool started;
	struct sigaction pipe;

	if (started)
		return;
	started = true;
	rc_at_exit(remove_at_exit);
	rc_at_signal(remove_unfinished);
	if (sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_DFL)
		signal(SIGPIPE, remove_and_end_by);	/* the reader of standard output is gone */
	signal(SIGXFSZ, SIG_IGN);
}

/* A place for a file of that name, or NULL with errno. */
static struct rc_file_place *
take_place(const char *name)
{
	if (strlen(name) >= NAME_SIZE) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	for (size_t i = 0; i < PLACES_MAX; i++) {
		struct rc_file_place *place = &places[i];

		if (place->used || atomic_exchange(&place->used, true))
			continue;
		place->folder = -1;
		memcpy(place->name, name, strlen(name) + 1);
		return place;
	}
	errno = EMFILE;
	return NULL;
}

static void
give_place_back(struct rc_file_place *place)
{
	place->folder = -1;
	place->used = false;
}

/* Makes the file at PLACE in FOLDER, so that whoever ends the process finds it; its descriptor, or -1 with errno. */
static int
make(struct rc_file_place *place, int folder, mode_t mode)
{
	sigset_t all, before;
	int fd = -1, error = EINTR;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);	/* no signal between making it and knowing that it is ours */
	making++;
	if (!ending) {
		fd = openat(folder, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		error = errno;
		if (fd >= 0)
			place->folder = folder;
	}
	making--;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

/* ---- many files ---- */

static bool
fail(struct rc_file_error *error, const char *what)
{
	*error = (struct rc_file_error){ .what = what, .number = errno };
	return false;
}

/* Closes and frees all that FILE holds; errno stays. */
static void
release(struct rc_file *file)
{
	int error = errno;

	if (file->place != NULL)
		give_place_back(file->place);
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	free(file->name);
	free(file->path);
	*file = (struct rc_file){ .fd = -1, .folder = -1 };
	errno = error;
}

bool
rc_file_begin(struct rc_file *file, int folder, const char *name, const char *temporary, mode_t mode,
    struct rc_file_error *error)
{
	char by_chance[32];

	*error = (struct rc_file_error){0};
	*file = (struct rc_file){ .fd = -1, .name = rc_strndup(name, strlen(name)) };
	file->folder = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);	/* one that is open with O_PATH can't be synced */
	if (file->folder < 0) {
		fail(error, "open the folder");
	} else {
		if (temporary == NULL) {
			snprintf(by_chance, sizeof by_chance, ".rc-%08x.tmp", (unsigned)rc_random());
			temporary = by_chance;
		}
		if ((file->place = take_place(temporary)) == NULL || (file->fd = make(file->place, file->folder, mode)) < 0)
			fail(error, "make a file beside it");
	}
	if (error->what != NULL)
		release(file);
	return error->what == NULL;
}

bool
rc_file_keep(struct rc_file *file, int from, const struct stat *old, struct rc_attributes wanted, struct rc_file_error *error)
{
	const char *what = rc_attributes_copy(from, old, file->fd, wanted);

	return what == NULL || fail(error, what);
}

bool
rc_file_sync(struct rc_file *file, struct rc_file_error *error)
{
	return fsync(file->fd) == 0 || fail(error, "sync");
}

/* Some file systems (those of FUSE and of network servers) have no sync for folders. */
static bool
sync_folder(int folder)
{
	return fsync(folder) == 0 || errno == EINVAL || errno == EBADF || errno == ENOTSUP;
}

bool
rc_file_place(struct rc_file *file, struct rc_file_error *error)
{
	bool is_new = strcmp(file->place->name, file->name) == 0;	/* it has had its name from the start */
	int fd = file->fd;

	file->fd = -1;
	if (close(fd) != 0) {
		fail(error, "write");
	} else if (!is_new && renameat(file->folder, file->place->name, file->folder, file->name) != 0) {
		fail(error, "replace it");
	} else {
		if (!is_new)
			file->place->folder = -1;
		if (!sync_folder(file->folder)) {
			fail(error, "sync the folder");
			error->in_place = !is_new;	/* a new one is removed */
		}
	}
	if (error->what == NULL)
		release(file);
	else
		rc_file_abandon(file);
	return error->what == NULL;
}

void
rc_file_abandon(struct rc_file *file)
{
	int error = errno;

	if (file->place != NULL && file->place->folder >= 0)
		unlinkat(file->folder, file->place->name, 0);
	errno = error;
	release(file);
}

/* ---- one file ---- */

static _Noreturn void
die(const char *path, const struct rc_file_error *error)
{
	enum rc_exit code = rc_err_class(error->number);

	if (error->in_place)
		rc_die(code, "%s: the new file is in place, but cannot %s: %s", path, error->what, strerror(error->number));
	rc_die(code, "%s: cannot %s: %s", path, error->what, strerror(error->number));
}

/* The last part of PATH. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Opens the folder that PATH is in. */
static int
open_folder(const char *path)
{
	const char *name = name_of(path);
	char *folder = name == path ? rc_strndup(".", 1) : rc_strndup(path, (size_t)(name - path));
	int fd;

	if (*name == '\0')
		rc_die(RC_FATAL, "%s: not the name of a file", path);
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "%s: cannot open the folder: %s", path, strerror(errno));
	free(folder);
	return fd;
}

struct rc_file *
rc_file_replace(const char *path)
{
	static const struct rc_attributes mode_only = { .mode = true };
	struct rc_file *file = rc_alloc(sizeof *file);
	struct rc_file_error error;
	struct stat old;
	int folder = open_folder(path);
	bool exists = fstatat(folder, name_of(path), &old, 0) == 0;

	if (exists && !S_ISREG(old.st_mode))
		rc_die(RC_FATAL, "%s: not a regular file", path);
	rc_file_start();
	if (!rc_file_begin(file, folder, name_of(path), NULL, exists ? 0600 : 0666, &error) ||
	    (exists && !rc_file_keep(file, -1, &old, mode_only, &error)))
		die(path, &error);
	file->path = rc_strndup(path, strlen(path));
	close(folder);
	return file;
}

struct rc_file *
rc_file_create(const char *path, mode_t mode)
{
	struct rc_file *file = rc_alloc(sizeof *file);
	struct rc_file_error error;
	int folder = open_folder(path);

	rc_file_start();
	if (!rc_file_begin(file, folder, name_of(path), name_of(path), mode, &error)) {
		if (error.number == EEXIST)
			rc_die(RC_FATAL, "%s: exists already", path);
		error.what = "make it";
		die(path, &error);
	}
	file->path = rc_strndup(path, strlen(path));
	close(folder);
	return file;
}

void
rc_file_commit(struct rc_file *file)
{
	char *path = rc_strndup(file->path, strlen(file->path));
	struct rc_file_error error = {0};

	if (!rc_file_sync(file, &error) || !rc_file_place(file, &error))
		die(path, &error);
	free(path);
	free(file);
}

/* ---- writing ---- */

bool
rc_write_full(int fd, const void *bytes, size_t length)
{
	const char *p = bytes;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		length -= (size_t)n;
	}
	return true;
}

void
rc_write_all(int fd, const char *name, const char *bytes, size_t length)
{
	if (!rc_write_full(fd, bytes, length))
		rc_die(RC_RETRY, "cannot write %s: %s", name, strerror(errno));
}

#include "rc_signed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_writeback.h"

enum {
	OPEN_TRIES = 10,
	LOCK_TRIES = 100,	/* in a second */
	TEMPORARY_NAME = 64,
};

static bool
fail(struct rc_signed_file *file, const char *what)
{
	file->error = (struct rc_file_error){ .what = what, .number = errno };
	return false;
}

static bool
fail_changed(struct rc_signed_file *file)
{
	file->changed = true;
	return false;
}

/* ---- opening ---- */

/* Whether the name still leads to the file that is open. */
static bool
is_same(const struct rc_signed_file *file)
{
	struct stat now;

	return fstatat(file->path.folder, file->path.name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == file->stat.st_dev && now.st_ino == file->stat.st_ino;
}

static void
name_temporary(const struct rc_signed_file *file, char *name)
{
	snprintf(name, TEMPORARY_NAME, ".rc-sign-%llu.tmp", (unsigned long long)file->stat.st_ino);
}

/* flock(2), and a word to the user where that takes its time. */
static int
wait_for_lock(int fd, const char *name)
{
	const struct timespec moment = { .tv_nsec = 1000000000 / LOCK_TRIES };
	int done;

	for (int tries = 0; (done = flock(fd, LOCK_EX | LOCK_NB)) != 0 && (errno == EWOULDBLOCK || errno == EINTR); tries++) {
		if (tries == LOCK_TRIES) {
			rc_warn("%s: it is locked by another process or job; waiting", name);
			while ((done = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
				;
			break;
		}
		nanosleep(&moment, NULL);
	}
	return done;
}

/*
 * Locks it.  NFS locks only what is open for writing.  On a file system without
 * locks FILE->locked stays false, and the temporary file is the lock.
 */
static void
lock_file(struct rc_signed_file *file)
{
	const struct rc_path *path = &file->path;
	int done = wait_for_lock(path->fd, file->name), writable;

	if (done != 0 && errno == EBADF &&
	    (writable = openat(path->folder, path->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) >= 0) {
		done = wait_for_lock(writable, file->name);
		close(path->fd);
		file->path.fd = writable;
	}
	file->locked = done == 0;
}

static void
remove_leftover(const struct rc_signed_file *file)
{
	char name[TEMPORARY_NAME];

	name_temporary(file, name);
	if (strcmp(name, file->path.name) != 0)	/* it may have that name itself */
		unlinkat(file->path.folder, name, 0);
}

enum rc_path_status
rc_signed_file_open(int root, const char *text, bool lock, struct rc_signed_file *file)
{
	enum rc_path_status status;

	*file = (struct rc_signed_file){ .name = text };
	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		if ((status = rc_path_open(root, text, &file->path)) != RC_PATH_OK)
			return status;
		if (lock)
			lock_file(file);
		if (fstat(file->path.fd, &file->stat) == 0 && (!lock || is_same(file))) {
			if (file->locked)
				remove_leftover(file);
			return RC_PATH_OK;
		}
		rc_path_close(&file->path);
	}
	errno = EBUSY;
	return RC_PATH_FAILED;
}

void
rc_signed_file_close(struct rc_signed_file *file)
{
	rc_path_close(&file->path);
}

/* ---- looking ---- */

static bool
has_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether the content that was read is what is there now. */
static bool
is_unchanged(const struct rc_signed_file *file, struct stat *now)
{
	return fstat(file->path.fd, now) == 0 && now->st_size == file->stat.st_size &&
	    has_time(&now->st_mtim, &file->stat.st_mtim);
}

static ssize_t
read_at(const struct rc_signed_source *source, unsigned char *bytes, size_t size, off_t offset)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = pread(source->fd, bytes + length, size - length, offset + (off_t)length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

static struct rc_signed_source
source_of(const struct rc_signed_file *file)
{
	return (struct rc_signed_source){ .read_at = read_at, .size = file->stat.st_size, .fd = file->path.fd };
}

bool
rc_signed_file_look(struct rc_signed_file *file, const struct rc_signed_known *known, struct rc_signed_buffer *buffer)
{
	struct rc_signed_source source = source_of(file);
	struct stat now;

	posix_fadvise(file->path.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	switch (rc_signed_look(&source, known, buffer, &file->found)) {
	case RC_SIGNED_SEEN:
		return is_unchanged(file, &now) || fail_changed(file);
	case RC_SIGNED_CUT:
		return fail_changed(file);
	case RC_SIGNED_UNREADABLE:
		break;
	}
	return fail(file, "read");
}

/* ---- signing ---- */

/* Writes a payload that is in memory, behind its signature. */
static bool
write_held(struct rc_signed_file *file, int to, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	struct rc_hmac *stream = rc_hmac_begin(key);
	unsigned char *signature = buffer->bytes + file->found.payload;
	size_t length = buffer->held - (size_t)file->found.payload;

	rc_hmac_add(stream, signature + RC_HMAC_SIZE, length);
	rc_hmac_end(stream, signature);
	return rc_write_full(to, signature, RC_HMAC_SIZE + length) || fail(file, "write");
}

/*
 * Copies the payload into the stream and behind the place for its signature.
 * That place is part of the first write, so each begins at a multiple of
 * RC_SIGNED_READ.
 */
static bool
copy_payload(struct rc_signed_file *file, int to, struct rc_hmac *stream, struct rc_signed_buffer *buffer)
{
	const struct rc_signed_source source = source_of(file);
	off_t from = file->found.payload, written = 0, synced = 0;
	size_t skip = RC_HMAC_SIZE, room;
	ssize_t n;

	memset(buffer->bytes, 0, RC_HMAC_SIZE);
	do {
		room = RC_SIGNED_READ - skip;
		if ((n = read_at(&source, buffer->bytes + skip, room, from)) < 0)
			return fail(file, "read");
		rc_hmac_add(stream, buffer->bytes + skip, (size_t)n);
		if (!rc_write_full(to, buffer->bytes, skip + (size_t)n))
			return fail(file, "write");
		from += n;
		written += (off_t)skip + n;
		skip = 0;
		rc_writeback(to, &synced, written);
	} while ((size_t)n == room);
	return from == file->stat.st_size || fail_changed(file);
}

static bool
write_content(struct rc_signed_file *file, int to, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	unsigned char signature[RC_HMAC_SIZE];
	struct rc_hmac *stream;
	bool good;

	if (buffer->held > 0)
		return write_held(file, to, key, buffer);
	stream = rc_hmac_begin(key);
	good = copy_payload(file, to, stream, buffer);
	rc_hmac_end(stream, signature);
	return good && (pwrite(to, signature, sizeof signature, 0) == sizeof signature || fail(file, "write"));
}

static bool
has_space(int folder, off_t size)
{
	struct statvfs fs;

	return fstatvfs(folder, &fs) != 0 || fs.f_frsize == 0 || fs.f_blocks == 0 ||	/* not told: the write will */
	    fs.f_bavail > (unsigned long long)(size + RC_HMAC_SIZE) / fs.f_frsize;
}

/* Clocks of file systems are coarse: content that is new in the same moment gets the next one. */
static void
make_time_new(const struct rc_signed_file *file, int to)
{
	struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, file->stat.st_mtim };
	struct stat fresh;

	if (fstat(to, &fresh) != 0 || !has_time(&fresh.st_mtim, &file->stat.st_mtim))
		return;
	times[1].tv_nsec++;
	if (times[1].tv_nsec > 999999999)
		times[1] = (struct timespec){ .tv_sec = times[1].tv_sec + 1 };
	futimens(to, times);
}

/* Fills the new file; afterwards it is on the disk, and the old one has not changed. */
static bool
write_new(struct rc_signed_file *file, struct rc_file *to, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	static const struct rc_attributes kept = { .owner = true, .mode = true, .extended = true, .access_time = true };
	struct stat now;

	if (!write_content(file, to->fd, key, buffer) || !rc_file_keep(to, file->path.fd, &file->stat, kept, &file->error))
		return false;
	make_time_new(file, to->fd);
	if (!rc_file_sync(to, &file->error))
		return false;
	return (is_unchanged(file, &now) && has_time(&now.st_ctim, &file->stat.st_ctim) && is_same(file)) || fail_changed(file);
}

bool
rc_signed_file_sign(struct rc_signed_file *file, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	char temporary[TEMPORARY_NAME];
	struct rc_file to;

	if (!has_space(file->path.fd, file->stat.st_size)) {
		errno = ENOSPC;
		return fail(file, "write");
	}
	name_temporary(file, temporary);
	if (!rc_file_begin(&to, file->path.folder, file->path.name, temporary, 0600, &file->error))
		return false;
	if (!write_new(file, &to, key, buffer)) {
		rc_file_abandon(&to);
		return false;
	}
	return rc_file_place(&to, &file->error);
}

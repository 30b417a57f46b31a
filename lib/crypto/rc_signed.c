#define _GNU_SOURCE	/* sync_file_range */
#include "rc_signed.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_signal.h"

enum {
	BUFFER = 256 * 1024,
	SYNC_EVERY = 8 << 20,	/* bytes after which the disk begins to write, so that fsync(2) has little left to wait for */
	OPEN_TRIES = 10,
	LOCK_TRIES = 100,	/* in a second */
	TEMPORARY_NAME = 64,
	BUFFERS_MAX = 256,
};

struct rc_signed_buffer {
	unsigned char bytes[RC_HMAC_SIZE + BUFFER];	/* what is read stands behind the place for a signature */
	size_t held;		/* bytes of a file that fits, kept from the look for the signing */
	/* The temporary file, for whoever ends the process; folder is -1 where there is none. */
	atomic_int folder;
	char temporary[TEMPORARY_NAME];
};

static struct rc_signed_buffer *buffers[BUFFERS_MAX];
static atomic_int buffer_count;
static pthread_mutex_t buffers_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * The process may end while other threads make temporary files: from `ending`
 * on none is begun, and those that are being made are waited for.
 */
static atomic_bool ending;
static atomic_int making;

/* Safe in a signal handler. */
static void
remove_temporaries(void)
{
	const struct timespec moment = { .tv_nsec = 100000 };

	ending = true;
	while (making > 0)
		nanosleep(&moment, NULL);
	for (int i = 0; i < buffer_count; i++)
		if (buffers[i]->folder >= 0)
			unlinkat(buffers[i]->folder, buffers[i]->temporary, 0);
}

static void
remove_at_exit(int code)
{
	(void)code;
	remove_temporaries();
}

static void
remove_and_end_by(int signal_number)
{
	remove_temporaries();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

void
rc_signed_start(void)
{
	rc_at_signal(remove_temporaries);
	rc_at_exit(remove_at_exit);
	signal(SIGPIPE, remove_and_end_by);	/* the reader of standard output is gone */
	signal(SIGXFSZ, SIG_IGN);		/* the write fails and says why */
}

struct rc_signed_buffer *
rc_signed_buffer_new(void)
{
	struct rc_signed_buffer *buffer = rc_alloc(sizeof *buffer);

	atomic_init(&buffer->folder, -1);
	buffer->held = 0;
	pthread_mutex_lock(&buffers_lock);
	if (buffer_count == BUFFERS_MAX)
		rc_die(RC_FATAL, "more than %d threads", BUFFERS_MAX);
	buffers[buffer_count] = buffer;
	buffer_count++;
	pthread_mutex_unlock(&buffers_lock);
	return buffer;
}

void
rc_signed_buffer_free(struct rc_signed_buffer *buffer)
{
	pthread_mutex_lock(&buffers_lock);
	for (int i = 0; i < buffer_count; i++)
		if (buffers[i] == buffer) {
			buffers[i] = buffers[buffer_count - 1];
			buffer_count--;
		}
	pthread_mutex_unlock(&buffers_lock);
	free(buffer);
}

static bool
fail(struct rc_signed_file *file, const char *what)
{
	file->failed = what;
	file->error = errno;
	return false;
}

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
rc_signed_open(int root, const char *text, bool lock, struct rc_signed_file *file)
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
rc_signed_close(struct rc_signed_file *file)
{
	rc_path_close(&file->path);
}

/* Reads up to SIZE bytes, less at the end of the file only; -1 with errno where that fails. */
static ssize_t
read_full(int fd, unsigned char *bytes, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, bytes + length, size - length);

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

static bool
fail_changed(struct rc_signed_file *file)
{
	errno = 0;
	return fail(file, "changed");
}

/*
 * Reads the file from byte FROM on into all streams, less the signature that
 * may be there; false where it can't be read or it changed.
 */
static bool
read_into(struct rc_signed_file *file, struct rc_hmac **streams, int count, off_t from, unsigned char *signature,
    struct rc_signed_buffer *buffer)
{
	unsigned char *content = buffer->bytes + RC_HMAC_SIZE, *part = content + from;
	ssize_t n = (ssize_t)buffer->held - (ssize_t)from;
	off_t total = from;
	struct stat now;

	if (buffer->held == 0 && lseek(file->path.fd, from, SEEK_SET) < 0)
		return fail(file, "read");
	do {
		size_t skip = 0;

		if (buffer->held == 0) {
			part = content;
			if ((n = read_full(file->path.fd, content, BUFFER)) < 0)
				return fail(file, "read");
		}
		if (total == from) {
			skip = n < RC_HMAC_SIZE ? (size_t)n : RC_HMAC_SIZE;
			memcpy(signature, part, skip);
		}
		for (int i = 0; i < count; i++)
			rc_hmac_add(streams[i], part + skip, (size_t)n - skip);
		total += n;
	} while (n == BUFFER);
	if (from == 0 && total < BUFFER)
		buffer->held = (size_t)total;
	return (total == file->stat.st_size && is_unchanged(file, &now)) || fail_changed(file);
}

/* Whose signature stands at byte FROM and fits what follows: the key's number, or -1. */
static bool
find_key(struct rc_signed_file *file, const struct rc_signed_known *known, off_t from, int *key, struct rc_signed_buffer *buffer)
{
	struct rc_hmac *streams[RC_SIGNED_KEYS_MAX];
	unsigned char found[RC_HMAC_SIZE], signature[RC_HMAC_SIZE];
	bool good;

	for (int i = 0; i < known->key_count; i++)
		streams[i] = rc_hmac_begin(known->keys[i]);
	good = read_into(file, streams, known->key_count, from, found, buffer);
	*key = -1;
	for (int i = 0; i < known->key_count; i++) {
		rc_hmac_end(streams[i], signature);
		if (good && *key < 0 && file->stat.st_size - from > RC_HMAC_SIZE && rc_hmac_equal(signature, found))
			*key = i;
	}
	return good;
}

/* Whether a payload may begin at byte FROM. */
static bool
begins_as_payload(const struct rc_signed_file *file, const struct rc_signed_known *known, off_t from)
{
	unsigned char start[RC_HMAC_SIZE];
	ssize_t n = pread(file->path.fd, start, sizeof start, from);

	for (int i = 0; i < known->prefix_count; i++)
		if (n >= (ssize_t)known->prefixes[i].length && memcmp(start, known->prefixes[i].bytes, known->prefixes[i].length) == 0)
			return true;
	return false;
}

/*
 * Whether a payload surely begins there.  A signature is any 32 bytes, and some
 * begin as a payload does: then a payload stands behind it, or behind up to
 * SIGNATURES of them.
 */
static bool
is_payload(const struct rc_signed_file *file, const struct rc_signed_known *known, off_t from, int signatures)
{
	if (!begins_as_payload(file, known, from))
		return false;
	for (int i = 1; i <= signatures; i++)
		if (begins_as_payload(file, known, from + i * RC_HMAC_SIZE))
			return false;
	return true;
}

static enum rc_signed_state
unsigned_state(const struct rc_signed_file *file, const struct rc_signed_known *known)
{
	if (file->stat.st_size == 0)
		return RC_SIGNED_EMPTY;
	return is_payload(file, known, 0, 1) ? RC_SIGNED_NOT : RC_SIGNED_UNKNOWN;
}

bool
rc_signed_look(struct rc_signed_file *file, const struct rc_signed_known *known, struct rc_signed_buffer *buffer)
{
	int key;

	buffer->held = 0;
	posix_fadvise(file->path.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (!find_key(file, known, 0, &key, buffer))
		return false;
	file->state = key < 0 ? unsigned_state(file, known) : key == 0 ? RC_SIGNED_CURRENT : RC_SIGNED_OLD;
	while (key >= 0) {
		file->payload += RC_HMAC_SIZE;
		if (known->prefix_count == 0 || is_payload(file, known, file->payload, known->key_count))
			break;
		if (!find_key(file, known, file->payload, &key, buffer))
			return false;
		if (key >= 0)
			file->state = RC_SIGNED_OLD;
		else
			file->odd_payload = !begins_as_payload(file, known, file->payload);
	}
	return true;
}

/* ---- the new file ---- */

static bool
write_full(int fd, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

/* Writes a payload that is in memory, behind its signature. */
static bool
write_held(struct rc_signed_file *file, int to, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	struct rc_hmac *stream = rc_hmac_begin(key);
	unsigned char *signature = buffer->bytes + file->payload;
	size_t length = buffer->held - (size_t)file->payload;

	rc_hmac_add(stream, signature + RC_HMAC_SIZE, length);
	rc_hmac_end(stream, signature);
	return write_full(to, signature, RC_HMAC_SIZE + length) || fail(file, "write");
}

/*
 * Copies the payload into the stream and behind the place for its signature.
 * That place is part of the first write, so each begins at a multiple of BUFFER.
 */
static bool
copy_payload(struct rc_signed_file *file, int to, struct rc_hmac *stream, struct rc_signed_buffer *buffer)
{
	off_t written = 0, synced = 0;
	size_t skip = RC_HMAC_SIZE, room;
	ssize_t n;

	if (lseek(file->path.fd, file->payload, SEEK_SET) < 0)
		return fail(file, "read");
	memset(buffer->bytes, 0, RC_HMAC_SIZE);
	do {
		room = BUFFER - skip;
		if ((n = read_full(file->path.fd, buffer->bytes + skip, room)) < 0)
			return fail(file, "read");
		rc_hmac_add(stream, buffer->bytes + skip, (size_t)n);
		if (!write_full(to, buffer->bytes, skip + (size_t)n))
			return fail(file, "write");
		written += (off_t)skip + n;
		skip = 0;
		if (written - synced >= SYNC_EVERY) {	/* a hint: fsync(2) is what counts */
			sync_file_range(to, synced, written - synced, SYNC_FILE_RANGE_WRITE);
			synced = written;
		}
	} while ((size_t)n == room);
	return written - RC_HMAC_SIZE == file->stat.st_size - file->payload || fail_changed(file);
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

/* Copies the extended attributes, access control lists among them; those that the system gives itself need not be taken. */
static bool
copy_xattrs(int from, int to)
{
	char names[65536], *value;
	ssize_t total = flistxattr(from, names, sizeof names), size;
	bool good = true;

	if (total < 0)
		return errno == ENOTSUP;
	value = rc_alloc(65536);
	for (const char *name = names; good && name < names + total; name += strlen(name) + 1) {
		size = fgetxattr(from, name, value, 65536);
		if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0) != 0)
			good = strncmp(name, "security.", 9) == 0;
	}
	free(value);
	return good;
}

static bool
copy_attributes(struct rc_signed_file *file, int to)
{
	const struct stat *old = &file->stat;
	const struct timespec times[] = { old->st_atim, old->st_mtim };
	struct stat fresh;

	/* What it inherited from its folder; the old file's own list comes with the attributes. */
	if (fremovexattr(to, "system.posix_acl_access") != 0 && fgetxattr(to, "system.posix_acl_access", NULL, 0) >= 0)
		return fail(file, "keep the extended attributes");
	if (fstat(to, &fresh) != 0)
		return fail(file, "keep the owner");
	if ((fresh.st_uid != old->st_uid || fresh.st_gid != old->st_gid) && fchown(to, old->st_uid, old->st_gid) != 0)
		return fail(file, "keep the owner");
	if (!copy_xattrs(file->path.fd, to))
		return fail(file, "keep the extended attributes");
	if (fchmod(to, old->st_mode & 07777) != 0)
		return fail(file, "keep the mode");
	if (futimens(to, times) != 0)
		return fail(file, "keep the times");
	return true;
}

static bool
has_space(int folder, off_t size)
{
	struct statvfs fs;

	return fstatvfs(folder, &fs) != 0 || fs.f_frsize == 0 || fs.f_blocks == 0 ||	/* not told: the write will */
	    fs.f_bavail > (unsigned long long)(size + RC_HMAC_SIZE) / fs.f_frsize;
}

/* Makes the temporary file so that whoever ends the process finds it. */
static int
make_temporary(const struct rc_signed_file *file, struct rc_signed_buffer *buffer)
{
	int to = -1;

	name_temporary(file, buffer->temporary);
	making++;
	if (!ending) {
		to = openat(file->path.folder, buffer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (to >= 0)
			buffer->folder = file->path.folder;
	} else {
		errno = EINTR;
	}
	making--;
	return to;
}

/* Fills the temporary file; afterwards it is on the disk, and the other has not changed. */
static bool
write_temporary(struct rc_signed_file *file, int to, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	struct stat now;

	if (!write_content(file, to, key, buffer) || !copy_attributes(file, to))
		return false;
	if (fsync(to) != 0)
		return fail(file, "sync");
	if (!is_unchanged(file, &now) || !has_time(&now.st_ctim, &file->stat.st_ctim) || !is_same(file))
		return fail_changed(file);
	return true;
}

bool
rc_signed_sign(struct rc_signed_file *file, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer)
{
	int folder = file->path.folder, to, real_folder;
	bool good;

	if (!has_space(file->path.fd, file->stat.st_size)) {
		errno = ENOSPC;
		return fail(file, "write");
	}
	if ((real_folder = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)	/* one opened as a path can't be synced */
		return fail(file, "open the folder");
	if ((to = make_temporary(file, buffer)) < 0) {
		fail(file, "make a file beside it");
		close(real_folder);
		return false;
	}
	good = write_temporary(file, to, key, buffer);
	if (close(to) != 0 && good)
		good = fail(file, "write");
	if (good && renameat(folder, buffer->temporary, folder, file->path.name) != 0)
		good = fail(file, "replace it");
	if (!good)
		unlinkat(folder, buffer->temporary, 0);
	buffer->folder = -1;
	if (good && fsync(real_folder) != 0)
		good = fail(file, "sync the folder");
	close(real_folder);
	return good;
}

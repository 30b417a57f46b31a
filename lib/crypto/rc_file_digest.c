#include "rc_file_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rc_mem.h"

enum { READ_SIZE = 256 * 1024 };

struct rc_file_digest {
	struct rc_digest *digest;
	char bytes[READ_SIZE];
};

struct rc_file_digest *
rc_file_digest_new(void)
{
	struct rc_file_digest *work = rc_alloc(sizeof *work);

	work->digest = rc_digest_new();
	return work;
}

void
rc_file_digest_free(struct rc_file_digest *work)
{
	work->digest->free(work->digest);
	free(work);
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether the file is as it was, and its name still leads to it. */
static bool
is_unchanged(const struct rc_path *path, const struct stat *before)
{
	struct stat now, named;

	return fstat(path->fd, &now) == 0 && now.st_size == before->st_size && is_same_time(&now.st_mtim, &before->st_mtim) &&
	    is_same_time(&now.st_ctim, &before->st_ctim) && fstatat(path->folder, path->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_dev == before->st_dev && named.st_ino == before->st_ino;
}

enum rc_file_digest_status
rc_file_digest(struct rc_file_digest *work, const struct rc_path *path, char *hex, struct stat *status)
{
	off_t length = 0;
	ssize_t n;

	if (fstat(path->fd, status) != 0)
		return RC_FILE_DIGEST_FAILED;
	if (status->st_size > READ_SIZE)
		posix_fadvise(path->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while ((n = read(path->fd, work->bytes, READ_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		work->digest->add(work->digest, work->bytes, (size_t)n);
		if ((length += n) > status->st_size)
			break;	/* it grows, perhaps without an end */
	}
	work->digest->finish(work->digest, hex);	/* begins anew, too */
	if (n < 0)
		return RC_FILE_DIGEST_FAILED;
	return length == status->st_size && is_unchanged(path, status) ? RC_FILE_DIGEST_DONE : RC_FILE_DIGEST_CHANGED;
}

#include "rc_attributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "rc_mem.h"

enum { MODE_BITS = 07777, NAMES_SIZE = 65536, VALUE_SIZE = 65536 };	/* the kernel's limits */

/* What no call changed though none failed. */
static bool
is_right(bool right, int error)
{
	errno = error != 0 ? error : EOPNOTSUPP;
	return right;
}

static bool
set_owner(const struct stat *old, int to)
{
	struct stat now;
	int error = 0;

	if (fstat(to, &now) != 0)
		return false;
	if (now.st_uid == old->st_uid && now.st_gid == old->st_gid)
		return true;
	if (fchown(to, old->st_uid, old->st_gid) != 0)
		error = errno;
	if (fstat(to, &now) != 0)
		return false;
	return is_right(now.st_uid == old->st_uid && now.st_gid == old->st_gid, error);
}

static bool
set_mode(const struct stat *old, int to)
{
	struct stat now;
	int error = 0;

	if (fstat(to, &now) != 0)
		return false;
	if (((now.st_mode ^ old->st_mode) & MODE_BITS) == 0)
		return true;
	if (fchmod(to, old->st_mode & MODE_BITS) != 0)
		error = errno;
	if (fstat(to, &now) != 0)
		return false;
	return is_right(((now.st_mode ^ old->st_mode) & MODE_BITS) == 0, error);
}

/* ---- extended attributes ---- */

/* Whether it tells of the content, by its whole name or a part before a dot or the letters `sum`. */
static bool
is_digest(const char *name)
{
	static const char *const digests[] = {
		"security.ima", "security.evm", "trusted.bit-rot", "user.shatag", "user.checksum", "user.hash", "user.md5",
		"user.sha1", "user.sha256", "user.sha512",
	};

	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		size_t length = strlen(digests[i]);

		if (strncmp(name, digests[i], length) == 0 &&
		    (name[length] == '\0' || name[length] == '.' || strcmp(name + length, "sum") == 0))
			return true;
	}
	return false;
}

/* The system gives these itself, by its own rules; they need not be taken. */
static bool
is_of_the_system(const char *name)
{
	return strncmp(name, "security.", 9) == 0;
}

/* Whether the file has the attribute with that value; PLACE has VALUE_SIZE bytes. */
static bool
has_attribute(int fd, const char *name, const char *value, ssize_t size, char *place)
{
	return fgetxattr(fd, name, place, VALUE_SIZE) == size && memcmp(value, place, (size_t)size) == 0;
}

enum extended { SET, COMPARE };

/*
 * Sets those that differ, or only compares all; false, with the errno of the
 * first, where one is not as in the old file.  The others are set all the same.
 */
static bool
each_extended(int from, int to, enum extended what)
{
	char names[NAMES_SIZE], *value;
	ssize_t total = flistxattr(from, names, sizeof names);
	int error = 0;

	if (total < 0)
		return errno == ENOTSUP;
	if (total == 0)
		return true;
	value = rc_alloc(2 * VALUE_SIZE);
	for (const char *name = names; name < names + total; name += strlen(name) + 1) {
		ssize_t size;

		if (is_digest(name))
			continue;
		errno = 0;
		size = fgetxattr(from, name, value, VALUE_SIZE);
		if (size >= 0 && has_attribute(to, name, value, size, value + VALUE_SIZE))
			continue;
		if (size >= 0 && what == SET && fsetxattr(to, name, value, (size_t)size, 0) == 0)
			continue;
		if (error == 0 && !is_of_the_system(name))
			error = errno != 0 ? errno : EOPNOTSUPP;
	}
	free(value);
	errno = error;
	return error == 0;
}

/* Takes off the list that it inherited from its folder; the old file's own comes with its attributes. */
static bool
remove_inherited_list(int to)
{
	static const char list[] = "system.posix_acl_access";

	return fgetxattr(to, list, NULL, 0) < 0 || fremovexattr(to, list) == 0 || fgetxattr(to, list, NULL, 0) < 0;
}

/* ---- all of it ---- */

static void
set_access_time(const struct stat *old, int to)
{
	const struct timespec times[] = { old->st_atim, { .tv_nsec = UTIME_OMIT } };

	futimens(to, times);
}

const char *
rc_attributes_copy(int from, const struct stat *old, int to, struct rc_attributes wanted)
{
	int extended_error = 0;

	if (wanted.extended && !remove_inherited_list(to))
		return "keep the extended attributes";
	if (wanted.owner && !set_owner(old, to))
		return "keep the owner";
	if (wanted.extended && !each_extended(from, to, SET))
		extended_error = errno;
	if (wanted.mode && !set_mode(old, to))
		return "keep the mode";
	/* A list that is made of owner and mode (system.nfs4_acl) can't be set everywhere, and may be right now. */
	if (extended_error != 0 && !each_extended(from, to, COMPARE)) {
		errno = extended_error;
		return "keep the extended attributes";
	}
	if (wanted.access_time)
		set_access_time(old, to);
	return NULL;
}

#include "rc_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_state.h"

enum { HOLDER_MAX = 4096 };

void
rc_lock_open(struct rc_lock *lock, const char *name)
{
	struct rc_buf file = {0}, path = {0};

	rc_buf_printf(&file, "locks/%s", name);
	if (!rc_state_path(&path, rc_buf_text(&file)))
		rc_die(RC_FATAL, "no folder for the lock: set XDG_STATE_HOME or HOME");
	rc_state_make_folders(path.bytes);
	if ((lock->fd = open(path.bytes, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600)) < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path.bytes, strerror(errno));
	rc_buf_free(&file);
	rc_buf_free(&path);
}

bool
rc_lock_try(struct rc_lock *lock)
{
	ssize_t n;

	if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		rc_die(rc_err_class(errno), "cannot lock: %s", strerror(errno));
	lock->holder.length = 0;
	n = pread(lock->fd, rc_buf_reserve(&lock->holder, HOLDER_MAX), HOLDER_MAX, 0);
	lock->holder.length = n > 0 ? (size_t)n : 0;
	rc_buf_text(&lock->holder);
	return false;
}

void
rc_lock_sign(struct rc_lock *lock, const char *text, size_t length)
{
	/* Without it others only know less. */
	if (pwrite(lock->fd, text, length, 0) != (ssize_t)length || ftruncate(lock->fd, (off_t)length) != 0)
		rc_warn("cannot write who holds the lock: %s", strerror(errno));
}

#include "rc_commit_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_signal.h"

static const char *to_remove;	/* the mark, where COMMIT may still fail for certain */

static void
remove_at_exit(int code)
{
	(void)code;
	if (to_remove != NULL)
		unlink(to_remove);
}

void
rc_commit_mark_make(const char *path)
{
	int fd;

	rc_signal_hold();	/* or the mark could be all that a signal leaves */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) != 0)
		rc_die(RC_RETRY, "cannot make %s: %s", path, strerror(errno));
	to_remove = path;
	rc_at_exit(remove_at_exit);
}

void
rc_commit_mark_keep(void)
{
	to_remove = NULL;
}

#define _GNU_SOURCE	/* pipe2(2) */
#include "rc_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mask.h"

enum { KEPT = 1024 * 1024, PART = 64 * 1024, PARTS = 16 };

void
rc_tail_open(struct rc_tail *tail)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || (tail->saved[0] = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) < 0 ||
	    (tail->saved[1] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) < 0)
		rc_die(RC_RETRY, "cannot keep the output: %s", strerror(errno));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDOUT_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	tail->fd = ends[0];
	tail->is_open = true;
}

void
rc_tail_restore(struct rc_tail *tail)
{
	dup2(tail->saved[0], STDOUT_FILENO);
	dup2(tail->saved[1], STDERR_FILENO);
	close(tail->saved[0]);
	close(tail->saved[1]);
	tail->is_open = false;
}

void
rc_tail_read(struct rc_tail *tail)
{
	/* A command that floods it must not keep us from looking at the clock. */
	for (int i = 0; i < PARTS && tail->fd >= 0; i++) {
		ssize_t n = read(tail->fd, rc_buf_reserve(&tail->kept, PART), PART);

		if (n > 0) {
			tail->kept.length += (size_t)n;
		} else if (n == 0) {
			close(tail->fd);
			tail->fd = -1;
		} else if (errno != EINTR) {
			return;
		}
		if (tail->kept.length > 2 * KEPT) {
			size_t more = tail->kept.length - KEPT;

			memmove(tail->kept.bytes, tail->kept.bytes + more, KEPT);
			tail->kept.length = KEPT;
			tail->dropped += more;
		}
	}
}

void
rc_tail_show(const struct rc_tail *tail)
{
	size_t more = tail->kept.length > KEPT ? tail->kept.length - KEPT : 0;
	struct rc_buf masked = {0};

	if (tail->dropped + more > 0)
		rc_warn("the first %llu bytes of the output were not kept", tail->dropped + more);
	rc_mask_write(&masked, tail->kept.bytes + more, tail->kept.length - more);
	for (size_t done = 0; done < masked.length;) {
		ssize_t n = write(STDERR_FILENO, masked.bytes + done, masked.length - done);

		if (n < 0 && errno != EINTR)
			break;	/* no one is left to be told */
		done += n > 0 ? (size_t)n : 0;
	}
	rc_buf_free(&masked);
}

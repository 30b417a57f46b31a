#define _GNU_SOURCE	/* memfd_create(2) */
#include "rc_sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rc_err.h"

int
rc_sealed(const char *name, const char *bytes, size_t length)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		rc_die(RC_RETRY, "no memory to hand over the arguments: %s", strerror(errno));
	for (size_t done = 0; done < length;) {
		ssize_t n = write(fd, bytes + done, length - done);

		if (n < 0)
			rc_die(RC_RETRY, "no memory to hand over the arguments: %s", strerror(errno));
		done += (size_t)n;
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

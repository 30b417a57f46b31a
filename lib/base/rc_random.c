#include "rc_random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "rc_err.h"

void
rc_random_bytes(void *bytes, size_t length)
{
	unsigned char *place = bytes;

	while (length > 0) {
		ssize_t n = getrandom(place, length, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc_die(RC_RETRY, "no random bytes from the kernel: %s", strerror(errno));
		place += n;
		length -= (size_t)n;
	}
}

uint64_t
rc_random(void)
{
	uint64_t number;

	rc_random_bytes(&number, sizeof number);
	return number;
}

long long
rc_random_pause(long long whole)
{
	return whole / 2 + (long long)(rc_random() % (uint64_t)(whole / 2 + 1));
}

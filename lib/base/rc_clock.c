#include "rc_clock.h"

#include <stdio.h>
#include <time.h>

long long
rc_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
rc_clock_text(char *text)
{
	struct timespec now;
	struct tm utc;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(text, RC_CLOCK_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, RC_CLOCK_SIZE - length, ".%06ldZ", now.tv_nsec / 1000);
}

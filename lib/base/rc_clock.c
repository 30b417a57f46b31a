#include "rc_clock.h"

#include <stdio.h>
#include <time.h>

static long long
ask_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long long
rc_clock_ms(void)
{
	return ask_ms(CLOCK_MONOTONIC);
}

long long
rc_clock_coarse_ms(void)
{
	return ask_ms(CLOCK_MONOTONIC_COARSE);
}

void
rc_clock_sleep(long long milliseconds)
{
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };

	if (milliseconds > 0)
		nanosleep(&time, NULL);
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

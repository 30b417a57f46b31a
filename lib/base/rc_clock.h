/*
 * rc_clock - the time
 */
#ifndef RC_CLOCK_H
#define RC_CLOCK_H

/* Milliseconds of a clock that only goes forward; for durations. */
long long rc_clock_ms(void);

/* The same, a few ms behind at most, for who asks for it a million times a second. */
long long rc_clock_coarse_ms(void);

/* Waits so many milliseconds, or until a signal comes; not at all where that is 0 or less. */
void rc_clock_sleep(long long milliseconds);

/* The time of day as RFC 3339 in UTC with microseconds, into a buffer of RC_CLOCK_SIZE. */
enum { RC_CLOCK_SIZE = 32 };
void rc_clock_text(char *text);

#endif

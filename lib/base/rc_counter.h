/*
 * rc_counter - how far a long run is, told on standard error
 *
 * On a terminal one line is written over again and again; a message of rc_err
 * takes it off first.  Elsewhere each count stands on a line of its own.  A
 * struct of zeros tells nothing and costs nothing.
 */
#ifndef RC_COUNTER_H
#define RC_COUNTER_H

#include <stdbool.h>

struct rc_counter {
	const char *label;		/* what is counted */
	unsigned long long total;	/* that many are expected; 0: no one knows */
	long interval;			/* ms from one count to the next; 0: none is told */
	bool in_place;			/* in one line of a terminal */
	bool last_count;		/* the last count is told, however short the run was */
	bool told;			/* there was one */
	long long start, next;
};

/* Whether counts may be shown while records go to FD: not on a terminal that shows those, and not beside the next stage's of a pipe. */
bool rc_counter_fits(int fd);

/* Begins to count.  Where standard error is a terminal, the counts come twice a second, else not until the caller sets an interval. */
void rc_counter_start(struct rc_counter *counter, const char *label);

/* Tells so many and so many bytes, if it is time. */
void rc_counter_look(struct rc_counter *counter, unsigned long long count, unsigned long long bytes);

static inline void
rc_counter_at(struct rc_counter *counter, unsigned long long count, unsigned long long bytes)
{
	if (counter->interval > 0)
		rc_counter_look(counter, count, bytes);
}

/* The run is over: tells the last count where it is asked for or, on lines of their own, others were; else takes the line off. */
void rc_counter_end(struct rc_counter *counter, unsigned long long count, unsigned long long bytes);

#endif

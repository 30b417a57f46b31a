/*
 * rc_metrics - the state of a job for Prometheus (node_exporter's textfile)
 *
 * One file DIR/rc_NAME.prom for each name, always whole.
 */
#ifndef RC_METRICS_H
#define RC_METRICS_H

#include <stdbool.h>

struct rc_metrics {
	const char *folder, *name;
	long long start;	/* of the last run, in seconds of the epoch */
	long long success;	/* when the last one that succeeded ended; 0: taken from the file that is there */
	bool running;
	int exit;		/* of the last one that ended; less than 0 while none has: taken from the file */
	double duration;	/* seconds; the same */
	const char *records;	/* the lines of rc_run_records, each ended by a newline; NULL: taken from the file */
};

/* Writes the file; what fails is a warning. */
void rc_metrics_write(const struct rc_metrics *metrics);

#endif

/*
 * rc_line_sum - a sum over lines that tells whether the same ones came again, in whatever order
 *
 * Each line's hash has a seed of this process, so that no one can choose lines
 * whose sum is that of others.
 */
#ifndef RC_LINE_SUM_H
#define RC_LINE_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc_digest.h"

struct rc_line_sum {
	struct rc_digest watch;	/* for rc_output_watch() */
	unsigned long long lines;

	uint64_t hash;		/* of the line that is not at its end; from here on not for the caller */
	uint64_t sum, mixed;
};

void rc_line_sum_begin(struct rc_line_sum *sum);

/* Adds bytes, in whatever pieces they come; a newline ends a line. */
void rc_line_sum_add(struct rc_line_sum *sum, const char *bytes, size_t length);

/* Whether both had the same lines, each as many times. */
bool rc_line_sum_is_same(const struct rc_line_sum *a, const struct rc_line_sum *b);

#endif

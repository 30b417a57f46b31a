/*
 * rc_sum - a sum over bytes, in whatever pieces they come, that tells whether they came again
 *
 * No one gains by making two streams alike, so it is fast and no digest.
 */
#ifndef RC_SUM_H
#define RC_SUM_H

#include <stddef.h>
#include <stdint.h>

enum { RC_SUM_LANES = 4 };

/* {0} is that of no bytes. */
struct rc_sum {
	uint64_t lanes[RC_SUM_LANES];
	char rest[RC_SUM_LANES * 8];	/* bytes that do not fill all lanes yet */
	uint64_t length;
};

void rc_sum_add(struct rc_sum *sum, const char *bytes, size_t length);

/* The sum of all bytes so far. */
uint64_t rc_sum_value(const struct rc_sum *sum);

#endif

/*
 * rc_random - random numbers that no one can foresee, the kernel's (getrandom(2))
 */
#ifndef RC_RANDOM_H
#define RC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills BYTES with LENGTH random ones. */
void rc_random_bytes(void *bytes, size_t length);

/* Any number of 64 bits, each as likely as the others. */
uint64_t rc_random(void);

/* For a pause of about so long, that not all who failed together come again together: from the half of it to all of it. */
long long rc_random_pause(long long whole);

#endif

#include "rc_line_sum.h"

#include "rc_random.h"

static uint64_t
seed(void)
{
	static uint64_t seed;

	while (seed == 0)
		seed = rc_random();
	return seed;
}

/* A bijection that leaves no trace of the sums of its arguments (the finalizer of MurmurHash3). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

static void
watch(struct rc_digest *digest, const char *bytes, size_t length)
{
	rc_line_sum_add((struct rc_line_sum *)digest, bytes, length);
}

static void
leave(struct rc_digest *digest)
{
	(void)digest;
}

void
rc_line_sum_begin(struct rc_line_sum *sum)
{
	*sum = (struct rc_line_sum){ .watch = { .add = watch, .free = leave }, .hash = seed() };
}

void
rc_line_sum_add(struct rc_line_sum *sum, const char *bytes, size_t length)
{
	uint64_t hash = sum->hash;

	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)bytes[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
		if (bytes[i] == '\n') {
			sum->sum += hash;
			sum->mixed += mix(hash);
			sum->lines++;
			hash = seed();
		}
	}
	sum->hash = hash;
}

bool
rc_line_sum_is_same(const struct rc_line_sum *a, const struct rc_line_sum *b)
{
	return a->lines == b->lines && a->sum == b->sum && a->mixed == b->mixed;
}

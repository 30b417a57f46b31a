#include "rc_line_sum.h"

#include <string.h>

#include "rc_str.h"

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
	*sum = (struct rc_line_sum){ .watch = { .add = watch, .free = leave }, .hash = rc_str_hash_begin() };
}

void
rc_line_sum_add(struct rc_line_sum *sum, const char *bytes, size_t length)
{
	const char *end;

	for (; (end = memchr(bytes, '\n', length)) != NULL; bytes = end + 1) {
		sum->hash = rc_str_hash_add(sum->hash, bytes, (size_t)(end - bytes));
		sum->sum += sum->hash;
		sum->mixed += mix(sum->hash);
		sum->lines++;
		sum->hash = rc_str_hash_begin();
		length -= (size_t)(end + 1 - bytes);
	}
	sum->hash = rc_str_hash_add(sum->hash, bytes, length);
}

bool
rc_line_sum_is_same(const struct rc_line_sum *a, const struct rc_line_sum *b)
{
	return a->lines == b->lines && a->sum == b->sum && a->mixed == b->mixed;
}

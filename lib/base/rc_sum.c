#include "rc_sum.h"

#include <string.h>

enum { BLOCK = RC_SUM_LANES * 8 };

/* A multiplication carries upwards only, so the upper half is brought down after it. */
static inline uint64_t
mix(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * 0x9e3779b97f4a7c15;
	return lane << 31 | lane >> 33;
}

/* The lanes do not wait for one another. */
static void
add_blocks(uint64_t lanes[RC_SUM_LANES], const char *bytes, size_t blocks)
{
	uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3], words[RC_SUM_LANES];

	for (; blocks > 0; blocks--, bytes += BLOCK) {
		memcpy(words, bytes, sizeof words);
		a = mix(a, words[0]);
		b = mix(b, words[1]);
		c = mix(c, words[2]);
		d = mix(d, words[3]);
	}
	lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
}

void
rc_sum_add(struct rc_sum *sum, const char *bytes, size_t length)
{
	size_t held = sum->length % BLOCK;

	sum->length += length;
	if (held > 0) {
		size_t more = length < BLOCK - held ? length : BLOCK - held;

		memcpy(sum->rest + held, bytes, more);
		if (held + more < BLOCK)
			return;
		add_blocks(sum->lanes, sum->rest, 1);
		bytes += more;
		length -= more;
	}
	add_blocks(sum->lanes, bytes, length / BLOCK);
	if (length % BLOCK > 0)
		memcpy(sum->rest, bytes + length - length % BLOCK, length % BLOCK);
}

uint64_t
rc_sum_value(const struct rc_sum *sum)
{
	uint64_t lanes[RC_SUM_LANES], value = sum->length;
	char rest[BLOCK] = {0};

	memcpy(lanes, sum->lanes, sizeof lanes);
	memcpy(rest, sum->rest, sum->length % BLOCK);
	add_blocks(lanes, rest, 1);
	for (int i = 0; i < RC_SUM_LANES; i++)
		value = mix(value, lanes[i]);
	return value;
}

#include "rc_seen.h"

#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_str.h"

/* Where HASH is, or the free place for it; there is always one. */
static uint64_t *
place(const struct rc_seen *seen, uint64_t hash)
{
	size_t at = hash % seen->room;

	while (seen->hashes[at] != 0 && seen->hashes[at] != hash)
		at = (at + 1) % seen->room;
	return &seen->hashes[at];
}

static void
grow(struct rc_seen *seen)
{
	struct rc_seen larger = { .count = seen->count, .room = seen->room == 0 ? 64 : rc_size_mul(seen->room, 2) };

	larger.hashes = rc_alloc(rc_size_mul(larger.room, sizeof *larger.hashes));
	memset(larger.hashes, 0, larger.room * sizeof *larger.hashes);
	for (size_t i = 0; i < seen->room; i++)
		if (seen->hashes[i] != 0)
			*place(&larger, seen->hashes[i]) = seen->hashes[i];
	free(seen->hashes);
	*seen = larger;
}

bool
rc_seen_before(struct rc_seen *seen, const char *text)
{
	uint64_t hash = rc_str_hash(text, strlen(text)) | 1, *found;

	if (seen->count * 2 >= seen->room)
		grow(seen);
	found = place(seen, hash);
	if (*found == hash)
		return true;
	*found = hash;
	seen->count++;
	return false;
}

void
rc_seen_free(struct rc_seen *seen)
{
	free(seen->hashes);
	*seen = (struct rc_seen){0};
}

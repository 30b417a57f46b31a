#include "rc_mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"

enum { ARENA_FIRST_BLOCK = 4096 };

struct rc_arena_block {
	struct rc_arena_block *next;	/* smaller and older */
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

void *
rc_alloc(size_t size)
{
	return rc_realloc(NULL, size);
}

void *
rc_realloc(void *old, size_t size)
{
	void *fresh = realloc(old, size > 0 ? size : 1);

	if (fresh == NULL)
		rc_die(RC_RETRY, "out of memory (%zu bytes wanted)", size);
	return fresh;
}

char *
rc_strndup(const char *bytes, size_t length)
{
	char *copy = rc_alloc(rc_size_add(length, 1));

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

size_t
rc_size_add(size_t a, size_t b)
{
	if (a > SIZE_MAX - b)
		rc_die(RC_FATAL, "a size is beyond what memory can hold");
	return a + b;
}

size_t
rc_size_mul(size_t a, size_t b)
{
	if (b != 0 && a > SIZE_MAX / b)
		rc_die(RC_FATAL, "a size is beyond what memory can hold");
	return a * b;
}

void
rc_wipe(void *bytes, size_t length)
{
	explicit_bzero(bytes, length);
}

void *
rc_arena_alloc(struct rc_arena *arena, size_t size)
{
	size_t align = alignof(max_align_t);
	struct rc_arena_block *block = arena->block;
	void *place;

	size = rc_size_add(size, align - 1) / align * align;
	if (block == NULL || block->size - block->used < size) {
		size_t room = block == NULL ? ARENA_FIRST_BLOCK : rc_size_mul(block->size, 2);

		if (room < size)
			room = size;
		block = rc_alloc(rc_size_add(sizeof *block, room));
		*block = (struct rc_arena_block){ .next = arena->block, .size = room };
		arena->block = block;
	}
	place = block->bytes + block->used;
	block->used += size;
	return place;
}

static void
free_blocks(struct rc_arena_block *block)
{
	while (block != NULL) {
		struct rc_arena_block *next = block->next;

		rc_wipe(block->bytes, block->used);	/* it may have held a secret */
		free(block);
		block = next;
	}
}

char *
rc_arena_copy(struct rc_arena *arena, const char *bytes, size_t length)
{
	char *copy = rc_arena_alloc(arena, rc_size_add(length, 1));

	if (length > 0)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

void
rc_arena_reset(struct rc_arena *arena)
{
	if (arena->block == NULL)
		return;
	free_blocks(arena->block->next);
	arena->block->next = NULL;
	arena->block->used = 0;
}

void
rc_arena_free(struct rc_arena *arena)
{
	free_blocks(arena->block);
	arena->block = NULL;
}

void
rc_arena_wipe(struct rc_arena *arena)
{
	for (struct rc_arena_block *block = arena->block; block != NULL; block = block->next)
		rc_wipe(block->bytes, block->size);
	rc_arena_free(arena);
}

/*
 * rc_mem - memory: allocation that cannot fail, checked sizes, arenas, wiping
 *
 * Nothing here returns NULL: out of memory ends the process with RC_RETRY, a
 * size that overflows with RC_FATAL.
 */
#ifndef RC_MEM_H
#define RC_MEM_H

#include <stddef.h>

/* Like malloc, realloc, and strndup; the caller frees. */
void *rc_alloc(size_t size);
void *rc_realloc(void *old, size_t size);
char *rc_strndup(const char *bytes, size_t length);

/* A + B and A * B, or the end of the process where they overflow. */
size_t rc_size_add(size_t a, size_t b);
size_t rc_size_mul(size_t a, size_t b);

/* Clears memory in a way that the compiler may not leave out. */
void rc_wipe(void *bytes, size_t length);

/*
 * An arena hands out memory that lives until the next rc_arena_reset().
 * {0} is an empty one.  A reset keeps the largest block for reuse.
 */
struct rc_arena {
	struct rc_arena_block *block;
};

void *rc_arena_alloc(struct rc_arena *arena, size_t size);
char *rc_arena_copy(struct rc_arena *arena, const char *bytes, size_t length);	/* ended by a NUL */
void rc_arena_reset(struct rc_arena *arena);
void rc_arena_free(struct rc_arena *arena);
void rc_arena_wipe(struct rc_arena *arena);	/* clears what secrets may be in it, and frees */

#endif

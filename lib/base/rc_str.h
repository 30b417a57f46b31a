/*
 * rc_str - growing buffers, numbers and durations from text
 */
#ifndef RC_STR_H
#define RC_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc_err.h"

/* Bytes that grow; {0} is an empty one.  Owned by whoever declares it, freed with rc_buf_free(). */
struct rc_buf {
	char *bytes;
	size_t length, room;
};

/* Makes room for MORE bytes after the end, and returns that place. */
char *rc_buf_grow(struct rc_buf *buf, size_t more);

static inline char *
rc_buf_reserve(struct rc_buf *buf, size_t more)
{
	return buf->bytes != NULL && more <= buf->room - buf->length ? buf->bytes + buf->length : rc_buf_grow(buf, more);
}
void rc_buf_add(struct rc_buf *buf, const char *bytes, size_t length);
void rc_buf_add_text(struct rc_buf *buf, const char *text);
void rc_buf_printf(struct rc_buf *buf, const char *format, ...) RC_PRINTF(2, 3);

/* Adds TEXT as a terminal may be shown it (rc_utf8_visible()). */
void rc_buf_add_visible(struct rc_buf *buf, const char *text, size_t length);

/* Ends the buffer with a NUL that does not count, and returns its bytes. */
char *rc_buf_text(struct rc_buf *buf);
void rc_buf_free(struct rc_buf *buf);

/*
 * The same for what held a secret: clears it first.  A buffer that grows leaves
 * copies behind that nothing clears, unless it had at least RC_WIPED_ROOM from
 * the start: then realloc(3) moves whole pages.
 */
enum { RC_WIPED_ROOM = 256 * 1024 };
void rc_buf_wipe(struct rc_buf *buf);

/* Whether TEXT begins with WITH. */
bool rc_str_begins(const char *text, const char *with);

/* Adds TEXT as it stands in a URI's path (RFC 3986): every byte but A-Z a-z 0-9 - . _ ~ and / as %XX. */
void rc_buf_add_encoded(struct rc_buf *buf, const char *text);

/* A hash with a seed of this process, so that no one can choose texts that all get the same. */
uint64_t rc_str_hash(const char *text, size_t length);

/* The same over a text that comes in pieces, but that its halves are not folded at the end. */
uint64_t rc_str_hash_begin(void);
uint64_t rc_str_hash_add(uint64_t hash, const char *text, size_t length);

/* Reads a whole decimal number from MIN to MAX; false if TEXT is anything else. */
bool rc_parse_long(const char *text, long min, long max, long *result);

/* Reads a duration (2, 500ms, 2s, 1.5s, 5m, 1h; without a unit it is seconds) into milliseconds; false if TEXT is none. */
bool rc_parse_duration(const char *text, long *milliseconds);

/* Reads a size (512B, 64MB, 1.5GB; kB, MB, GB and TB are powers of 1000, and a unit is needed) into bytes; false if TEXT is none. */
bool rc_parse_size(const char *text, unsigned long long *bytes);

/* Bytes as a person reads them: 999 B, 1.0 kB, 17.3 MB. */
enum { RC_SIZE_TEXT = 32 };
void rc_size_text(char text[RC_SIZE_TEXT], unsigned long long bytes);

#endif

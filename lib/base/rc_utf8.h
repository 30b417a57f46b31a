/*
 * rc_utf8 - UTF-8, and text that a terminal can be shown
 *
 * Needs no memory and can't fail, so that messages can be made of it.
 */
#ifndef RC_UTF8_H
#define RC_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the UTF-8 sequence at P: 1 to 4, or 0 if the bytes before END
 * are not one (RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF).
 */
size_t rc_utf8_sequence(const char *p, const char *end);

/*
 * Writes LENGTH bytes of TEXT so that a terminal shows them and obeys none:
 * control characters (C0, DEL, C1) as JSON escapes, what is not UTF-8 as
 * U+FFFD.  What does not fit into SIZE bytes with the NUL is left out.
 * Returns the length.  RC_UTF8_VISIBLE_MAX times LENGTH and one always suffice.
 */
enum { RC_UTF8_VISIBLE_MAX = 6 };
size_t rc_utf8_visible(const char *text, size_t length, char *out, size_t size);

/* Whether all LENGTH bytes are UTF-8. */
bool rc_utf8_valid(const char *bytes, size_t length);

/* The same, much faster, where RC_UTF8_PAD bytes of any value can be read behind them. */
enum { RC_UTF8_PAD = 32 };
bool rc_utf8_valid_padded(const char *bytes, size_t length);

#endif

/*
 * rc_key - random keys as text
 *
 * The randomness is getrandom(2)'s.  Of a key of so many characters each one
 * is uniform over the alphabet: a byte that would favour some is drawn again.
 */
#ifndef RC_KEY_H
#define RC_KEY_H

#include <stddef.h>

enum rc_key_format {
	RC_KEY_URLSAFE,	/* A-Z a-z 0-9 - _, RFC 4648's base64url */
	RC_KEY_HEX,	/* 0-9 a-f */
	RC_KEY_ALNUM,	/* A-Z a-z 0-9 */
	RC_KEY_BASE32,	/* a-z 2-7, RFC 4648's base32 in lower case */
};

enum {
	RC_KEY_MAX = 4096,		/* characters, and random bytes */
	RC_KEY_ROOM = 2 * RC_KEY_MAX + 1,	/* for any key and its NUL */
};

/* Writes a key of LENGTH characters and a NUL into KEY, which has room for them. */
void rc_key_characters(char *key, enum rc_key_format format, size_t length);

/*
 * Writes LENGTH random bytes as text and a NUL into KEY: in base64url without
 * padding (four characters for three bytes, the last group cut short) or hex
 * (two for one).  The other formats have no such form.
 */
void rc_key_bytes(char *key, enum rc_key_format format, size_t length);

#endif

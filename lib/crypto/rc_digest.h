/*
 * rc_digest - SHA-256 over the lines of a stream
 *
 * In a file of its own, so that a filter that checks no digest does not load
 * libcrypto.  rc_digest_new() once is what makes rc_input and rc_output keep one.
 */
#ifndef RC_DIGEST_H
#define RC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { RC_DIGEST_HEX = 64 };

struct rc_digest {
	void (*add)(struct rc_digest *digest, const char *bytes, size_t length);
	/* Writes the digest of all that was added as lower-case hex and a NUL, and begins anew. */
	void (*finish)(struct rc_digest *digest, char *hex);
	void (*free)(struct rc_digest *digest);
};

struct rc_digest *rc_digest_new(void);

/* Whether TEXT has the form that finish() gives. */
bool rc_digest_is_hex(const char *text);

#endif

/*
 * rc_hmac - HMAC-SHA256 (RFC 2104, FIPS 180-4) by OpenSSL
 *
 * A key is made ready once; each thread takes a stream from it for each text.
 * All functions end the process where OpenSSL fails, which it does for want of
 * memory only.
 */
#ifndef RC_HMAC_H
#define RC_HMAC_H

#include <stdbool.h>
#include <stddef.h>

enum { RC_HMAC_SIZE = 32 };	/* bytes of a signature */

struct rc_hmac_key;
struct rc_hmac;

/* Makes a key ready; the caller wipes BYTES.  Keys of any length but 0 will do. */
struct rc_hmac_key *rc_hmac_key_new(const char *bytes, size_t length);
void rc_hmac_key_free(struct rc_hmac_key *key);

/* Begins a text, adds to it, and ends it: SIGNATURE gets RC_HMAC_SIZE bytes, and the stream is freed. */
struct rc_hmac *rc_hmac_begin(const struct rc_hmac_key *key);
void rc_hmac_add(struct rc_hmac *hmac, const void *bytes, size_t length);
void rc_hmac_end(struct rc_hmac *hmac, unsigned char *signature);

/* Whether two signatures are the same, in a time that does not tell how much of them is. */
bool rc_hmac_equal(const unsigned char *a, const unsigned char *b);

#endif

/*
 * rc_dsse - signed envelopes (DSSE v1) by Ed25519
 *
 * An envelope is {"payloadType","payload":BASE64,"signatures":[{"keyid","sig":BASE64}]};
 * what is signed is "DSSEv1", and type and payload each behind its length.  The
 * key id is the SHA-256 of the public key in the DER form of SubjectPublicKeyInfo.
 */
#ifndef RC_DSSE_H
#define RC_DSSE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

struct rc_dsse_key;

/* Reads a private or a public key in PEM form; ends the process where there is no Ed25519 key of that kind in the file. */
struct rc_dsse_key *rc_dsse_read_private(const char *path);
struct rc_dsse_key *rc_dsse_read_public(const char *path);
void rc_dsse_free(struct rc_dsse_key *key);

/* The key's id: hexadecimal digits. */
const char *rc_dsse_key_id(const struct rc_dsse_key *key);

/* Adds the signature as base64. */
void rc_dsse_sign(const struct rc_dsse_key *key, const char *type, const char *payload, size_t length, struct rc_buf *base64);

/* Whether BASE64 is the key's signature. */
bool rc_dsse_verify(const struct rc_dsse_key *key, const char *type, const char *payload, size_t length, const char *base64);

#endif

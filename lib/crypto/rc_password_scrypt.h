/*
 * rc_password_scrypt - scrypt (RFC 7914), by OpenSSL
 *
 * `scrypt$N$SALT$R$P$KEY`, the key in base64 with its padding; the policy's
 * iterations are N, a power of two.  Where it fails, the reason is in OpenSSL's
 * queue of errors.
 */
#ifndef RC_PASSWORD_SCRYPT_H
#define RC_PASSWORD_SCRYPT_H

#include "rc_password_scheme.h"

extern const struct rc_password_scheme rc_password_scrypt;

#endif

/*
 * rc_password_pbkdf2 - PBKDF2 with SHA-256, by OpenSSL
 *
 * `pbkdf2_sha256$ITERATIONS$SALT$KEY`, the key in base64 with its padding.  Where
 * it fails, the reason is in OpenSSL's queue of errors.
 */
#ifndef RC_PASSWORD_PBKDF2_H
#define RC_PASSWORD_PBKDF2_H

#include "rc_password_scheme.h"

extern const struct rc_password_scheme rc_password_pbkdf2;

#endif

/*
 * rc_password_argon2 - argon2id (RFC 9106), by libargon2
 *
 * `argon2$argon2id$v=19$m=...,t=...,p=...$SALT$KEY`: the word argon2, and then
 * the PHC string format, salt and key in base64 without padding.  The policy's
 * iterations are t.  Without <argon2.h> at build time the scheme can neither make
 * nor check.
 */
#ifndef RC_PASSWORD_ARGON2_H
#define RC_PASSWORD_ARGON2_H

#include "rc_password_scheme.h"

extern const struct rc_password_scheme rc_password_argon2;

/* Why libargon2 failed last in this thread, static text, which is then forgotten; NULL: it did not. */
const char *rc_password_argon2_reason(void);

#endif

/*
 * rc_mask - texts without the secrets that are known
 *
 * Known are the values of variables whose name ends in PASSWORD, PASSWD, TOKEN,
 * SECRET or KEY, what the files named by such a name and _FILE hold, the password in a URL, also as
 * it is decoded, and the argument of an option whose name ends so; and what stands behind such a name
 * and an equals sign anywhere in a variable or an argument, as in a connection string.
 * Each becomes ***.  A value of less than four characters is no secret that could be told from other text.
 */
#ifndef RC_MASK_H
#define RC_MASK_H

#include <stddef.h>

#include "rc_str.h"

/* Learns the secrets of the environment and of the arguments, which end by NULL. */
void rc_mask_learn(char *const arguments[]);

/* One more secret; copied. */
void rc_mask_add(const char *secret, size_t length);

/*
 * Adds an argument like rc_mask_write(), and masked as a whole, however short,
 * where it is the value of an option whose name says that it is a secret;
 * BEFORE is the argument before it, or NULL.
 */
void rc_mask_write_argument(struct rc_buf *out, const char *before, const char *argument);

/* Adds BYTES with each known secret, and the user part of each URL, masked. */
void rc_mask_write(struct rc_buf *out, const char *bytes, size_t length);

#endif

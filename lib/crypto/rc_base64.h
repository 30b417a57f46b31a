/*
 * rc_base64 - bytes as text (RFC 4648, section 4, with padding)
 */
#ifndef RC_BASE64_H
#define RC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

/* Adds bytes as base64. */
void rc_base64_write(const char *bytes, size_t length, struct rc_buf *base64);

/* Adds the bytes of such a text, of 256 MiB at most; false where it is none. */
bool rc_base64_read(const char *base64, size_t length, struct rc_buf *bytes);

#endif

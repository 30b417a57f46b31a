/*
 * rc_sealed - bytes for another process that stand in no file and no argument
 */
#ifndef RC_SEALED_H
#define RC_SEALED_H

#include <stddef.h>

/* Returns a descriptor that reads the bytes from the start and that no one can write to; it is closed by exec(3). */
int rc_sealed(const char *name, const char *bytes, size_t length);

#endif

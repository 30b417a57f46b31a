/*
 * rc_nul - U+0000 in JSON, which no text and no jsonb of PostgreSQL can hold
 */
#ifndef RC_NUL_H
#define RC_NUL_H

#include <stdbool.h>
#include <stddef.h>

/* Puts \ufffd in place of each \u0000 in JSON, which is a value that was checked and keeps its length; whether there was one. */
bool rc_nul_replace(char *json, size_t length);

#endif

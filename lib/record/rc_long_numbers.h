/*
 * rc_long_numbers - numbers that a program with floating-point numbers would round
 */
#ifndef RC_LONG_NUMBERS_H
#define RC_LONG_NUMBERS_H

#include <stddef.h>

#include "rc_str.h"

/* Adds JSON, which was checked, with each number of more than 15 characters as a string. */
void rc_long_numbers_quote(struct rc_buf *out, const char *json, size_t length);

#endif

/*
 * rc_row_number - numbers of JSON as PostgreSQL's binary values
 *
 * TEXT is what stands in a record: digits, perhaps a sign, a point, an
 * exponent, in the form of RFC 8259.  No number passes through a double unless
 * it is to become one, and that one is rounded exactly.  The binary forms are
 * those of src/backend/utils/adt (int8send, float8send, numeric_send).
 */
#ifndef RC_ROW_NUMBER_H
#define RC_ROW_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc_str.h"

enum rc_number {
	RC_NUMBER_OK,
	RC_NUMBER_NONE,		/* it is no number of that kind */
	RC_NUMBER_LARGE,	/* it is beyond what the type holds */
	RC_NUMBER_PRECISE,	/* it has more decimals than the type keeps */
};

/* Whether TEXT is a number as JSON writes it. */
bool rc_number_is_json(const char *text, size_t length);

/* A whole number from MIN to MAX. */
enum rc_number rc_number_integer(const char *text, size_t length, int64_t min, int64_t max, int64_t *result);

/* The double or float nearest to a number (ties to even); one that is too large, or so small that it would be 0, is RC_NUMBER_LARGE. */
enum rc_number rc_number_double(const char *text, size_t length, double *result);
enum rc_number rc_number_float(const char *text, size_t length, float *result);

/*
 * Adds the binary form of a numeric to OUT.  TYPMOD is the column's (-1: none):
 * digits that it would round away, or has no room for, are refused.
 */
enum rc_number rc_number_numeric(const char *text, size_t length, int typmod, struct rc_buf *out);

#endif

/*
 * rc_decimal - numbers as decimal text, fast
 *
 * Each function writes at AT, ends nothing with a NUL, and returns the place
 * behind what it wrote.
 */
#ifndef RC_DECIMAL_H
#define RC_DECIMAL_H

#include <stdint.h>

enum {
	RC_DECIMAL_MAX = 32,	/* bytes that one of these numbers takes at most */
};

char *rc_decimal_put(char *at, uint64_t value);
char *rc_decimal_put_signed(char *at, int64_t value);

/* With leading zeros: exactly two digits (VALUE is less than 100), or exactly four (less than 10,000). */
char *rc_decimal_put_2(char *at, unsigned value);
char *rc_decimal_put_4(char *at, unsigned value);

/*
 * The shortest text that reads back as the same number, as PostgreSQL prints
 * it since version 12 (extra_float_digits 1): of the shortest decimals strictly
 * between the number's two neighbours' halfway points the closest one; with an
 * exponent below 1e-4 and from 1e15 (a float: 1e6) on.  -0 is -0; NaN, Infinity
 * and -Infinity are those words.
 */
char *rc_decimal_put_double(char *at, double value);
char *rc_decimal_put_float(char *at, float value);

#endif

/*
 * rc_password_guesses - how good a password is, as zxcvbn tells
 *
 * Without <zxcvbn.h> at build time it can't be told.  Nothing here fails.
 */
#ifndef RC_PASSWORD_GUESSES_H
#define RC_PASSWORD_GUESSES_H

/* The package that rc_password_guesses needs and that was not there at build time, static text; else NULL. */
const char *rc_password_guesses_missing(void);

/* How many guesses zxcvbn expects an attacker to need; of the password no more than 100 characters count.  0 where it is missing. */
double rc_password_guesses(const char *password);

#endif

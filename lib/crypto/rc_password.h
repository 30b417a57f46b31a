/*
 * rc_password - password hashes in the form that Django stores
 *
 * One way in to all schemes; which there are is known to rc_password.c alone,
 * and how each writes its hashes to the scheme's own file.  A scheme whose
 * library was not there at build time is left out.
 *
 * These functions may run in several threads at once, and never end the process.
 */
#ifndef RC_PASSWORD_H
#define RC_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_password_scheme.h"

/* The scheme of that name (pbkdf2_sha256, argon2id, scrypt), a constant; NULL for another one. */
const struct rc_password_scheme *rc_password_scheme(const char *name);

/* The package that the scheme needs at build time and that was not there, static text; else NULL. */
const char *rc_password_missing(const struct rc_password_scheme *scheme);

/* How many threads of its own one hash can use: 1, or for argon2id 8. */
int rc_password_threads(const struct rc_password_scheme *scheme);

/*
 * Sets the iterations that the policy's scheme has in that version of Django (5.1,
 * 5.2, 6.0); false for another one.
 */
bool rc_password_django(const char *version, struct rc_password_policy *policy);

/* Whether the number of iterations is one for the policy's scheme. */
bool rc_password_iterations_fit(const struct rc_password_policy *policy);

/* Writes the hash and a NUL into HASH, of RC_PASSWORD_HASH_SIZE.  False where the library failed. */
bool rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash);

/* Writes into TEXT which library failed last in this thread, and why; this is then forgotten. */
void rc_password_reason(char *text, size_t size);

/* Whether HASH is the password's, in a time that does not tell how much of it fits. */
enum rc_password_answer rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash);

#endif

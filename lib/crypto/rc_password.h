/*
 * rc_password - password hashes in the form that Django stores
 *
 * `pbkdf2_sha256$ITERATIONS$SALT$HASH`, `argon2$argon2id$v=19$m=...,t=...,p=...$SALT$HASH`
 * and `scrypt$N$SALT$R$P$HASH`.  The cryptography is OpenSSL's, that of argon2id
 * libargon2's, and the strength of a password is told by zxcvbn; these two are
 * left out where their headers are missing at build time.  Each form is one row
 * of a table in rc_password.c; who makes and checks hashes does not know which
 * forms there are.
 *
 * These functions may run in several threads at once, and never end the process.
 */
#ifndef RC_PASSWORD_H
#define RC_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	RC_PASSWORD_SALT = 22,		/* characters of RC_KEY_ALNUM: 131 bits */
	RC_PASSWORD_HASH_SIZE = 192,	/* of a buffer for a new hash */
	RC_PASSWORD_ITERATIONS_MAX = 100000000,
};

/* How new hashes are made, and what a checked one is compared with. */
struct rc_password_policy {
	const struct rc_password_scheme *scheme;	/* NULL is pbkdf2_sha256 */
	long iterations;	/* of argon2id the passes, of scrypt the N */
	int threads;		/* for one hash, where its form can use them; 0 is one */
};

/* The form of that name (pbkdf2_sha256, argon2id, scrypt); NULL for another one. */
const struct rc_password_scheme *rc_password_scheme(const char *name);

/* The package that the form needs at build time and that was not there; else NULL. */
const char *rc_password_missing(const struct rc_password_scheme *scheme);

/* How many threads of its own one hash can use: 1, or for argon2id 8. */
int rc_password_threads(const struct rc_password_scheme *scheme);

/*
 * Sets the iterations that the policy's form has in that version of Django (5.1,
 * 5.2, 6.0); false for another one.
 */
bool rc_password_django(const char *version, struct rc_password_policy *policy);

/* Whether the number of iterations is one for the policy's form. */
bool rc_password_iterations_fit(const struct rc_password_policy *policy);

/* Writes the hash and a NUL into HASH.  False where the library failed. */
bool rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash);

/* Which library failed last in this thread, and why. */
void rc_password_reason(char *text, size_t size);

/* The package that rc_password_guesses needs and that was not there at build time; else NULL. */
const char *rc_password_guesses_missing(void);

/* How many guesses zxcvbn expects an attacker to need; of the password no more than 100 characters count. */
double rc_password_guesses(const char *password);

enum rc_password_answer {
	RC_PASSWORD_OK,
	RC_PASSWORD_BAD,
	RC_PASSWORD_NEEDS_REHASH,	/* the right password, but Django would make another hash at the next login */
	RC_PASSWORD_UNUSABLE,		/* empty, or begins with "!": no password fits */
	RC_PASSWORD_UNKNOWN,		/* a hash of another form, or of one that was left out */
	RC_PASSWORD_FAILED,		/* the library failed */
};

/* Whether HASH is the password's, in a time that does not tell how much of it fits. */
enum rc_password_answer rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash);

#endif

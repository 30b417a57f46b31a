/*
 * rc_password - password hashes in the form that Django stores
 *
 * `pbkdf2_sha256$ITERATIONS$SALT$HASH`.  The cryptography is OpenSSL's.  Each
 * form is one row of a table in rc_password.c; who makes and checks hashes
 * does not know which forms there are.
 *
 * These functions may run in several threads at once, and never end the process.
 */
#ifndef RC_PASSWORD_H
#define RC_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	RC_PASSWORD_SALT = 22,		/* characters of RC_KEY_ALNUM: 131 bits */
	RC_PASSWORD_HASH_SIZE = 128,	/* of a buffer for a new hash */
	RC_PASSWORD_ITERATIONS_MAX = 100000000,
};

/* How new hashes are made, and what a checked one is compared with. */
struct rc_password_policy {
	long iterations;
};

/* Sets what that version of Django (5.1, 5.2, 6.0) makes new hashes with; false for another one. */
bool rc_password_django(const char *version, struct rc_password_policy *policy);

/* Writes the hash and a NUL into HASH.  False where OpenSSL failed. */
bool rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash);

/* Why OpenSSL failed last in this thread. */
void rc_password_reason(char *text, size_t size);

enum rc_password_answer {
	RC_PASSWORD_OK,
	RC_PASSWORD_BAD,
	RC_PASSWORD_NEEDS_REHASH,	/* the right password, but Django would make another hash at the next login */
	RC_PASSWORD_UNUSABLE,		/* empty, or begins with "!": no password fits */
	RC_PASSWORD_UNKNOWN,		/* a hash of another form */
	RC_PASSWORD_FAILED,		/* OpenSSL failed */
};

/* Whether HASH is the password's, in a time that does not tell how much of it fits. */
enum rc_password_answer rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash);

#endif

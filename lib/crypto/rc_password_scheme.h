/*
 * rc_password_scheme - what a scheme of password hashes has to bring
 *
 * A scheme is a constant in a file of its own (rc_password_pbkdf2, _scrypt,
 * _argon2); rc_password has the list of them.  What they share is here: the
 * policy, the answers, and how the text of a hash is read.  Nothing here is
 * allocated, ends the process or keeps state, so that threads may call it at
 * once.
 */
#ifndef RC_PASSWORD_SCHEME_H
#define RC_PASSWORD_SCHEME_H

#include <stdbool.h>
#include <stddef.h>

enum {
	RC_PASSWORD_SALT = 22,		/* characters of RC_KEY_ALNUM: 22 x log2(62) is 131 bits, 21 are 125; Django wants 128 */
	RC_PASSWORD_SALT_BITS = 128,
	RC_PASSWORD_HASH_SIZE = 192,	/* of a buffer for a new hash */
	RC_PASSWORD_ITERATIONS_MAX = 100000000,
};

/* The alphabet, without the padding. */
#define RC_BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/* How new hashes are made, and what a checked one is compared with. */
struct rc_password_policy {
	const struct rc_password_scheme *scheme;	/* NULL is pbkdf2_sha256 */
	long iterations;	/* of argon2id the passes, of scrypt the N */
	int threads;		/* for one hash, where its form can use them; 0 is one */
};

enum rc_password_answer {
	RC_PASSWORD_OK,
	RC_PASSWORD_BAD,
	RC_PASSWORD_NEEDS_REHASH,	/* the right password, but Django would make another hash at the next login */
	RC_PASSWORD_UNUSABLE,		/* empty, or begins with "!": no password fits */
	RC_PASSWORD_UNKNOWN,		/* a hash of another form, or of one that was left out */
	RC_PASSWORD_FAILED,		/* the library failed */
};

/*
 * One scheme.  MAKE and CHECK do what rc_password_make() and rc_password_check()
 * promise (rc_password.h), for this scheme alone; both are NULL where the
 * package that it needs was not there at build time.
 */
struct rc_password_scheme {
	const char *name;
	const char *begins;	/* what a hash begins with, before the first '$' */
	/* Writes the hash and a NUL into HASH, of RC_PASSWORD_HASH_SIZE; false where the library failed. */
	bool (*make)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *salt, char *hash);
	/* TEXT is the hash after the word it begins with and its '$'. */
	enum rc_password_answer (*check)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *text);
	bool (*iterations_fit)(long iterations);	/* NULL: each from 1 to RC_PASSWORD_ITERATIONS_MAX does */
	long iterations;	/* as Django has them in all versions; 0: see rc_password_django */
	const char *package;	/* what is needed at build time beyond OpenSSL */
	int threads;		/* of its own that one hash can use */
};

/*
 * Takes a number from 1 to MAX and what ends it off the TEXT; false where there
 * is none, or in another spelling, with a zero first.
 */
bool rc_scheme_number(const char **text, char end, long max, long *value);

/* The characters of UTF-8 (of a salt). */
size_t rc_scheme_characters(const char *utf8, size_t length);

#endif

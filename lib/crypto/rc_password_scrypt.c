#include "rc_password_scrypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rc_mem.h"

enum {
	SCRYPT_KEY = 64,
	SCRYPT_TEXT = 88,	/* the same in base64 with padding */
	SCRYPT_BLOCK = 8, SCRYPT_PARALLEL = 5,	/* Django's since 5.1 */
	SCRYPT_N_MAX = 1 << 24, SCRYPT_BLOCK_MAX = 64, SCRYPT_PARALLEL_MAX = 64,	/* of a hash to check */
};

struct scrypt {
	long n, block, parallel;
	const char *salt, *key;
	size_t salt_length;
};

static bool
scrypt_derive(const char *password, size_t length, const struct scrypt *with, char *text)
{
	unsigned char key[SCRYPT_KEY];
	uint64_t n = (uint64_t)with->n, block = (uint64_t)with->block, parallel = (uint64_t)with->parallel;
	bool made = EVP_PBE_scrypt(password, length, (const unsigned char *)with->salt, with->salt_length, n, block, parallel,
	    128 * block * (n + parallel + 2), key, sizeof key) == 1;

	if (made)
		EVP_EncodeBlock((unsigned char *)text, key, sizeof key);
	rc_wipe(key, sizeof key);
	return made;
}

static bool
scrypt_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	struct scrypt with = { .n = policy->iterations, .block = SCRYPT_BLOCK, .parallel = SCRYPT_PARALLEL,
		.salt = salt, .salt_length = strlen(salt) };
	int head = snprintf(hash, RC_PASSWORD_HASH_SIZE - SCRYPT_TEXT, "scrypt$%ld$%s$%d$%d$",
	    policy->iterations, salt, SCRYPT_BLOCK, SCRYPT_PARALLEL);

	return scrypt_derive(password, length, &with, hash + head);
}

static bool
scrypt_n_fits(long n)
{
	return n >= 2 && n <= SCRYPT_N_MAX && (n & (n - 1)) == 0;
}

static bool
scrypt_parse(const char *text, struct scrypt *hash)
{
	if (!rc_scheme_number(&text, '$', SCRYPT_N_MAX, &hash->n) || !scrypt_n_fits(hash->n))
		return false;
	hash->salt = text;
	hash->salt_length = strcspn(text, "$");
	if (hash->salt_length == 0 || text[hash->salt_length] != '$')
		return false;
	text += hash->salt_length + 1;
	if (!rc_scheme_number(&text, '$', SCRYPT_BLOCK_MAX, &hash->block) || !rc_scheme_number(&text, '$', SCRYPT_PARALLEL_MAX, &hash->parallel))
		return false;
	hash->key = text;
	return strlen(text) == SCRYPT_TEXT && strspn(text, RC_BASE64) == SCRYPT_TEXT - 2 && strcmp(text + SCRYPT_TEXT - 2, "==") == 0;
}

static enum rc_password_answer
scrypt_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *text)
{
	struct scrypt hash;
	char key[SCRYPT_TEXT + 1];
	bool same;

	if (!scrypt_parse(text, &hash))
		return RC_PASSWORD_UNKNOWN;
	if (!scrypt_derive(password, length, &hash, key))
		return RC_PASSWORD_FAILED;
	same = CRYPTO_memcmp(key, hash.key, SCRYPT_TEXT) == 0;
	rc_wipe(key, sizeof key);
	if (!same)
		return RC_PASSWORD_BAD;
	if (hash.n != policy->iterations || hash.block != SCRYPT_BLOCK || hash.parallel != SCRYPT_PARALLEL ||
	    rc_scheme_characters(hash.salt, hash.salt_length) < RC_PASSWORD_SALT)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

const struct rc_password_scheme rc_password_scrypt = {
	.name = "scrypt",
	.begins = "scrypt",
	.make = scrypt_make,
	.check = scrypt_check,
	.iterations_fit = scrypt_n_fits,
	.iterations = 16384,
	.threads = 1,
};

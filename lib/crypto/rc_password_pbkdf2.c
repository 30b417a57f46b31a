#include "rc_password_pbkdf2.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "rc_mem.h"

enum {
	KEY_SIZE = 32,
	KEY_TEXT = 44,		/* the same in base64 with padding */
};

/* The parts of a stored hash. */
struct pbkdf2 {
	long iterations;
	const char *salt, *key;
	size_t salt_length;
};

/*
 * Derives the key and writes it in base64 and a NUL into TEXT.  Threads may do
 * this at once: OpenSSL 3.0.19 takes no lock and changes no shared counter
 * within the iterations (counted), and two on two cores take half the time.
 */
static bool
pbkdf2_derive(const char *password, size_t length, const struct pbkdf2 *with, char *text)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "PBKDF2", NULL);
	EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	unsigned char key[KEY_SIZE];
	unsigned long iterations = (unsigned long)with->iterations;
	OSSL_PARAM parameters[] = {	/* OpenSSL reads them only, but has one type for both directions */
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char []){ "SHA256" }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(size_t)password, length),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(size_t)with->salt, with->salt_length),
		OSSL_PARAM_construct_ulong(OSSL_KDF_PARAM_ITER, &iterations),
		OSSL_PARAM_construct_end(),
	};
	bool made = context != NULL && EVP_KDF_derive(context, key, sizeof key, parameters) == 1;

	if (made)
		EVP_EncodeBlock((unsigned char *)text, key, sizeof key);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	rc_wipe(key, sizeof key);
	return made;
}

static bool
pbkdf2_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	struct pbkdf2 with = { .iterations = policy->iterations, .salt = salt, .salt_length = strlen(salt) };
	int head = snprintf(hash, RC_PASSWORD_HASH_SIZE - KEY_TEXT, "pbkdf2_sha256$%ld$%s$", policy->iterations, salt);

	return pbkdf2_derive(password, length, &with, hash + head);
}

/*
 * Takes apart what stands after the name.  Django compares the whole text with
 * one that it writes anew, so a number in another spelling (0870000) fits no
 * password there; here it is another form.
 */
static bool
pbkdf2_parse(const char *text, struct pbkdf2 *hash)
{
	if (!rc_scheme_number(&text, '$', RC_PASSWORD_ITERATIONS_MAX, &hash->iterations))
		return false;
	hash->salt = text;
	hash->salt_length = strcspn(hash->salt, "$");
	if (hash->salt_length == 0 || hash->salt[hash->salt_length] != '$')
		return false;
	hash->key = hash->salt + hash->salt_length + 1;
	return strlen(hash->key) == KEY_TEXT && strspn(hash->key, RC_BASE64) == KEY_TEXT - 1 && hash->key[KEY_TEXT - 1] == '=';
}

static enum rc_password_answer
pbkdf2_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *text)
{
	struct pbkdf2 hash;
	char key[KEY_TEXT + 1];
	bool same;

	if (!pbkdf2_parse(text, &hash))
		return RC_PASSWORD_UNKNOWN;
	if (!pbkdf2_derive(password, length, &hash, key))
		return RC_PASSWORD_FAILED;
	same = CRYPTO_memcmp(key, hash.key, KEY_TEXT) == 0;
	rc_wipe(key, sizeof key);
	if (!same)
		return RC_PASSWORD_BAD;
	if (hash.iterations != policy->iterations || rc_scheme_characters(hash.salt, hash.salt_length) < RC_PASSWORD_SALT)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

const struct rc_password_scheme rc_password_pbkdf2 = {
	.name = "pbkdf2_sha256",
	.begins = "pbkdf2_sha256",
	.make = pbkdf2_make,
	.check = pbkdf2_check,
	.threads = 1,
};

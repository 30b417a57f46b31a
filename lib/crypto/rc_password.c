#include "rc_password.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_str.h"

void
rc_password_reason(char *text, size_t size)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());	/* the oldest is the cause of the others */

	snprintf(text, size, "%s", reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
}

/* ---- PBKDF2 ---- */

enum {
	KEY_SIZE = 32,
	KEY_TEXT = 44,		/* the same in base64 with padding */
	ITERATION_DIGITS = 9,	/* of RC_PASSWORD_ITERATIONS_MAX */
	SALT_LEAST = 22,	/* characters: 22 x log2(62) is 131 bits, 21 are 125; Django wants 128 */
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
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t digits = strspn(text, "0123456789");
	char number[ITERATION_DIGITS + 1] = "";

	if (digits > ITERATION_DIGITS || text[0] == '0' || text[digits] != '$')
		return false;
	memcpy(number, text, digits);
	if (!rc_parse_long(number, 1, RC_PASSWORD_ITERATIONS_MAX, &hash->iterations))
		return false;
	hash->salt = text + digits + 1;
	hash->salt_length = strcspn(hash->salt, "$");
	if (hash->salt_length == 0 || hash->salt[hash->salt_length] != '$')
		return false;
	hash->key = hash->salt + hash->salt_length + 1;
	return strlen(hash->key) == KEY_TEXT && strspn(hash->key, base64) == KEY_TEXT - 1 && hash->key[KEY_TEXT - 1] == '=';
}

static size_t
count_characters(const char *utf8, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)utf8[i] & 0xc0) != 0x80;
	return count;
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
	if (hash.iterations != policy->iterations || count_characters(hash.salt, hash.salt_length) < SALT_LEAST)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

/* ---- all forms ---- */

struct scheme {
	const char *name;	/* what a hash begins with, before the first '$' */
	bool (*make)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *salt, char *hash);
	/* TEXT is the hash after the name and its '$'. */
	enum rc_password_answer (*check)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *text);
};

/* The first is what new hashes are made with. */
static const struct scheme schemes[] = {
	{ "pbkdf2_sha256", pbkdf2_make, pbkdf2_check },
};

bool
rc_password_django(const char *version, struct rc_password_policy *policy)
{
	static const struct {
		const char *version;
		long iterations;
	} versions[] = { { "5.1", 870000 }, { "5.2", 1000000 }, { "6.0", 1200000 } };

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(version, versions[i].version) == 0) {
			policy->iterations = versions[i].iterations;
			return true;
		}
	return false;
}

bool
rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	return schemes[0].make(policy, password, length, salt, hash);
}

enum rc_password_answer
rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash)
{
	size_t name_length = strcspn(hash, "$");

	if (hash[0] == '\0' || hash[0] == '!')
		return RC_PASSWORD_UNUSABLE;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strlen(schemes[i].name) == name_length && memcmp(schemes[i].name, hash, name_length) == 0 &&
		    hash[name_length] == '$')
			return schemes[i].check(policy, password, length, hash + name_length + 1);
	return RC_PASSWORD_UNKNOWN;
}

#include "rc_password_argon2.h"

#if __has_include(<argon2.h>)
#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rc_mem.h"
#define HAS_ARGON2 1
#else
#define HAS_ARGON2 0
#endif

enum { ARGON2_LANES = 8 };

static _Thread_local const char *failure;	/* why libargon2 failed */

const char *
rc_password_argon2_reason(void)
{
	const char *reason = failure;

	failure = NULL;
	return reason;
}

#if HAS_ARGON2

enum {
	ARGON2_MEMORY = 102400,	/* KiB, as Django has it */
	ARGON2_KEY = 32,
	ARGON2_KEY_TEXT = 43,	/* the same in base64 without padding */
	ARGON2_MEMORY_MAX = 1 << 20, ARGON2_PASSES_MAX = 1000, ARGON2_LANES_MAX = 128,	/* of a hash to check */
	ARGON2_SALT_MAX = 64, ARGON2_SALT_TEXT_MAX = (ARGON2_SALT_MAX + 2) / 3 * 4,
};

struct argon2 {
	long memory, passes, lanes;
	unsigned char salt[ARGON2_SALT_MAX];
	size_t salt_length;
	const char *key;
};

/* Writes bytes in base64 without padding and a NUL into TEXT; returns its length. */
static size_t
base64_bare(char *text, const unsigned char *bytes, size_t length)
{
	size_t made = (size_t)EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);

	while (made > 0 && text[made - 1] == '=')
		made--;
	text[made] = '\0';
	return made;
}

static bool
argon2_derive(const char *password, size_t length, const struct argon2 *with, int threads, char *text)
{
	unsigned char key[ARGON2_KEY];
	char whole[(ARGON2_KEY + 2) / 3 * 4 + 1];
	uint32_t lanes = (uint32_t)with->lanes, at_once = threads < 1 ? 1 : (uint32_t)threads;
	argon2_context context = {	/* libargon2 reads password and salt only, but has one type for both directions */
		.out = key, .outlen = sizeof key,
		.pwd = (uint8_t *)(uintptr_t)password, .pwdlen = (uint32_t)length,
		.salt = (uint8_t *)(uintptr_t)with->salt, .saltlen = (uint32_t)with->salt_length,
		.t_cost = (uint32_t)with->passes, .m_cost = (uint32_t)with->memory,
		.lanes = lanes, .threads = at_once < lanes ? at_once : lanes, .version = ARGON2_VERSION_13,
	};
	int code = length > UINT32_MAX ? ARGON2_PWD_TOO_LONG : argon2_ctx(&context, Argon2_id);

	if (code == ARGON2_OK) {
		base64_bare(whole, key, sizeof key);
		memcpy(text, whole, ARGON2_KEY_TEXT + 1);
	} else
		failure = argon2_error_message(code);
	rc_wipe(key, sizeof key);
	rc_wipe(whole, sizeof whole);
	return code == ARGON2_OK;
}

static bool
argon2_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	struct argon2 with = { .memory = ARGON2_MEMORY, .passes = policy->iterations, .lanes = ARGON2_LANES, .salt_length = strlen(salt) };
	char salt_text[ARGON2_SALT_TEXT_MAX + 1];
	int head;

	memcpy(with.salt, salt, with.salt_length);
	base64_bare(salt_text, with.salt, with.salt_length);
	head = snprintf(hash, RC_PASSWORD_HASH_SIZE - ARGON2_KEY_TEXT, "argon2$argon2id$v=19$m=%d,t=%ld,p=%d$%s$",
	    ARGON2_MEMORY, policy->iterations, ARGON2_LANES, salt_text);
	return argon2_derive(password, length, &with, policy->threads, hash + head);
}

static bool
take_word(const char **text, const char *word)
{
	size_t length = strlen(word);
	bool there = strncmp(*text, word, length) == 0;

	*text += there ? length : 0;
	return there;
}

static bool
argon2_parse(const char *text, struct argon2 *hash)
{
	unsigned char block[ARGON2_SALT_TEXT_MAX + 4], bytes[ARGON2_SALT_TEXT_MAX + 4];
	size_t salt_text, padded;

	if (!take_word(&text, "argon2id$v=19$m=") || !rc_scheme_number(&text, ',', ARGON2_MEMORY_MAX, &hash->memory) ||
	    !take_word(&text, "t=") || !rc_scheme_number(&text, ',', ARGON2_PASSES_MAX, &hash->passes) ||
	    !take_word(&text, "p=") || !rc_scheme_number(&text, '$', ARGON2_LANES_MAX, &hash->lanes))
		return false;
	salt_text = strspn(text, RC_BASE64);
	if (text[salt_text] != '$' || salt_text % 4 == 1 || salt_text > ARGON2_SALT_TEXT_MAX)
		return false;
	padded = (salt_text + 3) / 4 * 4;
	memset(block, '=', sizeof block);
	memcpy(block, text, salt_text);
	if (EVP_DecodeBlock(bytes, block, (int)padded) < 0)
		return false;
	hash->salt_length = salt_text * 3 / 4;
	if (hash->salt_length < ARGON2_MIN_SALT_LENGTH || hash->salt_length > ARGON2_SALT_MAX || hash->memory < 8 * hash->lanes)
		return false;
	memcpy(hash->salt, bytes, hash->salt_length);
	hash->key = text + salt_text + 1;
	return strlen(hash->key) == ARGON2_KEY_TEXT && strspn(hash->key, RC_BASE64) == ARGON2_KEY_TEXT;
}

static enum rc_password_answer
argon2_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *text)
{
	struct argon2 hash;
	char key[ARGON2_KEY_TEXT + 1];
	bool same;

	if (!argon2_parse(text, &hash))
		return RC_PASSWORD_UNKNOWN;
	if (!argon2_derive(password, length, &hash, policy->threads, key))
		return RC_PASSWORD_FAILED;
	same = CRYPTO_memcmp(key, hash.key, ARGON2_KEY_TEXT) == 0;
	rc_wipe(key, sizeof key);
	if (!same)
		return RC_PASSWORD_BAD;
	if (hash.memory != ARGON2_MEMORY || hash.passes != policy->iterations || hash.lanes != ARGON2_LANES ||
	    hash.salt_length * 8 < RC_PASSWORD_SALT_BITS)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

#else

#define argon2_make NULL
#define argon2_check NULL

#endif

const struct rc_password_scheme rc_password_argon2 = {
	.name = "argon2id",
	.begins = "argon2",
	.make = argon2_make,
	.check = argon2_check,
	.iterations = 2,
	.package = "libargon2-dev",
	.threads = ARGON2_LANES,
};

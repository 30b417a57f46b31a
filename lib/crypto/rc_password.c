#include "rc_password.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if __has_include(<argon2.h>)
#include <argon2.h>
#define HAS_ARGON2 1
#else
#define HAS_ARGON2 0
#endif
#if __has_include(<zxcvbn.h>)
#include <zxcvbn.h>
#define HAS_ZXCVBN 1
#else
#define HAS_ZXCVBN 0
#endif

#include "rc_mem.h"
#include "rc_str.h"

static _Thread_local const char *argon2_reason;	/* why libargon2 failed; NULL: it was OpenSSL */

void
rc_password_reason(char *text, size_t size)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());	/* the oldest is the cause of the others */

	if (argon2_reason != NULL)
		snprintf(text, size, "libargon2 cannot compute a hash: %s", argon2_reason);
	else
		snprintf(text, size, "OpenSSL cannot compute a hash: %s", reason == NULL ? "no reason given" : reason);
	argon2_reason = NULL;
	ERR_clear_error();
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- PBKDF2 ---- */

enum {
	KEY_SIZE = 32,
	KEY_TEXT = 44,		/* the same in base64 with padding */
	ITERATION_DIGITS = 9,	/* of RC_PASSWORD_ITERATIONS_MAX */
	SALT_LEAST = 22,	/* characters: 22 x log2(62) is 131 bits, 21 are 125; Django wants 128 */
	SALT_BITS = 128,
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
 * Takes a number from 1 to MAX and what ends it off the TEXT; false where there
 * is none, or in another spelling, with a zero first.
 */
static bool
take_number(const char **text, char end, long max, long *value)
{
	size_t digits = strspn(*text, "0123456789");
	char number[ITERATION_DIGITS + 1] = "";

	if (digits > ITERATION_DIGITS || (*text)[0] == '0' || (*text)[digits] != end)
		return false;
	memcpy(number, *text, digits);
	*text += digits + 1;
	return rc_parse_long(number, 1, max, value);
}

/*
 * Takes apart what stands after the name.  Django compares the whole text with
 * one that it writes anew, so a number in another spelling (0870000) fits no
 * password there; here it is another form.
 */
static bool
pbkdf2_parse(const char *text, struct pbkdf2 *hash)
{
	if (!take_number(&text, '$', RC_PASSWORD_ITERATIONS_MAX, &hash->iterations))
		return false;
	hash->salt = text;
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

/* ---- scrypt ---- */

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
scrypt_parse(const char *text, struct scrypt *hash)
{
	if (!take_number(&text, '$', SCRYPT_N_MAX, &hash->n) || hash->n < 2 || (hash->n & (hash->n - 1)) != 0)
		return false;
	hash->salt = text;
	hash->salt_length = strcspn(text, "$");
	if (hash->salt_length == 0 || text[hash->salt_length] != '$')
		return false;
	text += hash->salt_length + 1;
	if (!take_number(&text, '$', SCRYPT_BLOCK_MAX, &hash->block) || !take_number(&text, '$', SCRYPT_PARALLEL_MAX, &hash->parallel))
		return false;
	hash->key = text;
	return strlen(text) == SCRYPT_TEXT && strspn(text, base64) == SCRYPT_TEXT - 2 && strcmp(text + SCRYPT_TEXT - 2, "==") == 0;
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
	    count_characters(hash.salt, hash.salt_length) < SALT_LEAST)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

/* ---- argon2id ---- */

enum { ARGON2_LANES = 8 };

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
		argon2_reason = argon2_error_message(code);
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

	if (!take_word(&text, "argon2id$v=19$m=") || !take_number(&text, ',', ARGON2_MEMORY_MAX, &hash->memory) ||
	    !take_word(&text, "t=") || !take_number(&text, ',', ARGON2_PASSES_MAX, &hash->passes) ||
	    !take_word(&text, "p=") || !take_number(&text, '$', ARGON2_LANES_MAX, &hash->lanes))
		return false;
	salt_text = strspn(text, base64);
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
	return strlen(hash->key) == ARGON2_KEY_TEXT && strspn(hash->key, base64) == ARGON2_KEY_TEXT;
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
	    hash.salt_length * 8 < SALT_BITS)
		return RC_PASSWORD_NEEDS_REHASH;
	return RC_PASSWORD_OK;
}

#else

#define argon2_make NULL
#define argon2_check NULL

#endif

/* ---- all forms ---- */

struct rc_password_scheme {
	const char *name;
	const char *begins;	/* what a hash begins with, before the first '$' */
	bool (*make)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *salt, char *hash);
	/* TEXT is the hash after the word it begins with and its '$'. */
	enum rc_password_answer (*check)(const struct rc_password_policy *policy,
	    const char *password, size_t length, const char *text);
	long iterations;	/* as Django has them in all versions; 0: see rc_password_django */
	const char *package;	/* what is needed at build time beyond OpenSSL */
	int threads;
};

/* The first is what new hashes are made with where nothing else is said. */
static const struct rc_password_scheme schemes[] = {
	{ "pbkdf2_sha256", "pbkdf2_sha256", pbkdf2_make, pbkdf2_check, 0, NULL, 1 },
	{ "argon2id", "argon2", argon2_make, argon2_check, 2, "libargon2-dev", ARGON2_LANES },
	{ "scrypt", "scrypt", scrypt_make, scrypt_check, 16384, NULL, 1 },
};

static const struct rc_password_scheme *
scheme_of(const struct rc_password_policy *policy)
{
	return policy->scheme == NULL ? &schemes[0] : policy->scheme;
}

const struct rc_password_scheme *
rc_password_scheme(const char *name)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

const char *
rc_password_missing(const struct rc_password_scheme *scheme)
{
	return scheme->make == NULL ? scheme->package : NULL;
}

int
rc_password_threads(const struct rc_password_scheme *scheme)
{
	return scheme->threads;
}

bool
rc_password_django(const char *version, struct rc_password_policy *policy)
{
	static const struct {
		const char *version;
		long iterations;
	} versions[] = { { "5.1", 870000 }, { "5.2", 1000000 }, { "6.0", 1200000 } };
	long fixed = scheme_of(policy)->iterations;

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(version, versions[i].version) == 0) {
			policy->iterations = fixed == 0 ? versions[i].iterations : fixed;
			return true;
		}
	return false;
}

bool
rc_password_iterations_fit(const struct rc_password_policy *policy)
{
	const char *name = scheme_of(policy)->name;
	long n = policy->iterations;

	if (strcmp(name, "scrypt") == 0)
		return n >= 2 && n <= SCRYPT_N_MAX && (n & (n - 1)) == 0;
	return n >= 1 && n <= RC_PASSWORD_ITERATIONS_MAX;
}

bool
rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	return scheme_of(policy)->make(policy, password, length, salt, hash);
}

enum rc_password_answer
rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash)
{
	size_t name_length = strcspn(hash, "$");
	enum rc_password_answer answer = RC_PASSWORD_UNKNOWN;

	if (hash[0] == '\0' || hash[0] == '!')
		return RC_PASSWORD_UNUSABLE;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const struct rc_password_scheme *scheme = &schemes[i];

		if (strlen(scheme->begins) != name_length || memcmp(scheme->begins, hash, name_length) != 0 ||
		    hash[name_length] != '$' || scheme->check == NULL)
			continue;
		answer = scheme->check(policy, password, length, hash + name_length + 1);
		if (answer == RC_PASSWORD_OK && scheme != scheme_of(policy))
			answer = RC_PASSWORD_NEEDS_REHASH;
	}
	return answer;
}

/* ---- how good a password is ---- */

#if HAS_ZXCVBN

const char *
rc_password_guesses_missing(void)
{
	return NULL;
}

double
rc_password_guesses(const char *password)
{
	char start[100 * 4 + 1];
	size_t length = 0;
	double bits;

	for (size_t characters = 0; password[length] != '\0'; length++) {
		if (((unsigned char)password[length] & 0xc0) != 0x80 && ++characters > 100)
			break;
		start[length] = password[length];
	}
	start[length] = '\0';
	bits = ZxcvbnMatch(start, NULL, NULL);
	rc_wipe(start, sizeof start);
	return pow(2, bits);
}

#else

const char *
rc_password_guesses_missing(void)
{
	return "libzxcvbn-dev";
}

double
rc_password_guesses(const char *password)
{
	(void)password;
	return 0;
}

#endif

#include "rc_hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "rc_err.h"

static _Noreturn void
fail(void)
{
	rc_die(RC_RETRY, "OpenSSL cannot compute an HMAC-SHA256");
}

struct rc_hmac_key *
rc_hmac_key_new(const char *bytes, size_t length)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1), OSSL_PARAM_END };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac);
	if (context == NULL || EVP_MAC_init(context, (const unsigned char *)bytes, length, params) != 1)
		fail();
	return (struct rc_hmac_key *)context;
}

void
rc_hmac_key_free(struct rc_hmac_key *key)
{
	EVP_MAC_CTX_free((EVP_MAC_CTX *)key);	/* OpenSSL wipes what it holds of the key */
}

struct rc_hmac *
rc_hmac_begin(const struct rc_hmac_key *key)
{
	EVP_MAC_CTX *context = EVP_MAC_CTX_dup((const EVP_MAC_CTX *)key);

	if (context == NULL)
		fail();
	return (struct rc_hmac *)context;
}

void
rc_hmac_add(struct rc_hmac *hmac, const void *bytes, size_t length)
{
	if (EVP_MAC_update((EVP_MAC_CTX *)hmac, bytes, length) != 1)
		fail();
}

void
rc_hmac_end(struct rc_hmac *hmac, unsigned char *signature)
{
	size_t length;

	if (EVP_MAC_final((EVP_MAC_CTX *)hmac, signature, &length, RC_HMAC_SIZE) != 1 || length != RC_HMAC_SIZE)
		fail();
	EVP_MAC_CTX_free((EVP_MAC_CTX *)hmac);
}

bool
rc_hmac_equal(const unsigned char *a, const unsigned char *b)
{
	return CRYPTO_memcmp(a, b, RC_HMAC_SIZE) == 0;
}

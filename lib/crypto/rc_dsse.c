#include "rc_dsse.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_base64.h"
#include "rc_err.h"
#include "rc_mem.h"

enum { SIGNATURE_SIZE = 64, ID_SIZE = 64 + 1, PAYLOAD_MAX = 1 << 28 };

struct rc_dsse_key {
	EVP_PKEY *key;
	char id[ID_SIZE];
};

static void
set_id(struct rc_dsse_key *key)
{
	unsigned char *der = NULL, sum[EVP_MAX_MD_SIZE];
	int length = i2d_PUBKEY(key->key, &der);
	unsigned sum_length = 0;

	if (length <= 0 || EVP_Digest(der, (size_t)length, sum, &sum_length, EVP_sha256(), NULL) != 1)
		rc_die(RC_RETRY, "OpenSSL cannot compute SHA-256");
	for (unsigned i = 0; i < sum_length && i < (ID_SIZE - 1) / 2; i++)
		snprintf(key->id + 2 * (size_t)i, 3, "%02x", sum[i]);
	OPENSSL_free(der);
}

/* No one is asked for a pass phrase: who reads the answers may be a job. */
static int
no_pass_phrase(char *to, int size, int writes, void *context)
{
	(void)to;
	(void)size;
	(void)writes;
	(void)context;
	return -1;
}

static struct rc_dsse_key *
read_key(const char *path, const char *kind, EVP_PKEY *(*read)(FILE *, EVP_PKEY **, pem_password_cb *, void *))
{
	struct rc_dsse_key *key = rc_alloc(sizeof *key);
	FILE *file = fopen(path, "re");

	if (file == NULL)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
	*key = (struct rc_dsse_key){ .key = read(file, NULL, no_pass_phrase, NULL) };
	fclose(file);
	if (key->key == NULL || EVP_PKEY_get_base_id(key->key) != EVP_PKEY_ED25519)
		rc_die(RC_FATAL, "%s: not a %s key of Ed25519 in PEM form, without a pass phrase", path, kind);
	ERR_clear_error();
	set_id(key);
	return key;
}

struct rc_dsse_key *
rc_dsse_read_private(const char *path)
{
	return read_key(path, "private", PEM_read_PrivateKey);
}

struct rc_dsse_key *
rc_dsse_read_public(const char *path)
{
	return read_key(path, "public", PEM_read_PUBKEY);
}

void
rc_dsse_free(struct rc_dsse_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

const char *
rc_dsse_key_id(const struct rc_dsse_key *key)
{
	return key->id;
}

/* The bytes that are signed. */
static void
add_signed(struct rc_buf *out, const char *type, const char *payload, size_t length)
{
	rc_buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, length);
	rc_buf_add(out, payload, length);
}

void
rc_dsse_sign(const struct rc_dsse_key *key, const char *type, const char *payload, size_t length, struct rc_buf *base64)
{
	unsigned char signature[SIGNATURE_SIZE];
	size_t size = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct rc_buf text = {0};

	if (length > PAYLOAD_MAX)
		rc_die(RC_FATAL, "too much for an envelope: %zu bytes", length);
	add_signed(&text, type, payload, length);
	if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) != 1 ||
	    EVP_DigestSign(context, signature, &size, (const unsigned char *)text.bytes, text.length) != 1)
		rc_die(RC_RETRY, "OpenSSL cannot sign");
	EVP_MD_CTX_free(context);
	rc_base64_write((const char *)signature, size, base64);
	rc_buf_free(&text);
}

bool
rc_dsse_verify(const struct rc_dsse_key *key, const char *type, const char *payload, size_t length, const char *base64)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct rc_buf text = {0}, signature = {0};
	bool good = false;

	if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) != 1)
		rc_die(RC_RETRY, "OpenSSL cannot verify");
	add_signed(&text, type, payload, length);
	if (rc_base64_read(base64, strlen(base64), &signature) && signature.length == SIGNATURE_SIZE)
		good = EVP_DigestVerify(context, (const unsigned char *)signature.bytes, signature.length,
		    (const unsigned char *)text.bytes, text.length) == 1;
	ERR_clear_error();
	EVP_MD_CTX_free(context);
	rc_buf_free(&text);
	rc_buf_free(&signature);
	return good;
}

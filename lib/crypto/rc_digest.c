#include "rc_digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"

struct sha256 {
	struct rc_digest digest;	/* first, so that one pointer serves both */
	EVP_MD_CTX *context;
};

static void
must(int ok)
{
	if (ok != 1)
		rc_die(RC_RETRY, "OpenSSL cannot compute SHA-256");
}

static void
add(struct rc_digest *digest, const char *bytes, size_t length)
{
	must(EVP_DigestUpdate(((struct sha256 *)digest)->context, bytes, length));
}

static void
finish(struct rc_digest *digest, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	must(EVP_DigestFinal_ex(((struct sha256 *)digest)->context, sum, &length));
	for (unsigned i = 0; i < length && i < RC_DIGEST_HEX / 2; i++)
		memcpy(hex + 2 * (size_t)i, (const char[]){ digits[sum[i] >> 4], digits[sum[i] & 15], '\0' }, 3);
	must(EVP_DigestInit_ex(((struct sha256 *)digest)->context, EVP_sha256(), NULL));
}

static void
free_digest(struct rc_digest *digest)
{
	EVP_MD_CTX_free(((struct sha256 *)digest)->context);
	free(digest);
}

struct rc_digest *
rc_digest_new(void)
{
	struct sha256 *sha = rc_alloc(sizeof *sha);

	*sha = (struct sha256){ .digest = { .add = add, .finish = finish, .free = free_digest }, .context = EVP_MD_CTX_new() };
	must(sha->context != NULL && EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) == 1);
	return &sha->digest;
}

bool
rc_digest_is_hex(const char *text)
{
	return strlen(text) == RC_DIGEST_HEX && strspn(text, "0123456789abcdef") == RC_DIGEST_HEX;
}

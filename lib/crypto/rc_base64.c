#include "rc_base64.h"

#include <openssl/evp.h>
#include <string.h>

enum { PART = 3 << 20, READ_MAX = 1 << 28 };

void
rc_base64_write(const char *bytes, size_t length, struct rc_buf *base64)
{
	for (size_t done = 0, part; done < length; done += part) {
		part = length - done < PART ? length - done : PART;	/* of whole groups, but for the last */
		rc_buf_reserve(base64, (part + 2) / 3 * 4 + 1);
		base64->length += (size_t)EVP_EncodeBlock((unsigned char *)base64->bytes + base64->length,
		    (const unsigned char *)bytes + done, (int)part);
	}
}

bool
rc_base64_read(const char *base64, size_t length, struct rc_buf *bytes)
{
	size_t padding = length >= 2 && base64[length - 1] == '=' ? 1 + (base64[length - 2] == '=') : 0;
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	int written;

	if (length % 4 != 0 || length > READ_MAX)
		return false;
	for (size_t i = 0; i < length - padding; i++)
		if (base64[i] == '\0' || strchr(digits, base64[i]) == NULL)
			return false;
	rc_buf_reserve(bytes, length / 4 * 3 + 1);
	written = EVP_DecodeBlock((unsigned char *)bytes->bytes + bytes->length, (const unsigned char *)base64, (int)length);
	if (written < 0)
		return false;
	bytes->length += (size_t)written - padding;
	return true;
}

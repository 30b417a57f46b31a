#include "rc_key.h"

#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_random.h"

static const char *const alphabets[] = {
	[RC_KEY_URLSAFE] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	[RC_KEY_HEX] = "0123456789abcdef",
	[RC_KEY_ALNUM] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	[RC_KEY_BASE32] = "abcdefghijklmnopqrstuvwxyz234567",
};

void
rc_key_characters(char *key, enum rc_key_format format, size_t length)
{
	const char *alphabet = alphabets[format];
	size_t letters = strlen(alphabet), made = 0;
	unsigned char pool[256];

	while (made < length) {
		rc_random_bytes(pool, sizeof pool);
		for (size_t i = 0; i < sizeof pool && made < length; i++)
			if (pool[i] < 256 / letters * letters)
				key[made++] = alphabet[pool[i] % letters];
	}
	key[length] = '\0';
	rc_wipe(pool, sizeof pool);
}

void
rc_key_bytes(char *key, enum rc_key_format format, size_t length)
{
	const char *alphabet = alphabets[format];
	unsigned width = format == RC_KEY_HEX ? 4 : 6;	/* bits that a character holds */
	unsigned char bytes[RC_KEY_MAX];
	unsigned long bits = 0;
	unsigned count = 0;

	if (format == RC_KEY_ALNUM || format == RC_KEY_BASE32 || length > sizeof bytes)
		rc_die(RC_FATAL, "no form for a key of %zu bytes", length);
	rc_random_bytes(bytes, length);
	for (size_t i = 0; i < length; i++) {
		bits = (bits << 8 | bytes[i]) & 0xffff;
		for (count += 8; count >= width; count -= width)
			*key++ = alphabet[bits >> (count - width) & ((1u << width) - 1)];
	}
	if (count > 0)
		*key++ = alphabet[bits << (width - count) & ((1u << width) - 1)];
	*key = '\0';
	rc_wipe(bytes, sizeof bytes);
	rc_wipe(&bits, sizeof bits);
}

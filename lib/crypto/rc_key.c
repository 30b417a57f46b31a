#include "rc_key.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "rc_err.h"
#include "rc_mem.h"

static const char *const alphabets[] = {
	[RC_KEY_URLSAFE] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	[RC_KEY_HEX] = "0123456789abcdef",
	[RC_KEY_ALNUM] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	[RC_KEY_BASE32] = "abcdefghijklmnopqrstuvwxyz234567",
};

static void
draw(unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = getrandom(bytes, length, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc_die(RC_RETRY, "no random bytes from the kernel: %s", strerror(errno));
		bytes += n;
		length -= (size_t)n;
	}
}

void
rc_key_characters(char *key, enum rc_key_format format, size_t length)
{
	const char *alphabet = alphabets[format];
	size_t letters = strlen(alphabet), made = 0;
	unsigned char pool[256];

	while (made < length) {
		draw(pool, sizeof pool);
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
	draw(bytes, length);
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

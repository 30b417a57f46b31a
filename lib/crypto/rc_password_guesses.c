#include "rc_password_guesses.h"

#include <stddef.h>

#if __has_include(<zxcvbn.h>)
#include <math.h>
#include <zxcvbn.h>

#include "rc_mem.h"
#define HAS_ZXCVBN 1
#else
#define HAS_ZXCVBN 0
#endif

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

#include "rc_password_scheme.h"

#include <string.h>

#include "rc_str.h"

enum { NUMBER_DIGITS = 9 };	/* of RC_PASSWORD_ITERATIONS_MAX */

bool
rc_scheme_number(const char **text, char end, long max, long *value)
{
	size_t digits = strspn(*text, "0123456789");
	char number[NUMBER_DIGITS + 1] = "";

	if (digits > NUMBER_DIGITS || (*text)[0] == '0' || (*text)[digits] != end)
		return false;
	memcpy(number, *text, digits);
	*text += digits + 1;
	return rc_parse_long(number, 1, max, value);
}

size_t
rc_scheme_characters(const char *utf8, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)utf8[i] & 0xc0) != 0x80;
	return count;
}

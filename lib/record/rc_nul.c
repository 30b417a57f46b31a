#include "rc_nul.h"

#include <string.h>

bool
rc_nul_replace(char *json, size_t length)
{
	char *end = json + length, *p = json;
	bool any = false;

	/* An escape is a pair: so a backslash that is itself escaped begins nothing. */
	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0) {
			memcpy(p + 2, "fffd", 4);
			any = true;
		}
		p += end - p >= 2 ? 2 : 1;
	}
	return any;
}

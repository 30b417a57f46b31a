#include "rc_json_spell.h"

#include <stdlib.h>
#include <string.h>

#include "rc_json.h"

enum { ESCAPE = 6, PAIR = 12, ASCII = 0x80 };	/* bytes of \uXXXX and of two of them */

/* The number of the escape at P, which may be short of four digits. */
static unsigned long
unit(const char *p, const char *end)
{
	char digits[5] = "";

	if (end - p < ESCAPE || p[0] != '\\' || p[1] != 'u')
		return 0;
	memcpy(digits, p + 2, 4);
	return strtoul(digits, NULL, 16);
}

void
rc_json_spell(const char *text, size_t length, struct rc_buf *out)
{
	const char *p = text, *end = text + length;
	char character[RC_JSON_PART];

	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p)), *behind;
		unsigned long number;

		if (escape == NULL)
			escape = end;
		rc_buf_add(out, p, (size_t)(escape - p));
		if (escape == end)
			break;
		number = unit(escape, end);
		behind = escape + (number == 0 ? 2 : number >= 0xd800 && number <= 0xdbff && unit(escape + ESCAPE, end) != 0 ? PAIR : ESCAPE);
		p = escape;
		if (number >= ASCII) {
			size_t n = rc_json_decode_part(&p, behind, character);

			if (n > 0)
				rc_buf_add(out, character, n);
			else
				rc_buf_add(out, escape, (size_t)(behind - escape));
		} else {
			rc_buf_add(out, escape, (size_t)(behind - escape));
		}
		p = behind;
	}
}

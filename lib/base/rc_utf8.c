#include "rc_utf8.h"

#include <stdio.h>
#include <string.h>

size_t
rc_utf8_sequence(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text);
	unsigned char low = 0x80, high = 0xbf;	/* bounds of the second byte */
	size_t length;

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		length = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		length = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		length = 4;
	else
		return 0;
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;	/* shorter forms */
	case 0xed: high = 0x9f; break;	/* surrogates */
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;	/* past U+10FFFF */
	}
	if (left < length || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

size_t
rc_utf8_visible(const char *text, size_t length, char *out, size_t size)
{
	const char *end = text + length;
	size_t used = 0;

	while (text < end && size - used > 6) {
		size_t step = rc_utf8_sequence(text, end);
		const unsigned char *p = (const unsigned char *)text;

		if (step == 0) {
			memcpy(out + used, "\xef\xbf\xbd", 3);
			used += 3;
			step = 1;
		} else if (p[0] < 0x20 || p[0] == 0x7f) {
			used += (size_t)snprintf(out + used, 7, "\\u%04x", p[0]);
		} else if (p[0] == 0xc2 && p[1] < 0xa0) {
			used += (size_t)snprintf(out + used, 7, "\\u%04x", p[1]);
		} else {
			memcpy(out + used, text, step);
			used += step;
		}
		text += step;
	}
	out[used] = '\0';
	return used;
}

bool
rc_utf8_valid(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		size_t step = rc_utf8_sequence(bytes, end);

		if (step == 0)
			return false;
		bytes += step;
	}
	return true;
}

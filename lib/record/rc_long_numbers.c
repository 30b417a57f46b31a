#include "rc_long_numbers.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS_SAFE = 15 };

void
rc_long_numbers_quote(struct rc_buf *out, const char *json, size_t length)
{
	const char *p = json, *end = json + length;

	while (p < end) {
		const char *start = p;
		size_t span;
		bool quote;

		if (*p == '"') {
			for (p++; *p != '"'; p++)
				p += *p == '\\';
			p++;
			rc_buf_add(out, start, (size_t)(p - start));
			continue;
		}
		span = strcspn(p, "\"-0123456789");
		if ((size_t)(end - p) <= span) {
			rc_buf_add(out, start, (size_t)(end - p));
			return;
		}
		rc_buf_add(out, start, span);
		if (*(p += span) == '"')
			continue;
		span = strspn(p, "-+.eE0123456789");
		quote = span > DIGITS_SAFE;
		rc_buf_add(out, "\"", quote);
		rc_buf_add(out, p, span);
		rc_buf_add(out, "\"", quote);
		p += span;
	}
}

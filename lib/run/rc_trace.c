#include "rc_trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_random.h"

/* Whether all of the LENGTH digits are 0, which stands for none. */
static bool
is_none(const char *digits, size_t length)
{
	return strspn(digits, "0") >= length;
}

static bool
is_trace(const char *text)
{
	static const char form[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

	if (text == NULL || strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == 'x' ? strchr("0123456789abcdef", text[i]) == NULL : text[i] != form[i])
			return false;
	return !is_none(text + 3, 32) && !is_none(text + 36, 16);
}

void
rc_trace_begin(void)
{
	const char *outer = getenv("TRACEPARENT"), *id = rc_run_id();
	unsigned char span[8];
	char text[64], flags[3] = "01";
	size_t n = 3;

	rc_random_bytes(span, sizeof span);
	memcpy(text, "00-", 3);
	if (is_trace(outer)) {
		memcpy(text + n, outer + 3, 32);
		n += 32;
		memcpy(flags, outer + 53, 2);	/* whether it is sampled is the caller's decision */
	} else {
		unsetenv("TRACESTATE");	/* of no trace that goes on */
		for (; *id != '\0'; id++)
			if (*id != '-')
				text[n++] = *id;
	}
	snprintf(text + n, sizeof text - n, "-%02x%02x%02x%02x%02x%02x%02x%02x-%s", span[0] | 1, span[1], span[2], span[3], span[4], span[5],
	    span[6], span[7], flags);
	if (setenv("TRACEPARENT", text, 1) != 0)
		rc_die(RC_RETRY, "out of memory");
}

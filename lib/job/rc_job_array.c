#include "rc_job_array.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void
rc_job_moment_text(long long moment, char text[RC_MOMENT_SIZE])
{
	time_t seconds = (time_t)(moment / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, RC_MOMENT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(moment % 1000000));
}

void
rc_job_array_add(struct rc_buf *array, const char *text)
{
	rc_buf_add(array, array->length == 0 ? "{" : ",", 1);
	if (strspn(text, "0123456789abcdef-") == strlen(text) && *text != '\0') {
		rc_buf_add_text(array, text);
		return;
	}
	rc_buf_add(array, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			rc_buf_add(array, "\\", 1);
		rc_buf_add(array, text, 1);
	}
	rc_buf_add(array, "\"", 1);
}

const char *
rc_job_array_end(struct rc_buf *array)
{
	if (array->length == 0)
		rc_buf_add_text(array, "{");
	rc_buf_add_text(array, "}");
	return rc_buf_text(array);
}

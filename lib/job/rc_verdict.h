/*
 * rc_verdict - a line that a handler wrote: {"id","status":"done"|"retry"|"failed","error":TEXT,"after":SECONDS}
 */
#ifndef RC_VERDICT_H
#define RC_VERDICT_H

#include <stdbool.h>

#include "rc_job.h"

struct rc_verdict_line {
	char id[256];		/* as text, whether it is a number or a string */
	enum rc_verdict verdict;
	char *error;		/* or NULL; the caller frees */
	double after;		/* below 0: not said */
};

/* NULL, or what is wrong with it.  LINE is followed by a newline and readable bytes as rc_json.h wants them. */
const char *rc_verdict_read(struct rc_verdict_line *verdict, const char *line, size_t length);

#endif

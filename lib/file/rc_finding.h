/*
 * rc_finding - what a filter found of one file: a status, and what is wrong with it
 *
 * In a record: "error" (or "warning"): {"code", "message", and where they are
 * known "request", "errno", "reason"}, the last in the system's words.
 */
#ifndef RC_FINDING_H
#define RC_FINDING_H

#include "rc_path.h"
#include "rc_str.h"

/* Texts are the caller's, who keeps them. */
struct rc_finding {
	const char *status;
	const char *code, *message;	/* NULL: nothing is wrong; of a code no_space or cannot_... what could not be done, as `write` */
	int error;			/* the errno that goes with it, or 0 */
	const char *request;		/* the method of the request that was not answered well, or NULL */
};

void rc_finding_set(struct rc_finding *finding, const char *status, const char *code, const char *message, int error);

/* WHAT could not be done with a file that is to be written: no_space, or cannot_write. */
void rc_finding_set_write(struct rc_finding *finding, const char *what, int error);

/* What rc_path_open() gave, but RC_PATH_OK, with its errno. */
void rc_finding_set_path(struct rc_finding *finding, enum rc_path_status path, int error);

/* Adds it to a record's LINE as the field NAME. */
void rc_finding_write(const struct rc_finding *finding, const char *name, struct rc_buf *line);

#endif

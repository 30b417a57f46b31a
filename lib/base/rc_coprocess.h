/*
 * rc_coprocess - a program that is written to and read from at once, without ever waiting for it
 *
 * It is a process group of its own, so that what stops us at the terminal does
 * not stop it in the middle of its work, and it ends with us, even where we are
 * killed.
 */
#ifndef RC_COPROCESS_H
#define RC_COPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "rc_str.h"

enum { RC_COPROCESS_PAD = 64 };	/* bytes behind FROM that can be read, as readers of JSON want them (rc_json.h) */

struct rc_coprocess {
	pid_t pid;		/* 0: it was waited for */
	int in, out;		/* our ends of its standard input and output, or -1 */
	struct rc_buf to;	/* what is still to be written, from TAKEN on */
	size_t taken;
	struct rc_buf from;	/* what it has written and no one has taken out yet */
	int status;		/* as waitpid(2) gives it */
	int failure;		/* the errno for which it did not start, else 0 */
};

/* Whether there is such a program, found as execvp(3) finds it, that may be run; where not, errno says why. */
bool rc_coprocess_can_run(const char *program);

/* Starts COMMAND, which is found on PATH; false, with `failure` set, where that can't be. */
bool rc_coprocess_start(struct rc_coprocess *process, char *const command[]);

/* Writes what it takes of `to`; true while there is more. */
bool rc_coprocess_write(struct rc_coprocess *process);

/* No more will be written, once `to` is empty. */
void rc_coprocess_close_input(struct rc_coprocess *process);

/* Reads what is there; false where it has closed its output. */
bool rc_coprocess_read(struct rc_coprocess *process);

/* Whether it has ended, without waiting; then `pid` is 0 and `status` tells how. */
bool rc_coprocess_ended(struct rc_coprocess *process);

/* Ends it and what it has started. */
void rc_coprocess_kill(struct rc_coprocess *process);

/* Frees what is left of one that has ended. */
void rc_coprocess_free(struct rc_coprocess *process);

/* Adds how it ended: `ended with exit status 3`, `ended by signal 9`, or `cannot be run:` and why. */
void rc_coprocess_add_end(const struct rc_coprocess *process, struct rc_buf *text);

#endif

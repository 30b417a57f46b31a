/*
 * rc_child - a command that runs under us: started, told of signals, waited for
 *
 * TERM, INT, HUP and QUIT that come to us go on to it, and USR1 and USR2, which
 * end nothing of ours; those that our caller ignores (nohup) stay ignored.  It
 * ends with us, however we end.
 */
#ifndef RC_CHILD_H
#define RC_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What a shell answers for a command that is not there, can't be run, or was ended by a signal. */
enum { RC_CHILD_NOT_FOUND = 127, RC_CHILD_NOT_RUNNABLE = 126, RC_CHILD_SIGNALLED = 128 };

struct rc_child {
	/* set before the start */
	char **environment;	/* NULL: ours */
	const int *inherited;	/* descriptors that are its, too, ended by -1; NULL: none but 0, 1 and 2 */
	bool has_group;		/* it and all it starts are a process group, which gets TERM for one of ours that ends; USR1 and USR2 are for it alone */
	int ends_with_us;	/* the signal that it gets when we are killed; never 0 */

	pid_t pid;
	int signals;		/* readable when rc_child_look() has something to see */
	int signal;		/* the first of TERM, INT, HUP and QUIT that came to us, or 0 */
	sigset_t mask;		/* what was blocked before */
	int status;		/* as waitpid(2) gives it, once it has ended */
};

/* Starts COMMAND, which is found on PATH; no process to be had ends ours with RC_RETRY. */
void rc_child_start(struct rc_child *child, char *command[]);

/* Passes on what signals have come, without waiting; true where the child has ended. */
bool rc_child_look(struct rc_child *child);

/* Waits until nothing of its group is left; what still runs gets TERM. */
void rc_child_wait_for_group(struct rc_child *child);

/* After its end: signals come to us as before the start. */
void rc_child_release(struct rc_child *child);

/* Sends it, or its group, a signal. */
void rc_child_kill(const struct rc_child *child, int signal_number);

/* How it ended, as a shell has it. */
int rc_child_code(const struct rc_child *child);

/* Becomes COMMAND in the given environment (NULL: ours); where that fails it says so and ends with 126 or 127. */
_Noreturn void rc_child_become(char *command[], char *environment[]);

/* Ends the process by that signal; the first process of a container, which no signal ends, with 128 and its number. */
_Noreturn void rc_child_end_by(int signal_number);

#endif

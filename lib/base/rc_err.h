/*
 * rc_err - exit codes, messages, and the one way to fail
 *
 * Every message is one line on standard error, `tool: subject: reason`, in
 * lower case and without a full stop.  Of a filter that runs in the page of a
 * command (RC_COMMAND) it begins with that command, which the user typed.
 * Control characters in it are shown as JSON escapes, since names from a
 * database may hold terminal commands.
 */
#ifndef RC_ERR_H
#define RC_ERR_H

#include <stdbool.h>

enum rc_exit {
	RC_OK = 0,	/* done */
	RC_NO = 1,	/* ran well, the answer is no; of a command of bin/ any failure */
	RC_WRONG = 2,	/* of a command of bin/: a wrong option */
	RC_LOOK = 3,	/* with --gate: nothing was done, for a plan has to be looked at first (rc-gate) */
	RC_FATAL = 100,	/* the caller must change something first */
	RC_RETRY = 111,	/* the same call may succeed later */
};

#define RC_PRINTF(string, first) __attribute__((format(printf, string, first)))

/* Sets the name that messages begin with; NAME must outlive the process. */
void rc_err_set_tool(const char *name);

/* The same for the front of a command, whose own name it is even in the page of another one. */
void rc_err_set_front(const char *name);

/* For a filter that a command of bin/ becomes: messages begin with the command's NAME, and any failure ends with RC_NO. */
void rc_err_set_porcelain(const char *name);

/* The name set above; "rc" before that. */
const char *rc_err_tool(void);

/* Whose name messages begin with: the tool's, or in the page of a command that command's. */
const char *rc_err_speaker(void);

/* Prints the message and ends the process with CODE, after the exit hooks. */
_Noreturn void rc_die(enum rc_exit code, const char *format, ...) RC_PRINTF(2, 3);

/*
 * Whether the same call may succeed later after it failed with that errno:
 * RC_RETRY for what passes by itself or when someone makes room, else RC_FATAL.
 */
enum rc_exit rc_err_class(int error);

/* Prints the message, and goes on. */
void rc_warn(const char *format, ...) RC_PRINTF(1, 2);

/* Runs the exit hooks and ends the process with CODE; nothing else may call exit(3).  Nothing may wait in stdio. */
_Noreturn void rc_exit(int code);

/* Runs the exit hooks for a main() that is about to return CODE, and returns it. */
int rc_leave(int code);

/*
 * Asks for HOOK(code) to be called once when the process ends by rc_die(),
 * rc_exit() or rc_leave(), the last one added first.  A hook that dies ends the process
 * with its own code, and the hooks after it still run.
 */
void rc_at_exit(void (*hook)(int code));

/* What rc_die() and rc_warn() tell besides standard error; rc_event sets it. */
extern void (*rc_err_observer)(bool is_error, int code, const char *message);

/* Called before a message where it is not NULL: takes a line off the terminal that has no end yet; rc_counter sets it. */
extern void (*rc_err_clear)(void);

#endif

#include "rc_err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_utf8.h"

enum { MESSAGE_MAX = 4096, HOOKS_MAX = 8 };

void (*rc_err_observer)(bool is_error, int code, const char *message);
void (*rc_err_clear)(void);

static const char *tool = "rc";
static void (*hooks[HOOKS_MAX])(int code);
static bool is_porcelain, is_front;
static int hook_count;

void
rc_err_set_tool(const char *name)
{
	tool = name;
}

const char *
rc_err_tool(void)
{
	return tool;
}

void
rc_err_set_front(const char *name)
{
	tool = name;
	is_front = true;
}

const char *
rc_err_speaker(void)
{
	const char *command = getenv("RC_COMMAND");

	return is_porcelain || is_front || command == NULL || command[strspn(command, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0' ? tool : command;
}

/* Writes the message as one line in one write(2), so that lines of parallel stages stay whole. */
static void
print_line(const char *message)
{
	char visible[MESSAGE_MAX * 2], line[MESSAGE_MAX * 2 + 256];
	int length;

	if (rc_err_clear != NULL)
		rc_err_clear();
	rc_utf8_visible(message, strlen(message), visible, sizeof visible);
	length = snprintf(line, sizeof line, "%.200s: %s\n", rc_err_speaker(), visible);
	/* There is no one left to tell if standard error itself fails. */
	if (length < 0 || write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

static void
say(bool is_error, int code, const char *format, va_list args)
{
	char message[MESSAGE_MAX];

	vsnprintf(message, sizeof message, format, args);
	print_line(message);
	if (rc_err_observer != NULL)
		rc_err_observer(is_error, code, message);
}

enum rc_exit
rc_err_class(int error)
{
	switch (error) {
	case EAGAIN: case EINTR:
	case ENOSPC: case EDQUOT:
	case EMFILE: case ENFILE: case ENOMEM: case ENOBUFS: case ENOLCK:
	case EIO: case ESTALE: case ETIMEDOUT:
		return RC_RETRY;
	default:
		return RC_FATAL;
	}
}

void
rc_die(enum rc_exit code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(true, code, format, args);
	va_end(args);
	rc_exit(code);
}

void
rc_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(false, 0, format, args);
	va_end(args);
}

/* Of several threads that end the process the first one does, and the others wait for it. */
static void
be_the_one(void)
{
	static atomic_bool leaving;
	static _Thread_local bool is_this;

	if (!is_this && atomic_exchange(&leaving, true))
		for (;;)
			pause();
	is_this = true;
}

int
rc_leave(int code)
{
	be_the_one();
	while (hook_count > 0)
		hooks[--hook_count](code);
	return is_porcelain && code > RC_NO ? RC_NO : code;
}

void
rc_err_set_porcelain(const char *name)
{
	rc_err_set_tool(name);
	is_porcelain = true;
}

void
rc_exit(int code)
{
	_exit(rc_leave(code));	/* the hooks have written all there is; nothing waits in stdio */
}

void
rc_at_exit(void (*hook)(int code))
{
	if (hook_count == HOOKS_MAX)
		rc_die(RC_FATAL, "more than %d exit hooks", HOOKS_MAX);
	hooks[hook_count++] = hook;
}

/*
 * rc_notify - telling others of a run: a program, a health check's address, the service manager
 *
 * None may harm the run: a program and a ping are processes of their own, ended
 * by KILL when their time is over, and what fails is a warning.
 */
#ifndef RC_NOTIFY_H
#define RC_NOTIFY_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

/* Runs CODE by sh with TEXT as its input, at most LIMIT milliseconds, with the signal mask MASK; what fails is a warning. */
void rc_notify_shell(const char *code, const char *text, size_t length, const sigset_t *mask, long limit);

/*
 * GETs URL in a process of its own, by libcurl, which is looked for only now.
 * It ends by itself after LIMIT milliseconds; what fails is a warning, which
 * does not show the URL.
 */
pid_t rc_notify_ping(const char *url, long limit);

/* Waits until it has ended, at most LIMIT milliseconds; then it gets KILL.  The status as waitpid(2) has it, or -1 where it was killed. */
int rc_notify_wait(pid_t pid, long limit);

/* Sends TEXT to the service manager (sd_notify(3)) where NOTIFY_SOCKET names one. */
void rc_notify_service(const char *text);

#endif

/*
 * rc_helper - what a run does on the side, bounded, and never to its harm
 *
 * Each is a process of its own, ended by KILL when its time is over.
 */
#ifndef RC_HELPER_H
#define RC_HELPER_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

/* Runs CODE by sh with TEXT as its input, at most LIMIT milliseconds, with the signal mask MASK; what fails is a warning. */
void rc_helper_shell(const char *code, const char *text, size_t length, const sigset_t *mask, long limit);

/*
 * GETs URL in a process of its own, by libcurl, which is looked for only now.
 * It ends by itself after LIMIT milliseconds; what fails is a warning, which
 * does not show the URL.
 */
pid_t rc_helper_ping(const char *url, long limit);

/* Waits until it has ended, at most LIMIT milliseconds; then it gets KILL.  The status as waitpid(2) has it, or -1 where it was killed. */
int rc_helper_wait(pid_t pid, long limit);

/* Sends TEXT to the service manager (sd_notify(3)) where NOTIFY_SOCKET names one. */
void rc_helper_notify(const char *text);

#endif

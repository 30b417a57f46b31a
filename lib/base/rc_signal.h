/*
 * rc_signal - what a process does before TERM, INT or HUP ends it
 *
 * A hook runs inside the signal handler: it may call only what is safe there
 * (signal-safety(7); PQcancel is).  After the hooks the process ends by the
 * signal itself, so that its parent sees which one it was; a hook that hangs
 * for two seconds is cut off.
 */
#ifndef RC_SIGNAL_H
#define RC_SIGNAL_H

#include <signal.h>
#include <stddef.h>

/* Asks for HOOK, the last one added first. */
void rc_at_signal(void (*hook)(void));

/* From here on those signals wait until the process has ended by itself. */
void rc_signal_hold(void);

/* They are heard again, for work that commits part by part. */
void rc_signal_release(void);

/*
 * For a process that looks at signals itself: a descriptor (signalfd(2)) whose
 * reads do not wait, and which can be read when CHLD or one of the COUNT WANTED
 * has come.  They are blocked from here on, but for what the caller ignores
 * (nohup): that stays ignored.  BEFORE, if not NULL, gets the mask that was.
 */
int rc_signal_open(const int *wanted, size_t count, sigset_t *before);

#endif

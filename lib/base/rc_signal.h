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

/* Asks for HOOK, the last one added first. */
void rc_at_signal(void (*hook)(void));

/* From here on those signals wait until the process has ended by itself. */
void rc_signal_hold(void);

/* They are heard again, for work that commits part by part. */
void rc_signal_release(void);

#endif

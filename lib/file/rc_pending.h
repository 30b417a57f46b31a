/*
 * rc_pending - files that are on the disk before COMMIT, and stay only where it may have taken place
 *
 * Whatever ends the process before rc_pending_keep() takes them away again, but
 * for SIGKILL: so one that is there without the change it belongs to tells of a crash.
 */
#ifndef RC_PENDING_H
#define RC_PENDING_H

/* The file at PATH, which must outlive it and is made by the caller; TERM, INT and HUP wait from here on (rc_signal_hold()). */
void rc_pending_add(const char *path);

/* After COMMIT: all stay. */
void rc_pending_keep(void);

#endif

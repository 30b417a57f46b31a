/*
 * rc_append - lines at the end of a file that others append to, too
 *
 * From rc_append_begin() to rc_append_keep() the file is locked (flock), so two
 * that append by this do not mix, and whatever ends the process, but SIGKILL,
 * takes the new lines away again.  One file at a time.
 */
#ifndef RC_APPEND_H
#define RC_APPEND_H

/*
 * Opens PATH, which must outlive it, and makes it where it is absent; gives its
 * descriptor.  Ends the process where this can't be done.
 */
int rc_append_open(const char *path);

/* Waits for the lock; ends the last line where it was cut short.  Ends the process where that fails. */
void rc_append_begin(void);

/* Brings what was written to the disk; ends the process where that fails. */
void rc_append_sync(void);

/* The lines stay; closes the file. */
void rc_append_keep(void);

#endif

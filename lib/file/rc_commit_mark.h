/*
 * rc_commit_mark - an empty file whose absence tells that nothing was changed
 *
 * It is made just before COMMIT.  Where the process ends before
 * rc_commit_mark_keep(), whose place is after COMMIT, it is removed again; a
 * process that is killed leaves it, for then no one knows.  One a process.
 */
#ifndef RC_COMMIT_MARK_H
#define RC_COMMIT_MARK_H

/* Makes PATH, which must outlive the mark, or ends the process with RC_RETRY; TERM, INT and HUP wait from here on (rc_signal_hold()). */
void rc_commit_mark_make(const char *path);

/* It stays; without rc_commit_mark_make() nothing happens. */
void rc_commit_mark_keep(void);

#endif

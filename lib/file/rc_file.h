/*
 * rc_file - replacing a file as a whole, or making a new one
 *
 * The new content goes to a temporary file in the same folder, is synced, takes
 * the name by rename(2), and the folder is synced.  Whoever opens the name sees
 * the old content or the new, never a part.  A process that ends before
 * rc_file_commit() leaves the old one, and no temporary file either unless it
 * was killed with -9 (then .rc-*.tmp stays).
 */
#ifndef RC_FILE_H
#define RC_FILE_H

#include <stddef.h>
#include <sys/types.h>

struct rc_file {
	int fd;			/* where the new content is written */
	int folder;
	char *path, *temporary;	/* the latter relative to the folder; of a new file its own name */
	struct rc_file *next;
};

/* Begins to replace PATH.  An existing file's mode is kept; a new one gets 0666 less the umask. */
struct rc_file *rc_file_replace(const char *path);

/*
 * Begins a new file under its own name, which must not exist.  Whatever ends
 * the process before rc_file_commit(), SIGPIPE too but not kill -9, removes it.
 */
struct rc_file *rc_file_create(const char *path, mode_t mode);

/* Puts the new content in place and syncs it, and frees FILE. */
void rc_file_commit(struct rc_file *file);

/* Writes all of BYTES to FD, or ends the process with RC_RETRY and NAME in the message. */
void rc_write_all(int fd, const char *name, const char *bytes, size_t length);

#endif

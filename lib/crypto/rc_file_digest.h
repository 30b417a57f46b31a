/*
 * rc_file_digest - SHA-256 of a file that does not change meanwhile
 *
 * In 256 kB of memory.  Of a change of size or content the file system's times
 * tell, whoever sets them back: the time of the last change of its inode is
 * looked at before and after.  What is written within the same tick of the
 * file system's clock (some milliseconds) may go unseen.
 */
#ifndef RC_FILE_DIGEST_H
#define RC_FILE_DIGEST_H

#include <stdbool.h>
#include <sys/stat.h>

#include "rc_digest.h"
#include "rc_path.h"

enum rc_file_digest_status {
	RC_FILE_DIGEST_DONE,
	RC_FILE_DIGEST_CHANGED,	/* its content or what its name leads to is another one by now */
	RC_FILE_DIGEST_FAILED,	/* errno says why */
};

/* What one thread works with. */
struct rc_file_digest *rc_file_digest_new(void);
void rc_file_digest_free(struct rc_file_digest *work);

/* Reads the file that is open; its digest goes to HEX, of RC_DIGEST_HEX + 1, and how it was found to STATUS. */
enum rc_file_digest_status rc_file_digest(struct rc_file_digest *work, const struct rc_path *path, char *hex, struct stat *status);

#endif

/*
 * rc_signed_file - looking at files that may be signed (rc_signed.h), and signing them
 *
 * A file is replaced as rc_file.h has it, never written into; the temporary file
 * is `.rc-sign-INODE.tmp`.  Owner, mode, extended attributes and the time of access are
 * kept (rc_attributes.h); another name (hard link) of the old file keeps the old
 * content.  The old file is locked (flock(2)) meanwhile, so a second process that would sign
 * it waits and finds it signed; what a process left that was killed, the next
 * one that locks the file removes.
 *
 * After rc_file_start() these functions may run in several threads at once, which must have
 * TERM, INT and HUP blocked, as those of rc_pool have.
 */
#ifndef RC_SIGNED_FILE_H
#define RC_SIGNED_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "rc_file.h"
#include "rc_path.h"
#include "rc_signed.h"

/* A file that is looked at, and perhaps signed; the caller's. */
struct rc_signed_file {
	struct rc_path path;
	struct stat stat;		/* when it was opened */
	bool locked;
	struct rc_signed_found found;
	const char *name;		/* as the caller names it; for messages */
	bool changed;			/* it is another file or has other content now, and was left as it is */
	struct rc_file_error error;	/* else what failed */
};

/*
 * Opens and, with LOCK, locks the file; a path that names another file by then
 * is opened anew.  What a process left that was killed is removed then.  Waits
 * while another one has the lock, and says so on standard error after a second.
 * FILE is filled, and ended by rc_signed_file_close(), only where this is
 * RC_PATH_OK; else errno is as rc_path_open() has it.
 */
enum rc_path_status rc_signed_file_open(int root, const char *text, bool lock, struct rc_signed_file *file);

/* Reads it and fills FOUND; false, with CHANGED or ERROR set, where that can't be done. */
bool rc_signed_file_look(struct rc_signed_file *file, const struct rc_signed_known *known, struct rc_signed_buffer *buffer);

/*
 * Replaces it, after a look with BUFFER, by its payload with a signature of KEY
 * in front.  False, with CHANGED or ERROR set, where that failed: the file is as
 * it was then, unless ERROR.in_place says that it is signed.
 */
bool rc_signed_file_sign(struct rc_signed_file *file, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer);

void rc_signed_file_close(struct rc_signed_file *file);

#endif

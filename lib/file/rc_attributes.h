/*
 * rc_attributes - giving a new file what the one that it replaces has
 *
 * A call that would change nothing is not made, and one that fails counts only
 * where the file is not as it should be afterwards: a file system may show one
 * owner and mode for all files and refuse every change, and still all is right.
 *
 * The time of modification is never taken over: the content is new, and who
 * copies what changed (backups, rsync) goes by that time.  Nor are attributes
 * that hold a digest of the content or a signature of it (`security.ima`,
 * `security.evm`, `user.sha256` and the like), for they would be wrong.
 */
#ifndef RC_ATTRIBUTES_H
#define RC_ATTRIBUTES_H

#include <stdbool.h>
#include <sys/stat.h>

/* What is to be as in the old file. */
struct rc_attributes {
	bool owner, mode;
	bool extended;		/* extended attributes, access control lists among them, and none that the folder gave */
	bool access_time;	/* as far as that is possible; it is never a failure */
};

/*
 * Gives the file that is open as TO what WANTED says of the file OLD, which is
 * open as FROM (needed for `extended` only).  NULL, or what could not be done, as
 * a static text such as "keep the owner", with errno.
 */
const char *rc_attributes_copy(int from, const struct stat *old, int to, struct rc_attributes wanted);

#endif

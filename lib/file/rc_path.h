/*
 * rc_path - files below a folder, and never outside of it
 *
 * A path is relative to the folder ROOT; `.` and `..` are resolved in the text
 * first, and must not lead above it.  No part of the path may be a symbolic
 * link: each is opened from the one before with O_NOFOLLOW (openat(2)), so
 * that no one who swaps a folder for a link meanwhile leads us elsewhere.
 */
#ifndef RC_PATH_H
#define RC_PATH_H

enum rc_path_status {
	RC_PATH_OK,		/* it is open for reading */
	RC_PATH_OUTSIDE,	/* absolute, or above ROOT */
	RC_PATH_MISSING,	/* it or one of its folders is not there */
	RC_PATH_SYMLINK,	/* it or one of its folders is a symbolic link */
	RC_PATH_NOT_A_FILE,	/* a folder, device, FIFO or socket; or what should be a folder is none */
	RC_PATH_FAILED,		/* something else */
};

/* A regular file that is open for reading. */
struct rc_path {
	int folder;		/* the folder it is in, open with O_PATH */
	char *name;		/* and its name there */
	int fd;
};

/* Opens the folder NAME to be ROOT below; ends the process where it can't be. */
int rc_path_root(const char *name);

/*
 * Opens the file TEXT below the folder that is open as ROOT.  RC_PATH_OK: PATH is
 * filled, for the caller to end by rc_path_close().  Anything else: PATH is as it
 * was, and errno says why, but for RC_PATH_OUTSIDE, where no call failed.
 */
enum rc_path_status rc_path_open(int root, const char *text, struct rc_path *path);

/* The same for a file that is to be made: its folders are made where they are absent, and PATH has an `fd` of -1. */
enum rc_path_status rc_path_make(int root, const char *text, struct rc_path *path);
void rc_path_close(struct rc_path *path);

/* TEXT with `.`, `..` and empty parts resolved, which the caller frees; NULL where it is absolute or leads above ROOT. */
char *rc_path_plain(const char *text);

#endif

/*
 * rc_file - the one way to replace a file as a whole, or to make a new one
 *
 * The new content goes to a temporary file in the same folder, is synced, takes
 * the name by rename(2), and the folder is synced.  Whoever opens the name sees
 * the old content or the new, never a part.  Whatever ends the process before
 * that, SIGPIPE too, leaves the old one and no temporary file; after kill -9 the
 * temporary file stays.
 *
 * Where a file system can't sync a folder, that is no failure.  Where the sync
 * of the folder fails otherwise the new file is in place already, and only a
 * crash of the machine may bring the old one back.
 */
#ifndef RC_FILE_H
#define RC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "rc_attributes.h"

/* What could not be done with a file. */
struct rc_file_error {
	const char *what;	/* a static text that goes on after "cannot "; NULL: nothing failed */
	int number;		/* errno */
	bool in_place;		/* the new file has the name already */
};

/* A file in work, the caller's; its members but `fd` are rc_file's own. */
struct rc_file {
	int fd;			/* where the new content is written */
	int folder;
	char *name;
	char *path;		/* as the caller named it, for messages of the functions that end the process */
	struct rc_file_place *place;	/* where whoever ends the process finds the temporary file */
};

/* ---- for a filter over many files: what fails is returned, in ERROR, and the next file may do ---- */

/*
 * Once in the main thread, before any thread calls the rest: whatever ends the
 * process but SIGKILL takes the temporary files with it.  A write beyond the
 * limit of a file's size fails from here on, instead of ending the process.
 */
void rc_file_start(void);

/*
 * Begins to replace the file NAME in FOLDER, which may be open with O_PATH.
 * TEMPORARY is the other file's name, which must not exist: so it can serve as a
 * lock; NULL takes one by chance.  MODE, less the umask, is what it is made with.
 * FILE is ended by rc_file_place() or rc_file_abandon() where this is true, and
 * holds nothing where it is not.
 */
bool rc_file_begin(struct rc_file *file, int folder, const char *name, const char *temporary, mode_t mode,
    struct rc_file_error *error);

/* Gives the new file what the old one has (rc_attributes.h). */
bool rc_file_keep(struct rc_file *file, int from, const struct stat *old, struct rc_attributes wanted,
    struct rc_file_error *error);

/* Brings what was written to the disk. */
bool rc_file_sync(struct rc_file *file, struct rc_file_error *error);

/* Puts the synced file in place, and frees what FILE holds, also where this fails; ERROR tells which file has the name then. */
bool rc_file_place(struct rc_file *file, struct rc_file_error *error);

/* Removes the temporary file and frees what FILE holds; errno stays. */
void rc_file_abandon(struct rc_file *file);

/* ---- for a filter with one file: what fails ends the process, with the class of rc_err_class() ---- */

/* Begins to replace PATH; what comes back is freed by rc_file_commit().  An existing file's mode is kept; a new one gets 0666 less the umask. */
struct rc_file *rc_file_replace(const char *path);

/* Begins a new file under its own name, which must not exist, and is removed again where the process ends before rc_file_commit(). */
struct rc_file *rc_file_create(const char *path, mode_t mode);

/* Syncs it, puts it in place, and frees FILE. */
void rc_file_commit(struct rc_file *file);

/* ---- writing ---- */

/* Writes all of BYTES to FD; false with errno where that fails. */
bool rc_write_full(int fd, const void *bytes, size_t length);

/* The same, but ends the process with RC_RETRY and NAME in the message. */
void rc_write_all(int fd, const char *name, const char *bytes, size_t length);

#endif

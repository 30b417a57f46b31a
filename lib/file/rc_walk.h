/*
 * rc_walk - all that is below a folder, in one order
 *
 * The order is that of the paths' bytes, part by part, so that two walks, or a
 * walk and a list of its paths, can be laid side by side: rc_walk_compare().
 * Nothing is followed: a symbolic link is an entry.  Folders are none; one that
 * can't be read is, and the walk goes on behind it.  In memory are the names of
 * one folder on each level, and a descriptor for each.
 */
#ifndef RC_WALK_H
#define RC_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

enum rc_walk_kind {
	RC_WALK_FILE,
	RC_WALK_LINK,
	RC_WALK_OTHER,	/* a FIFO, socket or device */
	RC_WALK_FAILED,	/* a folder or name that can't be looked at */
};

struct rc_walk_entry {
	enum rc_walk_kind kind;
	const char *path;	/* relative to the root, valid until the next step */
	const char *name;	/* its last part, in the folder that is open as FOLDER */
	int folder;
	int error;		/* errno of what failed */
};

struct rc_walk {
	struct rc_walk_level *levels;
	size_t depth, room;
	struct rc_buf path;
};

/*
 * Begins below the folder that is open as ROOT, at PATH, which rc_walk_is_plain()
 * and may be a file, or at "", the root itself; WALK is {0} or at its end.  False
 * with errno where there is no such thing, or the way to it leads through a
 * symbolic link (ELOOP).
 */
bool rc_walk_start(struct rc_walk *walk, int root, const char *path);

/* The next entry; false at the end. */
bool rc_walk_next(struct rc_walk *walk, struct rc_walk_entry *entry);
void rc_walk_free(struct rc_walk *walk);

/* Whether PATH is relative and has no part that is empty, `.` or `..`. */
bool rc_walk_is_plain(const char *path);

/* Less than, equal to or greater than 0, as path A comes before, is, or comes behind B. */
int rc_walk_compare(const char *a, const char *b);

/* Whether PATH is FOLDER or below it; "" has all below it. */
bool rc_walk_is_below(const char *path, const char *folder);

#endif

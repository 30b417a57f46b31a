/*
 * rc_history - the runs of rc-run, one JSON line each, appended by many at once
 *
 * The file is $RC_HISTORY, else history.ndjson in our folder of states
 * (rc_state.h); an empty RC_HISTORY switches it off.  Who writes holds a lock on
 * the file, so that none is lost when it is full (10 MB) and becomes the .old one.
 */
#ifndef RC_HISTORY_H
#define RC_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_record.h"
#include "rc_str.h"

/* Adds the path, ended by a NUL; false where there is none. */
bool rc_history_path(struct rc_buf *path);

/* Appends one line, which ends in a newline, whole or not at all; 0, or errno where that failed. */
int rc_history_append(const char *line, size_t length);

/*
 * Reads all lines, those of the .old file first, and gives each to TAKE with
 * CONTEXT: as a record, whose text is the line, valid until TAKE returns, or as
 * NULL where it is none, as one that a full disk has cut.  0, or errno where a
 * file that is there could not be read, and then FILE gets its path.
 */
int rc_history_read(void (*take)(void *context, struct rc_record *record), void *context, struct rc_buf *file);

#endif

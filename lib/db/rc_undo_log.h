/*
 * rc_undo_log - what a transaction changes, in a file from which it can be taken back
 *
 * The first record (rc_log_head.h) tells which database it is of, which run and which tables;
 * then there is one for each row that was changed (rc_capture.h), and an end
 * record.  The file is new, for its owner alone, and on the disk as a whole
 * before COMMIT.  Whatever ends the process before that takes it away again, but for SIGKILL:
 *
 *   while it is written     it has no end record; nothing was changed
 *   before COMMIT           it is whole; nothing was changed, and rc-undo finds all rows as they were
 *   during COMMIT           it is whole; where the change took place it can be taken back
 */
#ifndef RC_UNDO_LOG_H
#define RC_UNDO_LOG_H

#include "rc_capture.h"
#include "rc_identity.h"
#include "rc_output.h"

/* {0} is none. */
struct rc_undo_log {
	const char *path;	/* set by the caller; NULL: none is wanted */
	struct rc_output out;
};

/* Makes the file, which must not exist, before a record is read; where none is wanted nothing happens, as in the other functions. */
void rc_undo_log_open(struct rc_undo_log *log);

/* After rc_capture_end(): writes all and brings it to the disk; it stays by rc_pending_keep(). */
void rc_undo_log_write(struct rc_undo_log *log, struct rc_capture *capture, const struct rc_identity *identity);

#endif

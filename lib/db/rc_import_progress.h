/*
 * rc_import_progress - the place up to which records are in, for an import that goes on after a break
 *
 * It is a row of the table rc_import_progress, which is written in the
 * transaction of the rows themselves: the count of records, and the SHA-256 of
 * the last one, by which it is known that the input is the same.
 */
#ifndef RC_IMPORT_PROGRESS_H
#define RC_IMPORT_PROGRESS_H

#include <stdbool.h>

#include "rc_session.h"
#include "rc_stream.h"

struct rc_import_progress {
	struct rc_session *session;
	struct rc_input *in;
	const char *name;	/* of the import; NULL: nothing is kept, and both functions do nothing */
};

/* Outside a transaction: reads past the records that an earlier run has committed.  Ends the process where they are not the same. */
void rc_import_progress_skip(const struct rc_import_progress *progress, struct rc_record *record);

/* In the transaction of its rows: keeps the place behind RECORD, or at the END forgets it. */
void rc_import_progress_keep(const struct rc_import_progress *progress, const struct rc_record *record, bool end);

#endif

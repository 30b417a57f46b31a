/*
 * rc_resume - the place up to which records are in, for work that goes on after a break
 *
 * It is a row of the table rc_import_progress, which is written in the
 * transaction of the batch itself: the count of records, and the SHA-256 of the
 * last one, by which it is known that the input is the same.  Each batch moves
 * the place on from where this run has left it, so of two runs at once the
 * second ends before it does anything twice.  The row goes when all is done and
 * told: a run that was killed before that finds that nothing is left to do.
 *
 * With NAME NULL nothing is kept, and the functions do nothing.
 */
#ifndef RC_RESUME_H
#define RC_RESUME_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_digest.h"
#include "rc_session.h"
#include "rc_stream.h"

struct rc_resume {
	struct rc_session *session;
	const char *name;	/* of the work */

	unsigned long long records;	/* from here on only to be read: those that are committed */
	bool has_table, has_row;
	char digest[RC_DIGEST_HEX + 1];	/* of the last one; "" where the run before had seen the end of its input */
};

/* Outside a transaction: finds the place. */
void rc_resume_find(struct rc_resume *resume);

/*
 * Reads the next of the records that are committed; false when there is none
 * left: RECORD is the last of them then.  Ends the process where the input has
 * fewer.
 */
bool rc_resume_skip(const struct rc_resume *resume, struct rc_input *in, struct rc_record *record);

/* Ends the process where TEXT, the last of those records as rc_resume_keep() was given it, is another one. */
void rc_resume_check(const struct rc_resume *resume, const struct rc_input *in, const char *text, size_t length);

/* In the transaction of a batch: keeps the place behind so many records, the last of which is TEXT (NULL: the input has ended). */
void rc_resume_keep(struct rc_resume *resume, unsigned long long records, const char *text, size_t length);

/* Outside a transaction, when all is committed and told: forgets the place. */
void rc_resume_forget(struct rc_resume *resume);

#endif

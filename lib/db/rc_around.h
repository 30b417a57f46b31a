/*
 * rc_around - SQL files that run once, before the first record and after the last
 *
 * They share a record of their own, into which their rows are merged; the rows
 * of the last file behind are results.
 */
#ifndef RC_AROUND_H
#define RC_AROUND_H

#include <stdbool.h>

#include "rc_record.h"
#include "rc_steps.h"

enum { RC_AROUND_MAX = 128 };

/* Files that run once, in their order. */
struct rc_once {
	const char *files[RC_AROUND_MAX];
	struct rc_statement steps[RC_AROUND_MAX];
	int count;
};

struct rc_around {
	const char *with;	/* the file of the record, or NULL for an empty one; set by the caller */
	struct rc_once before, after;
	struct rc_record record;	/* what they have as $1 */
};

void rc_around_add(struct rc_once *once, const char *file);

/* Reads the record; ends the process where the file has not exactly one. */
void rc_around_read(struct rc_around *around);

/* Prepares the files before one by one, for one may make the table of the next, and runs each; false where one refuses all. */
bool rc_around_run_before(struct rc_around *around, struct rc_steps *steps, bool alone);
void rc_around_prepare_after(struct rc_around *around, struct rc_steps *steps, bool alone);

/* Runs the files after, unless something was refused; RECORDS is a field of their record then. */
void rc_around_run_after(struct rc_around *around, struct rc_steps *steps, unsigned long long records);
void rc_around_free(struct rc_around *around);

#endif

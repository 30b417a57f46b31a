/*
 * rc_import_rejects - records that were refused, and the lines that rows come from
 *
 * Of one transaction the file is replaced as a whole when that ends.  Of
 * batches each adds its own to the file before its COMMIT, for a later run goes
 * on behind it and does not see them again; what ends the process before COMMIT
 * takes them away again, but kill -9 in that moment leaves them there, and they
 * stand there twice after the next run.
 */
#ifndef RC_IMPORT_REJECTS_H
#define RC_IMPORT_REJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_file.h"
#include "rc_row_field.h"
#include "rc_spool.h"
#include "rc_stream.h"

/* From row FROM on, rows come from FILE, row N from line N + SHIFT. */
struct rc_import_place {
	unsigned long long from;
	const char *file;
	long long shift;
};

struct rc_import_rejects {
	/* set by the caller */
	const struct rc_input *in;
	const char *path;		/* where they go with what was wrong, or NULL */
	bool batches;
	long max;			/* so many at most; -1: any number */

	struct rc_output output;	/* of one transaction */
	struct rc_file *emptied;	/* of batches: empty, to replace the file with the first of them */
	struct rc_spool waiting;	/* those of this batch */
	bool added;			/* they are in the file */
	unsigned long long count;
	struct rc_import_place *places;	/* of the rows of this transaction; the caller sets place_count to 0 for a new one */
	size_t place_count, place_room;
};

/* What was wrong with a record. */
struct rc_import_fault {
	const char *file;
	unsigned long long line;
	const char *column;	/* or NULL */
	const char *code, *message;
};

/* Opens the file, to which a run that GOES_ON behind an earlier one adds; the process ends where that can't be done. */
void rc_import_rejects_open(struct rc_import_rejects *rejects, bool goes_on);

/* Notes that ROW, counted from 1, is made of the record that was read last. */
void rc_import_rejects_note(struct rc_import_rejects *rejects, unsigned long long row);

/* Sets where the row came from; false where that is not known. */
bool rc_import_rejects_place(const struct rc_import_rejects *rejects, unsigned long long row, const char **file, unsigned long long *line);

/* Refuses one record: warns, and writes it to the file.  Where it is one too many the process ends; a file of one transaction tells of all. */
void rc_import_reject(struct rc_import_rejects *rejects, const struct rc_import_fault *fault, const char *record, size_t length);

/* The same for the record that was read last. */
void rc_import_reject_record(struct rc_import_rejects *rejects, const struct rc_record *record, const char *column, const struct rc_row_error *error);

/* Before COMMIT, or at the end of a dry run: the file has what was refused by now, on disk. */
void rc_import_rejects_put(struct rc_import_rejects *rejects);

/* After COMMIT: it stays there. */
void rc_import_rejects_keep(struct rc_import_rejects *rejects);
void rc_import_rejects_free(struct rc_import_rejects *rejects);

#endif

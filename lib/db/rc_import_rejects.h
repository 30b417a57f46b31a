/*
 * rc_import_rejects - records that were refused, and the lines that rows come from
 */
#ifndef RC_IMPORT_REJECTS_H
#define RC_IMPORT_REJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_row_field.h"
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
	struct rc_output output;	/* where they go with what was wrong, if has_output */
	bool has_output;
	long max;			/* so many at most; -1: any number */

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

/* Notes that ROW, counted from 1, is made of the record that was read last. */
void rc_import_rejects_note(struct rc_import_rejects *rejects, unsigned long long row);

/* Sets where the row came from; false where that is not known. */
bool rc_import_rejects_place(const struct rc_import_rejects *rejects, unsigned long long row, const char **file, unsigned long long *line);

/* Refuses one record: warns, and writes it to the output.  Where it is one too many the output is kept and the process ends. */
void rc_import_reject(struct rc_import_rejects *rejects, const struct rc_import_fault *fault, const char *record, size_t length);

/* The same for the record that was read last. */
void rc_import_reject_record(struct rc_import_rejects *rejects, const struct rc_record *record, const char *column, const struct rc_row_error *error);

/* Puts the output in its place, for good; no more may be refused then. */
void rc_import_rejects_commit(struct rc_import_rejects *rejects);
void rc_import_rejects_free(struct rc_import_rejects *rejects);

#endif

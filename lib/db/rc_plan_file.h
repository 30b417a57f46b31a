/*
 * rc_plan_file - the file of a plan, as it is read
 */
#ifndef RC_PLAN_FILE_H
#define RC_PLAN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_digest.h"
#include "rc_input.h"
#include "rc_line_sum.h"
#include "rc_log_head.h"

/* {0} before. */
struct rc_plan_file {
	struct rc_log_head head;
	struct rc_line_sum rows;	/* of what was read by now: the lines that RC_CAPTURE_WHAT_WAS has of the rows that were there, */
	unsigned long long new_rows[RC_CAPTURE_TABLES_MAX];	/* and how many are new of each table */
	struct rc_input in;	/* for messages and counts; the rest is not for the caller */
	char *files[1];
	struct rc_record record;
};

/* One row of it; texts are JSON as it stands there, until the next one is read. */
struct rc_plan_row {
	size_t place;			/* of the table in head.tables */
	const char *table, *key, *before;
	size_t table_length, key_length, before_length;
	char digest[RC_DIGEST_HEX + 1];	/* of BEFORE; empty where it is null, and the row a new one */
	bool gone;
};

/* Opens the file and reads its head. */
void rc_plan_file_open(struct rc_plan_file *file, const char *path);

/* The next row; false at the end, which must be a whole file's.  Ends the process where it is none. */
bool rc_plan_file_next(struct rc_plan_file *file, struct rc_plan_row *row);

/* Whether two that were read to the end have the same rows. */
bool rc_plan_file_is_same(const struct rc_plan_file *a, const struct rc_plan_file *b);

void rc_plan_file_free(struct rc_plan_file *file);

#endif

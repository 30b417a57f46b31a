/*
 * rc_staging - records into a temporary table by COPY, for statements that go on with all of them
 *
 * A field goes into the column of its name; a column that a record does not
 * have is null, and a field that is no column is passed over.  Columns of the
 * type text take numbers, too, digit by digit.  What a column can't hold ends
 * the process, or with a column for problems becomes null and is told there.
 */
#ifndef RC_STAGING_H
#define RC_STAGING_H

#include <stddef.h>

#include "rc_copy_in.h"
#include "rc_input.h"
#include "rc_row_field.h"
#include "rc_session.h"
#include "rc_table.h"

struct rc_staging {
	/* set by the caller, who owns them */
	struct rc_session *session;
	const char *table_name;
	const char *problem;	/* the column for what is wrong, or NULL */

	struct rc_table table;
	struct rc_copy_in copy;
	struct rc_staging_column {
		const char *name;
		struct rc_row_target target;
		bool takes_numbers;
		size_t field;	/* of the record that was read last; SIZE_MAX where it has none */
	} *columns;
	size_t count;
	bool mapped, has_problem;
	struct rc_row_error error;	/* the first of the record */
	const char *wrong;	/* the column that it is about, or NULL */
};

/* In a transaction: begins the COPY.  Ends the process where there is no such table or column, or one is of a type that only the server reads. */
void rc_staging_begin(struct rc_staging *staging);

/* Adds a record of IN; false where the server wants no more, which rc_staging_end() tells. */
bool rc_staging_add(struct rc_staging *staging, const struct rc_input *in, const struct rc_record *record);

/* Ends the COPY, or the process where the server has refused it. */
void rc_staging_end(struct rc_staging *staging);
void rc_staging_free(struct rc_staging *staging);

#endif

/*
 * rc_apply_batches - a statement for records in batches, each a transaction of its own
 *
 * Between two batches no transaction is open, and none is while records are
 * waited for.  A batch's results are written after its COMMIT; a batch that is
 * refused ends all, and those before it stay.  The place is kept under a name
 * (rc_resume), so that the same call goes on behind the last record that is in.
 */
#ifndef RC_APPLY_BATCHES_H
#define RC_APPLY_BATCHES_H

#include <stdbool.h>

#include "rc_batch.h"
#include "rc_pace.h"
#include "rc_resume.h"
#include "rc_sent.h"
#include "rc_steps.h"
#include "rc_stream.h"
#include "rc_transaction.h"

/* {0} but for what the caller sets. */
struct rc_apply_batches {
	struct rc_steps *steps;	/* with its session; from here on set by the caller */
	const char *file;	/* of the statement */
	const struct rc_sent *sent;
	struct rc_input *in;
	struct rc_output *out;
	const struct rc_transaction *transaction;
	bool require_end;	/* no batch that the input's end has cut short without an end record */
	struct rc_pace pace;	/* open */
	const char *name;	/* NULL: made of the file's name, without its folder, and the first record */

	struct rc_resume resume;	/* from here on not for the caller */
	struct rc_statement statement;
	struct rc_batch batch;
	struct rc_record record;
	bool has_record;	/* that is read and in no batch yet */
	struct rc_buf made_name;
};

/* All of it, an end record too; OUT's answer tells where a batch was refused. */
void rc_apply_batches(struct rc_apply_batches *work);

#endif

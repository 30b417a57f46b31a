/*
 * rc_owner_target - rows without an owner, looked at before they get one
 */
#ifndef RC_OWNER_TARGET_H
#define RC_OWNER_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_change.h"
#include "rc_input.h"
#include "rc_output.h"
#include "rc_owner.h"
#include "rc_record.h"
#include "rc_scope.h"
#include "rc_session.h"

/* {0} but for the first three is a good beginning. */
struct rc_owner_target {
	struct rc_record record;	/* as it was read; the results are added to it */
	const char *table, *column;

	char *type;			/* of the column, as SQL; NULL where there is none */
	char *rows;			/* SQL condition of the rows that would change; NULL: not in all scopes */
	struct rc_change change;	/* all of it together */
	const char *status;		/* NULL: there are rows to change */
	unsigned long long count;
};

/* Sets status, owner and count in the record, too. */
void rc_owner_target_set(struct rc_owner_target *target, const struct rc_owner *owner, const char *status);

/* Notes that the target is in a bad state (status "error"); CONSTRAINT and ROWS (JSON) may be NULL. */
void rc_owner_target_fail(struct rc_owner_target *target, const struct rc_owner *owner, const char *code, const char *message,
    const char *constraint, const char *rows);
bool rc_owner_target_failed(const struct rc_owner_target *target);

/*
 * Looks at its column, its scopes, and whether it has rows to change; VALUES are
 * the owner's id and those of the scopes.  A status is set where nothing is to be
 * done.  NULL, or the lock in the way, which the caller clears.
 */
PGresult *rc_owner_target_look(struct rc_owner_target *target, struct rc_session *session, const struct rc_owner *owner,
    const struct rc_scope *scope, const struct rc_parameters *values);

/* Where it has rows: would two of them clash?  Then the status is "error". */
void rc_owner_target_look_for_clash(struct rc_owner_target *target, struct rc_session *session, const struct rc_owner *owner);

/* A clash that only the server sees, such as one of two targets together: its words in FAILED are the target's error. */
void rc_owner_target_fail_by_clash(struct rc_owner_target *target, const struct rc_owner *owner, const PGresult *failed);

/* All of them together; {0} is none. */
struct rc_owner_targets {
	struct rc_owner_target *list;
	size_t count;
};

/* Reads them to the end of the input, or ends the process where one can't be a target. */
void rc_owner_targets_read(struct rc_owner_targets *targets, struct rc_input *in);

/* What was changed is rolled back, so none tells of it. */
void rc_owner_targets_take_back(struct rc_owner_targets *targets, const struct rc_owner *owner);
void rc_owner_targets_put(const struct rc_owner_targets *targets, struct rc_output *out);
void rc_owner_targets_free(struct rc_owner_targets *targets);

#endif

/*
 * rc_owner - who becomes the owner of rows, found by a query of the user's
 */
#ifndef RC_OWNER_H
#define RC_OWNER_H

#include "rc_output.h"
#include "rc_record.h"
#include "rc_session.h"
#include "rc_statement.h"

/* Free with rc_owner_free(). */
struct rc_owner {
	const char *user, *file;	/* the name, and the query's file; set by the caller */

	const char *id, *name;	/* as the query gives them; ID is NULL where it gives no row */
	const struct rc_json_field *id_field;
	struct rc_statement query;	/* from here on not for the caller */
	struct rc_record row;
};

/* Reads the file, or ends the process. */
void rc_owner_read(struct rc_owner *owner);

/* In a transaction: runs the query.  NULL, or the lock in the way, which the caller clears; what else is wrong ends the process. */
PGresult *rc_owner_find(struct rc_owner *owner, struct rc_session *session);

/* Writes the one record of a user that is not there. */
void rc_owner_report_absent(const struct rc_owner *owner, struct rc_output *out);
void rc_owner_free(struct rc_owner *owner);

#endif

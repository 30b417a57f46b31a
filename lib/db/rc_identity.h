/*
 * rc_identity - which database this is, so that a plan or an undo log is used on no other one
 *
 * Its name, its oid, which a copy made by pg_dump does not have, and where this
 * role may ask for it the server's system identifier, which a copy of the
 * cluster keeps, with the timeline, which that one leaves when it is promoted.
 */
#ifndef RC_IDENTITY_H
#define RC_IDENTITY_H

#include "rc_record.h"
#include "rc_session.h"
#include "rc_str.h"

/* Texts as the server says, owned; SYSTEM and TIMELINE may be NULL. */
struct rc_identity {
	char *database, *oid, *system, *timeline;
};

/* Asks in the open transaction; IDENTITY is {0}. */
void rc_identity_read(struct rc_session *session, struct rc_identity *identity);

/* Adds it as the fields database, database_oid, system_identifier and timeline of the object that is being written. */
void rc_identity_add(const struct rc_identity *identity, struct rc_buf *out);

/* In what those fields of RECORD differ from it, a static text, or NULL; what either side does not know makes no difference. */
const char *rc_identity_differs(const struct rc_identity *identity, struct rc_record *record);

void rc_identity_free(struct rc_identity *identity);

#endif

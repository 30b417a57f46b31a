/*
 * rc_sent - what of a record is sent to a server
 */
#ifndef RC_SENT_H
#define RC_SENT_H

#include "rc_record.h"

enum { RC_SENT_LOCALS_MAX = 16 };

/* {0} sends all. */
struct rc_sent {
	const char *nul_field;	/* that tells of U+0000, which jsonb can't hold, or NULL; set by the caller */

	const char *locals[RC_SENT_LOCALS_MAX];	/* from here on not for the caller */
	int local_count;
};

/* Never sends this field; ends the process by rc_usage() where it can't be one, or is one too many. */
void rc_sent_add_local(struct rc_sent *sent, const char *field);

/* Takes the local fields out of RECORD. */
void rc_sent_strip(const struct rc_sent *sent, struct rc_record *record);

/* Adds RECORD's text as it is sent: with a field that tells of it, U+FFFD stands for U+0000. */
void rc_sent_write(const struct rc_sent *sent, const struct rc_record *record, struct rc_buf *text);

#endif

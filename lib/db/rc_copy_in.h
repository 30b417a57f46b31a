/*
 * rc_copy_in - rows into the server by COPY ... FROM STDIN (FORMAT binary)
 *
 * The one place for libpq's calls of it.  Rows are added to `rows` and sent as
 * they fill it.  Like rc_session it ends the process where nothing can be done:
 * a connection that breaks is RC_RETRY.
 */
#ifndef RC_COPY_IN_H
#define RC_COPY_IN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_session.h"
#include "rc_str.h"

struct rc_copy_in {
	struct rc_session *session;
	struct rc_buf rows;	/* what is not sent yet; the caller adds whole rows */
	bool open, was_nonblocking;
	PGresult *error;	/* the server's, which ended the COPY */
	unsigned long long taken;	/* rows, as the server counts them, once it has ended well */
};

/* Begins; SQL is the statement.  NULL, or the server's error, which the caller clears. */
PGresult *rc_copy_in_start(struct rc_copy_in *copy, struct rc_session *session, const char *sql);

/* Add a row's number of fields, a field (NULL is null), and a number of 4 or 8 bytes as one. */
void rc_copy_in_row(struct rc_copy_in *copy, unsigned fields);
void rc_copy_in_bytes(struct rc_copy_in *copy, const char *bytes, size_t length);
void rc_copy_in_number(struct rc_copy_in *copy, unsigned long long number, size_t size);

/* After a row was added: sends them where they are many; false where the server has refused the rows, which rc_copy_in_end() tells. */
bool rc_copy_in_flush(struct rc_copy_in *copy);

/* Sends the rest and ends the COPY.  NULL, or the server's error, which the caller clears. */
PGresult *rc_copy_in_end(struct rc_copy_in *copy);

void rc_copy_in_free(struct rc_copy_in *copy);

#endif

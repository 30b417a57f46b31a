/*
 * rc_copy_out - the bytes of COPY ... TO STDOUT
 *
 * The one place for libpq's calls of it.  Like rc_session it ends the process
 * where nothing can be done: a stream that breaks off is RC_RETRY.  The message
 * says after how many rows, for the one that failed has no name.
 */
#ifndef RC_COPY_OUT_H
#define RC_COPY_OUT_H

#include <stddef.h>
#include <time.h>

#include "rc_session.h"
#include "rc_stream.h"

struct rc_copy_out {
	struct rc_session *session;
	const char *what;	/* for messages */
	char *message;		/* of libpq's, or NULL */
	unsigned long long messages;	/* that came */
	struct timespec waited;	/* when it waited last */
	size_t flow;		/* bytes since then */
};

/* Sends SQL, one COPY statement.  WHAT must live until the end of the stream. */
void rc_copy_out_start(struct rc_copy_out *copy, struct rc_session *session, const char *what, const char *sql);

/*
 * The next message (COPY binary: a row), valid until the next call; NULL where
 * the server has ended the stream and said that the statement is complete.
 * Before it waits for long it writes out OUTPUT, so that a slow query's rows
 * are seen soon.
 */
const char *rc_copy_out_next(struct rc_copy_out *copy, struct rc_output *output, size_t *length);

#endif

/*
 * rc_http_state - what a server said of a listing when it came whole: its ETag and time, to ask for it only where it has changed
 *
 * One record in a file: {"v","url","etag","last_modified"}.
 */
#ifndef RC_HTTP_STATE_H
#define RC_HTTP_STATE_H

#include "rc_http.h"
#include "rc_record.h"

struct rc_http_state {
	const char *etag, *modified;	/* NULL where there is none; they are the record's */
	struct rc_record record;
};

/* Reads what FILE has of URL into STATE, which is {0}; nothing where the file is not there, or of another URL. */
void rc_http_state_read(struct rc_http_state *state, const char *file, const char *url);

/*
 * Replaces FILE by what ANSWER says of URL; of a listing of several PAGES
 * nothing, since a page's tag tells nothing of the others.  Like all that
 * writes files it ends the process where that fails.
 */
void rc_http_state_write(const char *file, const char *url, const struct rc_http_answer *answer, unsigned pages);

void rc_http_state_free(struct rc_http_state *state);

#endif

/*
 * rc_http - GET over HTTP: redirects, tokens and patience
 *
 * One answer at a time, of perhaps many exchanges (rc_http_exchange).  What
 * passes by itself is tried again: a lost or refused connection, a body that
 * was cut, 408, 425, 429 and 5xx, with a pause that doubles and has a random
 * part, or as long as Retry-After says.  A token goes only to the scheme, host and port of the
 * listing's own URL, whatever redirects and links say, and into no message.
 */
#ifndef RC_HTTP_H
#define RC_HTTP_H

#include "rc_http_exchange.h"
#include "rc_secret.h"

struct rc_http {
	struct rc_http_exchange exchange;	/* the caller sets its limits, ca_file and body */
	long tries, pause, pause_max, wait_max;	/* the last: of a Retry-After; milliseconds */
	long interval;			/* between the starts of two requests */
	struct rc_secret token;		/* length 0: none */
	const char *token_header;	/* where it goes if not to `Authorization: Bearer` */
	const char *oauth_url, *oauth_client, *oauth_scope;	/* for client credentials; NULL: none */
	struct rc_secret oauth_secret;
	unsigned page;			/* of the listing, for messages; the caller counts on */

	char *home;			/* not for the caller: the origin that the token is for */
};

/* Makes the handle; limits and tries are the caller's to set before.  Closing wipes the secrets, which it owns. */
void rc_http_open(struct rc_http *http);
void rc_http_close(struct rc_http *http);

/* The listing that begins at URL: the token is for its origin. */
void rc_http_begin_listing(struct rc_http *http, const char *url);

/*
 * GETs URL, conditionally where ETAG or MODIFIED are not NULL.  An answer that
 * is neither 200 nor 304, or a body that is not what was expected, ends the
 * process; so does the last try.  ANSWER is the caller's;
 * its status is then one of the two, its url that of the last redirect.
 */
void rc_http_get(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_http_answer *answer);

#endif

/*
 * rc_http - GET over HTTP, with patience and limits
 *
 * One answer at a time, its body handed on as it comes.  What passes by itself
 * is tried again: a lost or refused connection, a body that was cut, 408, 425,
 * 429 and 5xx, with a pause that doubles and has a random part, or as long as
 * Retry-After says.  A token goes only to the scheme, host and port of the
 * listing's own URL, whatever redirects and links say, and into no message.
 */
#ifndef RC_HTTP_H
#define RC_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_secret.h"
#include "rc_str.h"

enum { RC_HTTP_WORDS = 80 };

/* Who gets the body.  A try that fails is followed by another begin(). */
struct rc_http_body {
	void (*begin)(void *context);
	bool (*read)(void *context, const char *bytes, size_t length);	/* false where it is not what was expected */
	bool (*end)(void *context);	/* whether it is whole */
	const char *(*reason)(void *context);	/* why one of these was false; NULL after end() for a body that was cut */
	void *context;
};

struct rc_http_answer {
	long status;			/* 200 or 304 */
	struct rc_buf type, link, etag, modified, total;	/* headers, ended by a NUL; empty where absent */
	char words[RC_HTTP_WORDS];	/* the first bytes of the body */
	size_t words_length;
	struct rc_buf url;		/* where it came from in the end */
};

struct rc_http {
	long connect_limit, first_byte_limit, whole_limit;	/* milliseconds, 0: none */
	long tries, pause, pause_max, wait_max;	/* the last: of a Retry-After */
	long interval;			/* between the starts of two requests */
	const char *ca_file;		/* or NULL */
	struct rc_secret token;		/* length 0: none */
	const char *token_header;	/* where it goes if not to `Authorization: Bearer` */
	const char *oauth_url, *oauth_client, *oauth_scope;	/* for client credentials; NULL: none */
	struct rc_secret oauth_secret;
	struct rc_http_body body;

	CURL *curl;			/* from here on not for the caller */
	char error[CURL_ERROR_SIZE];
	char *home;			/* the origin that the token is for */
	long long started, last_start;
	bool heard, late, is_file, body_is_wanted, body_is_bad;
	struct rc_http_answer *answer;
	struct rc_buf *collect;		/* the body goes there instead (a token's) */
	unsigned page;			/* for messages */
};

/* Makes the handle; limits and tries are the caller's to set before. */
void rc_http_open(struct rc_http *http);
void rc_http_close(struct rc_http *http);

/* The listing that begins at URL: the token is for its origin. */
void rc_http_begin_listing(struct rc_http *http, const char *url);

/*
 * GETs URL, conditionally where ETAG or MODIFIED are not NULL.  An answer that
 * is neither 200 nor 304, or a body that is not what was expected, ends the
 * process; so does the last try.
 */
void rc_http_get(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_http_answer *answer);
void rc_http_answer_free(struct rc_http_answer *answer);

/* REFERENCE as seen from BASE, or URL with NAME=VALUE added to its query; the caller frees with curl_free().  NULL where it is no URL. */
char *rc_http_resolve(const char *base, const char *reference);
char *rc_http_add_parameter(const char *url, const char *name, const char *value);

/* URL without what may be secret in it (user, query), for messages; the caller frees with curl_free(). */
char *rc_http_shown(const char *url);

#endif

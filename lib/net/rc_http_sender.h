/*
 * rc_http_sender - bodies that are POSTed to one URL, several at a time, with patience
 *
 * A parcel is a body and its answer.  Up to JOBS are under way at once, of
 * twice as many that are held, so that one that is slow does not hold up the
 * others.  Each answer is judged as it comes, and handed on in the order in
 * which the bodies were sent.
 *
 * Where the server has no room (429, 503, or the judge says so) half as many
 * go at once, after a pause that doubles, or as long as Retry-After says; with
 * each that is taken it becomes more again, bit by bit.  What passes by itself
 * (that, 408, 425, 5xx, a connection that is refused or lost, no answer in
 * time) is sent again while the patience lasts, which is counted from when the
 * server took something last.  All else ends the process: RC_RETRY where the
 * patience is over, RC_FATAL for a status that will not pass.
 */
#ifndef RC_HTTP_SENDER_H
#define RC_HTTP_SENDER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_secret.h"
#include "rc_str.h"

enum rc_http_verdict {
	RC_HTTP_TAKEN,
	RC_HTTP_AGAIN,		/* the body, which the judge may have made smaller, is to be sent again: the server has no room */
	RC_HTTP_AT_ONCE,	/* the same, but the server is not busy */
};

enum { RC_HTTP_JOBS_MAX = 256 };

struct rc_http_parcel {
	struct rc_buf body, answer;	/* the caller fills the one and reads the other, which is ended by a NUL */
	long status;			/* of the answer */
	struct rc_buf reason;		/* for the judge: why it is to be sent again */
	bool moved;			/* for the judge: a part of it was taken */
	void *own;			/* the caller's; NULL when the parcel is used for the first time */

	int state;			/* from here on not for the caller */
	CURL *curl;
	char error[CURL_ERROR_SIZE];
};

struct rc_http_sender {
	/* Set by the caller, who keeps what is pointed to. */
	const char *url;		/* may have a user and password, which no message shows */
	const char *content_type;
	const char *ca_file;		/* or NULL */
	const struct rc_secret *token;	/* length 0: none */
	const char *token_header;	/* where it goes if not to `Authorization: Bearer` */
	long jobs, connect_limit, limit, pause, pause_max, patience;	/* but for the first: milliseconds */
	enum rc_http_verdict (*judge)(void *context, struct rc_http_parcel *parcel);	/* of an answer of 2xx */
	void (*deliver)(void *context, struct rc_http_parcel *parcel);	/* one that was taken, in order */
	void *context;

	CURLM *multi;			/* from here on not for the caller */
	struct curl_slist *headers;
	struct rc_http_parcel *parcels;
	size_t room, first, count;	/* a ring; of those COUNT, some are done already */
	long under_way;
	double window;			/* so many may be under way */
	long long taken_at, not_before, pause_now;
	unsigned long long put_off;	/* how often something was sent again; the caller may read it */
};

void rc_http_sender_open(struct rc_http_sender *sender);

/* Makes progress; waits a while for it, or until FD (-1: none) can be read, unless there is none to be made. */
void rc_http_sender_turn(struct rc_http_sender *sender, int fd);

/* Whether there is something under way, or to be sent again. */
bool rc_http_sender_busy(const struct rc_http_sender *sender);

/* An empty parcel, waited for where there is none. */
struct rc_http_parcel *rc_http_sender_parcel(struct rc_http_sender *sender);

/* Sends the parcel that was got last. */
void rc_http_sender_send(struct rc_http_sender *sender);

/* Waits for all. */
void rc_http_sender_finish(struct rc_http_sender *sender);

/* Calls RELEASE with each parcel's own (where it is not NULL), and frees the rest. */
void rc_http_sender_close(struct rc_http_sender *sender, void (*release)(void *own));

#endif

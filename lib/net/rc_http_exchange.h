/*
 * rc_http_exchange - one request and its answer, over libcurl
 *
 * The body is handed on as it comes, while another thread gets more of it; the
 * headers that rc asks for are kept.
 * No redirect is followed and nothing is tried again: both are the caller's
 * (rc_http).  Where libcurl can't be started or memory is out the process ends;
 * every other failure is returned.
 */
#ifndef RC_HTTP_EXCHANGE_H
#define RC_HTTP_EXCHANGE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "rc_relay.h"
#include "rc_str.h"

enum { RC_HTTP_WORDS = 80, RC_HTTP_COLLECT_MAX = 64 * 1024 };

/* Who gets the body.  A try that fails is followed by another begin(). */
struct rc_http_body {
	void (*begin)(void *context);
	bool (*read)(void *context, char *bytes, size_t length);	/* false where it is not what was expected; see rc_items_read() */
	bool (*end)(void *context);	/* whether it is whole */
	const char *(*reason)(void *context);	/* why one of these was false; NULL after end() for a body that was cut */
	void *context;
};

/* What came back; the caller's, who frees it with rc_http_answer_free(), and may give it to one exchange after another. */
struct rc_http_answer {
	long status;			/* 0: there was none */
	struct rc_buf type, link, etag, modified, total;	/* headers, ended by a NUL; empty where absent */
	char words[RC_HTTP_WORDS];	/* the first bytes of the body */
	size_t words_length;
	struct rc_buf url;		/* where it came from in the end */
};

/* One handle, for one exchange after another; what it points to is the caller's. */
struct rc_http_exchange {
	long connect_limit, first_byte_limit, whole_limit;	/* milliseconds, 0: none */
	const char *ca_file;		/* or NULL */
	struct rc_http_body body;
	struct rc_buf *collect;		/* the body goes there instead, up to RC_HTTP_COLLECT_MAX; NULL: to BODY */
	struct rc_http_answer *answer;
	bool is_file;			/* the URL's scheme is file: and no other; else http or https */

	CURL *curl;			/* for options of the request that are not here */
	CURLcode code;			/* what became of it */
	struct rc_relay relay;		/* of the body */
	long long started;		/* what comes out of an exchange, from here on: when it began (rc_clock_ms), 0 before the first */
	bool late;			/* no answer within first_byte_limit */
	bool body_is_bad;		/* BODY did not take it, and has the reason */
	char error[CURL_ERROR_SIZE];	/* libcurl's words, perhaps none */
	bool heard;			/* something came */
};

/* Makes the handle; limits and ca_file are the caller's to set before. */
void rc_http_exchange_open(struct rc_http_exchange *exchange);
void rc_http_exchange_close(struct rc_http_exchange *exchange);

/*
 * Sends one request to URL with HEADERS and fills the answer, but for its url.
 * CURLE_OK where an answer came whole, whatever its status; else what libcurl
 * says; CURLE_WRITE_ERROR where the body was not taken or has no room.  A body
 * whose status is not 200 is not handed on.
 */
CURLcode rc_http_exchange(struct rc_http_exchange *exchange, const char *url, struct curl_slist *headers);

/* Whether such a failure may be gone at the next try. */
bool rc_http_failure_passes(CURLcode code);

/* How many milliseconds to wait after try NUMBER, from 1, failed: FIRST, twice as long each time up to MOST, the half of it by chance. */
long long rc_http_pause(long long first, long long most, long number);

/* LIST with a header more, of which copies are made (NULL: a new list); rc_http_headers_free() wipes it, for it may hold a token. */
struct curl_slist *rc_http_header_add(struct curl_slist *list, const char *name, const char *value);
void rc_http_headers_free(struct curl_slist *list);

/* Adds status, type and first words of the answer to WORDS, for a message. */
void rc_http_answer_show(const struct rc_http_answer *answer, struct rc_buf *words);

void rc_http_answer_free(struct rc_http_answer *answer);

#endif

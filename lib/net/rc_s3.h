/*
 * rc_s3 - objects of an S3 store: which store, and one request after another, with patience
 *
 * The store is AWS, or what speaks as it does behind --endpoint.  The keys are
 * the secrets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one,
 * AWS_SESSION_TOKEN (rc_secret.h).
 *
 * What passes by itself is tried again while the patience lasts: 429, 5xx but
 * 501, RequestTimeout, a connection that is refused or lost, and one in which
 * nothing moves for a while; with a pause that doubles and has a random part, or
 * as long as Retry-After says.  Where it was over once, each further request gets one try,
 * until one succeeds.  No redirect is followed: a signature is for one host.
 */
#ifndef RC_S3_H
#define RC_S3_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "rc_finding.h"
#include "rc_opt.h"
#include "rc_s3_sign.h"
#include "rc_str.h"

enum {
	RC_S3_BUCKET = RC_OPT_LONG + 500, RC_S3_PREFIX, RC_S3_ENDPOINT, RC_S3_REGION, RC_S3_ADDRESSING, RC_S3_CONNECT, RC_S3_TIMEOUT,
	RC_S3_PATIENCE, RC_S3_PAUSE, RC_S3_CACERT,
};

/* For a filter's table. */
#define RC_S3_OPTIONS \
	{ RC_S3_BUCKET, "bucket", "NAME", "the bucket that the objects are in" }, \
	{ RC_S3_PREFIX, "prefix", "TEXT", "goes in front of every key, with a slash between" }, \
	{ RC_S3_ENDPOINT, "endpoint", "URL", "the store (default: AWS_S3_ENDPOINT_URL or AWS_ENDPOINT_URL, else AWS)" }, \
	{ RC_S3_REGION, "region", "NAME", "its region (default: AWS_REGION or AWS_DEFAULT_REGION, else us-east-1)" }, \
	{ RC_S3_ADDRESSING, "addressing", "HOW", "the bucket stands in the path or the host (default: path with --endpoint)" }, \
	{ RC_S3_CONNECT, "connect-timeout", "DURATION", "for a connection (default: 10s)" }, \
	{ RC_S3_TIMEOUT, "timeout", "DURATION", "give up a try in which nothing moves for so long (default: 1m)" }, \
	{ RC_S3_PATIENCE, "patience", "DURATION", "go on trying for so long (default: 2m)" }, \
	{ RC_S3_PAUSE, "pause", "DURATION", "before the second try; it doubles, up to 10s (default: 200ms)" }, \
	{ RC_S3_CACERT, "cacert", "FILE", "trust the authorities in FILE instead of the system's (default: AWS_CA_BUNDLE)" }

/* The store, which threads share. */
struct rc_s3 {
	const char *bucket, *prefix, *endpoint, *region, *addressing, *ca_file;
	long connect_limit, stall_limit, patience, pause;	/* milliseconds */

	struct rc_s3_keys keys;			/* from here on not for the caller */
	struct rc_buf origin, host, base;	/* https://host:port, host:port, what stands before a key in a path */
	atomic_bool away;
};

/* The defaults. */
void rc_s3_begin(struct rc_s3 *s3);

/* Takes one of the options above; false where OPT is another. */
bool rc_s3_option(struct rc_s3 *s3, int opt);

/* When all options are read: finds the store and the keys; ends the process where one is missing or bad. */
void rc_s3_open(struct rc_s3 *s3);
void rc_s3_close(struct rc_s3 *s3);

/* KEY with the prefix, which the caller frees. */
char *rc_s3_key(const struct rc_s3 *s3, const char *key);

/* What a thread asks with; one request at a time. */
struct rc_s3_client {
	struct rc_s3 *s3;
	CURL *curl;
	long status;			/* of the last answer; 0: there was none */
	struct rc_s3_headers headers;	/* of that answer */
	const char *method;		/* of that request */
	struct rc_buf code, message;	/* why it was refused or given up, ended by a NUL */

	struct rc_buf words;		/* from here on not for the caller: the first bytes of such an answer */
	struct rc_s3_request *request;
	off_t sent;
	bool stopped;
	char error[CURL_ERROR_SIZE];
};

enum rc_s3_outcome {
	RC_S3_DONE,		/* the answer was 2xx, and came whole */
	RC_S3_REFUSED,		/* CODE is the store's, or that of HTTP in words */
	RC_S3_AWAY,		/* the patience is over */
	RC_S3_STOPPED,		/* one of the request's own functions said so */
};

struct rc_s3_request {
	const char *method;		/* GET, HEAD or PUT, a static text */
	const char *key;		/* with the prefix */
	const struct rc_s3_headers *headers;	/* more than those of the signature; or NULL */
	int fd;				/* of PUT: the body, read from its beginning with pread(2) */
	off_t size;
	const char *sha256;
	bool (*begin)(void *context);	/* of GET: the body begins, perhaps anew; or NULL */
	bool (*take)(void *context, const char *bytes, size_t length);
	/* Before another try of what may have taken place: whether to make it.  It may make requests of its own.  Or NULL. */
	bool (*again)(void *context);
	void *context;
};

struct rc_s3_client *rc_s3_client_new(struct rc_s3 *s3);
void rc_s3_client_free(struct rc_s3_client *client);

/* Makes the request.  Neither dies nor writes, but where memory is out. */
enum rc_s3_outcome rc_s3_ask(struct rc_s3_client *client, struct rc_s3_request *request);

/* What the store said, or why there was no answer; kept while others ask, {0} at first. */
struct rc_s3_refusal {
	struct rc_buf code, message;
};

/* Keeps why the last request was not answered well, and sets FINDING, whose texts are the refusal's, to that error. */
void rc_s3_refusal_find(struct rc_s3_refusal *refusal, const struct rc_s3_client *client, struct rc_finding *finding);
void rc_s3_refusal_free(struct rc_s3_refusal *refusal);

#endif

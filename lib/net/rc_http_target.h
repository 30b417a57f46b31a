/*
 * rc_http_target - which server records are sent to, and how patiently: the options that filters share
 */
#ifndef RC_HTTP_TARGET_H
#define RC_HTTP_TARGET_H

#include "rc_http_sender.h"
#include "rc_input.h"
#include "rc_opt.h"
#include "rc_secret.h"

enum {
	RC_HTTP_TARGET = RC_OPT_LONG + 400, RC_HTTP_URL, RC_HTTP_URL_OF, RC_HTTP_PATH, RC_HTTP_JOBS, RC_HTTP_BATCH, RC_HTTP_BYTES,
	RC_HTTP_CONNECT, RC_HTTP_TIMEOUT, RC_HTTP_PATIENCE, RC_HTTP_PAUSE, RC_HTTP_CACERT, RC_HTTP_TOKEN, RC_HTTP_TOKEN_HEADER,
};

/* For a filter's table; the defaults are rc_http_target_begin()'s. */
#define RC_HTTP_TARGET_OPTIONS \
	{ RC_HTTP_URL, "url", "URL", "the server's address; others can see it: one with a password goes by --url-of" }, \
	{ RC_HTTP_URL_OF, "url-of", "NAME", "the variable, or other secret, that holds the address" }, \
	{ RC_HTTP_PATH, "path", "PATH", "goes behind the address" }, \
	{ RC_HTTP_JOBS, "jobs", "N", "so many requests at once (default: 4)" }, \
	{ RC_HTTP_BATCH, "batch", "N", "at most N records in one request (default: 1000)" }, \
	{ RC_HTTP_BYTES, "batch-bytes", "N", "begin another request when one has N bytes (default: 5000000)" }, \
	{ RC_HTTP_CONNECT, "connect-timeout", "DURATION", "for a connection (default: 10s)" }, \
	{ RC_HTTP_TIMEOUT, "timeout", "DURATION", "for one whole answer (default: 2m, and no more than --patience)" }, \
	{ RC_HTTP_PATIENCE, "patience", "DURATION", "go on trying while nothing is taken (default: 5m)" }, \
	{ RC_HTTP_PAUSE, "pause", "DURATION", "before the second try; it doubles, up to 10s (default: 200ms)" }, \
	{ RC_HTTP_CACERT, "cacert", "FILE", "trust the authorities in FILE instead of the system's" }, \
	{ RC_HTTP_TOKEN, "token", "SECRET", "send the secret of that name as a bearer token" }, \
	{ RC_HTTP_TOKEN_HEADER, "token-header", "NAME", "send it bare in this header instead" }

struct rc_http_target {
	struct rc_http_sender sender;
	const char *url, *path;
	struct rc_secret url_secret, token;
	long batch, bytes;
	struct rc_buf address;
};

/* The defaults. */
void rc_http_target_begin(struct rc_http_target *target);

/* The secret NAME, of one line, for --OPTION; ends the process where there is none. */
void rc_http_find_secret(const char *option, const char *name, struct rc_secret *secret);

/* Takes one of the options above; false where OPT is another. */
bool rc_http_target_option(struct rc_http_target *target, int opt);

/* When all options are read and the sender's calls are set: makes the sender; ends the process where there is no address. */
void rc_http_target_open(struct rc_http_target *target);

/* How records become bodies; CONTEXT is the sender's. */
struct rc_http_filling {
	void (*begin)(void *context, struct rc_http_parcel *parcel);	/* a body, which is empty */
	/* Adds the record; so many the parcel has then. */
	unsigned long long (*add)(void *context, struct rc_http_parcel *parcel, struct rc_record *record);
	void (*end)(void *context, struct rc_http_parcel *parcel);	/* what goes behind the last one; or NULL */
};

/* Sends all that is in IN, in requests that are as large as the options say, and waits for all answers. */
void rc_http_target_send(struct rc_http_target *target, struct rc_input *in, const struct rc_http_filling *filling);

void rc_http_target_close(struct rc_http_target *target, void (*release)(void *own));

#endif

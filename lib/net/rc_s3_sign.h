/*
 * rc_s3_sign - the signature of a request to an S3 store (AWS Signature Version 4)
 *
 * It is made here and not by libcurl: that of Debian 12 (7.88) puts headers in
 * order with their colons, so that a store refuses an object which has the
 * metadata `a` and `a-b`, or a KMS key; and it keeps the secret in memory.
 */
#ifndef RC_S3_SIGN_H
#define RC_S3_SIGN_H

#include <curl/curl.h>
#include <stddef.h>
#include <time.h>

#include "rc_secret.h"
#include "rc_str.h"

/* Headers of a request or an answer, {0} at first; names are in lower case. */
struct rc_s3_header {
	char *name, *value;
};

struct rc_s3_headers {
	struct rc_s3_header *items;
	size_t count, room;
};

/* Adds one, of copies, without the blanks around the value. */
void rc_s3_headers_add(struct rc_s3_headers *headers, const char *name, size_t name_length, const char *value, size_t value_length);

/* The value, or NULL. */
const char *rc_s3_headers_find(const struct rc_s3_headers *headers, const char *name);

/* Clears and frees what is in it. */
void rc_s3_headers_free(struct rc_s3_headers *headers);

struct rc_s3_keys {
	struct rc_secret id, secret, session;	/* of the last LENGTH 0 where there is none */
};

struct rc_s3_signing {
	const struct rc_s3_keys *keys;
	const char *region, *method, *host;
	const char *path;		/* as it stands in the request, see rc_buf_add_encoded() */
	const char *sha256;		/* of the body, in hex; NULL: there is none */
	const struct rc_s3_headers *headers;	/* besides those that are made here, or NULL; all of them are signed */
	time_t time;
};

/* All headers with the signature, for libcurl; freed by rc_http_headers_free().  Memory that is out ends the process. */
struct curl_slist *rc_s3_sign(const struct rc_s3_signing *signing);

#endif

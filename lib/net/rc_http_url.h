/*
 * rc_http_url - URLs taken apart and put together, by libcurl
 *
 * Each function gives a new URL, which the caller frees with curl_free(), or
 * NULL where it was given what is no URL.  Where memory is out the process
 * ends.
 */
#ifndef RC_HTTP_URL_H
#define RC_HTTP_URL_H

/* URL as libcurl writes it. */
char *rc_http_normal(const char *url);

/* REFERENCE as seen from BASE. */
char *rc_http_resolve(const char *base, const char *reference);

/* URL with NAME=VALUE added to its query. */
char *rc_http_add_parameter(const char *url, const char *name, const char *value);

/* URL without what may be secret in it (user, query), for messages. */
char *rc_http_shown(const char *url);

/* The scheme, host and port of URL, the port where it is the scheme's own too; two that are equal but for case are one origin. */
char *rc_http_origin(const char *url);

#endif

/*
 * rc_s3_store - which S3 store: the options, its address and the keys (rc_s3.h)
 */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_s3.h"

/* The first of these variables that is set and not empty, or NULL. */
static const char *
setting(const char *first, const char *second)
{
	const char *value = getenv(first);

	if (value != NULL && *value != '\0')
		return value;
	value = second == NULL ? NULL : getenv(second);
	return value != NULL && *value != '\0' ? value : NULL;
}

void
rc_s3_begin(struct rc_s3 *s3)
{
	*s3 = (struct rc_s3){ .prefix = "", .connect_limit = 10000, .stall_limit = 60000, .patience = 120000, .pause = 200,
	    .endpoint = setting("AWS_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL"), .region = setting("AWS_REGION", "AWS_DEFAULT_REGION"),
	    .ca_file = setting("AWS_CA_BUNDLE", NULL) };
}

bool
rc_s3_option(struct rc_s3 *s3, int opt)
{
	switch (opt) {
	case RC_S3_BUCKET: s3->bucket = optarg; return true;
	case RC_S3_PREFIX: s3->prefix = optarg; return true;
	case RC_S3_ENDPOINT: s3->endpoint = optarg; return true;
	case RC_S3_REGION: s3->region = optarg; return true;
	case RC_S3_ADDRESSING: s3->addressing = optarg; return true;
	case RC_S3_CONNECT: s3->connect_limit = rc_opt_duration("connect-timeout", optarg); return true;
	case RC_S3_TIMEOUT: s3->stall_limit = rc_opt_duration("timeout", optarg); return true;
	case RC_S3_PATIENCE: s3->patience = rc_opt_duration("patience", optarg); return true;
	case RC_S3_PAUSE: s3->pause = rc_opt_duration("pause", optarg); return true;
	case RC_S3_CACERT: s3->ca_file = optarg; return true;
	default: return false;
	}
}

/* Whether TEXT has only letters, digits and those of MORE: it becomes part of a host or a signature. */
static bool
is_plain(const char *text, const char *more)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && strchr(more, text[i]) == NULL)
			return false;
	return length > 0;
}

/* A part of the URL; "" where it has none. */
static char *
part(CURLU *url, CURLUPart which)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, which, &text, 0) != CURLUE_OK)
		text = NULL;
	copy = text == NULL ? rc_strndup("", 0) : rc_strndup(text, strlen(text));
	curl_free(text);
	return copy;
}

/* Takes the endpoint apart; the bucket goes before the host where it is IN_HOST, else behind the path. */
static void
find_address(struct rc_s3 *s3, const char *endpoint, bool in_host)
{
	CURLU *url = curl_url();
	char *scheme, *host, *port, *path, *user, *query;
	size_t length;

	if (url == NULL)
		rc_die(RC_RETRY, "out of memory");
	if (curl_url_set(url, CURLUPART_URL, endpoint, 0) != CURLUE_OK)
		rc_die(RC_FATAL, "the endpoint is no URL of HTTP");
	scheme = part(url, CURLUPART_SCHEME), host = part(url, CURLUPART_HOST), port = part(url, CURLUPART_PORT);
	path = part(url, CURLUPART_PATH), user = part(url, CURLUPART_USER), query = part(url, CURLUPART_QUERY);
	if ((strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) || *host == '\0')
		rc_die(RC_FATAL, "the endpoint is no URL of HTTP");
	if (*user != '\0' || *query != '\0')
		rc_die(RC_FATAL, "the endpoint has a user or a query, which S3 has no use for");
	if (strcmp(port, strcmp(scheme, "http") == 0 ? "80" : "443") == 0)
		*port = '\0';
	rc_buf_printf(&s3->host, "%s%s%s%s%s", in_host ? s3->bucket : "", in_host ? "." : "", host, *port == '\0' ? "" : ":", port);
	rc_buf_printf(&s3->origin, "%s://%s", scheme, rc_buf_text(&s3->host));
	rc_buf_text(&s3->origin);
	for (length = strlen(path); length > 0 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	rc_buf_add_text(&s3->base, path);
	rc_buf_add_text(&s3->base, "/");
	if (!in_host)
		rc_buf_printf(&s3->base, "%s/", s3->bucket);
	rc_buf_text(&s3->base);
	free(scheme), free(host), free(port), free(path), free(user), free(query);
	curl_url_cleanup(url);
}

static void
need_secret(const char *name, struct rc_secret *secret)
{
	if (!rc_secret_find_line(name, secret))
		rc_die(RC_FATAL, "%s is not set", name);
}

static void
check_line(const char *name, const struct rc_secret *secret)
{
	if (strpbrk(secret->bytes, "\r\n") != NULL)
		rc_die(RC_FATAL, "%s has more than one line", name);
}

void
rc_s3_open(struct rc_s3 *s3)
{
	struct rc_buf aws = {0};
	bool in_host;

	if (s3->bucket == NULL)
		rc_usage("--bucket must be given");
	if (!is_plain(s3->bucket, ".-_"))
		rc_usage("--bucket: not a bucket's name");
	if (s3->region == NULL)
		s3->region = "us-east-1";
	if (!is_plain(s3->region, "-_"))
		rc_usage("the region has characters that no region has");
	if (s3->addressing != NULL && strcmp(s3->addressing, "path") != 0 && strcmp(s3->addressing, "host") != 0)
		rc_usage("--addressing takes path or host, not '%s'", s3->addressing);
	/* A certificate is for one name below AWS's, so no dot may be in the bucket's. */
	in_host = s3->addressing != NULL ? strcmp(s3->addressing, "host") == 0 : s3->endpoint == NULL && strchr(s3->bucket, '.') == NULL;
	rc_buf_printf(&aws, "https://s3.%s.amazonaws.com%s", s3->region, rc_str_begins(s3->region, "cn-") ? ".cn" : "");
	find_address(s3, s3->endpoint != NULL ? s3->endpoint : rc_buf_text(&aws), in_host);
	rc_buf_free(&aws);
	need_secret("AWS_ACCESS_KEY_ID", &s3->keys.id);
	need_secret("AWS_SECRET_ACCESS_KEY", &s3->keys.secret);
	if (rc_secret_find_line("AWS_SESSION_TOKEN", &s3->keys.session))
		check_line("AWS_SESSION_TOKEN", &s3->keys.session);
	check_line("AWS_ACCESS_KEY_ID", &s3->keys.id);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		rc_die(RC_RETRY, "libcurl can't be started");
}

void
rc_s3_close(struct rc_s3 *s3)
{
	rc_secret_wipe(&s3->keys.id);
	rc_secret_wipe(&s3->keys.secret);
	if (s3->keys.session.length > 0)
		rc_secret_wipe(&s3->keys.session);
	rc_buf_free(&s3->origin);
	rc_buf_free(&s3->host);
	rc_buf_free(&s3->base);
	curl_global_cleanup();
}

char *
rc_s3_key(const struct rc_s3 *s3, const char *key)
{
	size_t length = strlen(s3->prefix);
	struct rc_buf whole = {0};

	while (length > 0 && s3->prefix[length - 1] == '/')
		length--;
	rc_buf_add(&whole, s3->prefix, length);
	if (length > 0)
		rc_buf_add(&whole, "/", 1);
	rc_buf_add_text(&whole, key);
	return rc_buf_text(&whole);
}

/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http_url.h"

#include <curl/curl.h>
#include <stdbool.h>

#include "rc_err.h"
#include "rc_str.h"

static CURLU *
parse(const char *url)
{
	CURLU *parts = curl_url();

	if (parts == NULL)
		rc_die(RC_RETRY, "out of memory");
	if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
		return parts;
	curl_url_cleanup(parts);
	return NULL;
}

static char *
whole(CURLU *parts)
{
	char *url = NULL;

	if (curl_url_get(parts, CURLUPART_URL, &url, 0) != CURLUE_OK)
		url = NULL;
	curl_url_cleanup(parts);
	return url;
}

char *
rc_http_resolve(const char *base, const char *reference)
{
	CURLU *parts = parse(base);

	if (parts == NULL)
		return NULL;
	if (curl_url_set(parts, CURLUPART_URL, reference, 0) != CURLUE_OK) {
		curl_url_cleanup(parts);
		return NULL;
	}
	return whole(parts);
}

char *
rc_http_add_parameter(const char *url, const char *name, const char *value)
{
	CURLU *parts = parse(url);
	struct rc_buf pair = {0};
	CURLUcode code;

	if (parts == NULL)
		return NULL;
	rc_buf_printf(&pair, "%s=%s", name, value);
	code = curl_url_set(parts, CURLUPART_QUERY, rc_buf_text(&pair), CURLU_APPENDQUERY | CURLU_URLENCODE);
	rc_buf_free(&pair);
	if (code != CURLUE_OK) {
		curl_url_cleanup(parts);
		return NULL;
	}
	return whole(parts);
}

char *
rc_http_normal(const char *url)
{
	CURLU *parts = parse(url);

	return parts == NULL ? NULL : whole(parts);
}

/* URL with nothing but what KEEP_PATH says: scheme, host and port, and perhaps the path. */
static char *
part_of(const char *url, bool keep_path)
{
	CURLU *parts = parse(url);

	if (parts == NULL)
		return NULL;
	curl_url_set(parts, CURLUPART_USER, NULL, 0);
	curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(parts, CURLUPART_QUERY, NULL, 0);
	curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0);
	if (!keep_path) {
		char *port = NULL;

		curl_url_set(parts, CURLUPART_PATH, "/", 0);
		if (curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
			curl_url_set(parts, CURLUPART_PORT, port, 0);
		curl_free(port);
	}
	return whole(parts);
}

char *
rc_http_shown(const char *url)
{
	return part_of(url, true);
}

char *
rc_http_origin(const char *url)
{
	return part_of(url, false);
}

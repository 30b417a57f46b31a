/*
 * rc_http - GET over HTTP: redirects, tokens and patience
 *
 * Redirects are followed here and not in libcurl, which would send a token in
 * a header of another name than Authorization to any host.
 */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_http_url.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_str.h"

enum { REDIRECTS_MAX = 10 };

/* What became of one try. */
enum outcome { GOOD, AGAIN, RENEW };

/* Ends the process with what is wrong with the listing at URL. */
static _Noreturn void
die(const struct rc_http *http, enum rc_exit code, const char *url, const char *words)
{
	char *shown = rc_http_shown(url);

	if (http->page > 1)
		rc_die(code, "%s: page %u: %s", shown == NULL ? "a URL" : shown, http->page, words);
	rc_die(code, "%s: %s", shown == NULL ? "a URL" : shown, words);
}

/* ---- who gets the token ---- */

static bool
is_home(const struct rc_http *http, const char *url)
{
	char *origin = rc_http_origin(url);
	bool same = origin != NULL && http->home != NULL && strcasecmp(origin, http->home) == 0;

	curl_free(origin);
	return same;
}

static struct curl_slist *
make_headers(const struct rc_http *http, const char *url, const char *etag, const char *modified)
{
	struct curl_slist *list = rc_http_header_add(NULL, "Accept", "application/json, application/x-ndjson, */*;q=0.1");
	struct rc_buf bearer = {0};

	if (etag != NULL)
		list = rc_http_header_add(list, "If-None-Match", etag);
	if (modified != NULL)
		list = rc_http_header_add(list, "If-Modified-Since", modified);
	if (http->token.length == 0 || !is_home(http, url))
		return list;
	if (http->token_header != NULL)
		return rc_http_header_add(list, http->token_header, http->token.bytes);
	rc_buf_reserve(&bearer, RC_WIPED_ROOM);
	rc_buf_printf(&bearer, "Bearer %s", http->token.bytes);
	list = rc_http_header_add(list, "Authorization", rc_buf_text(&bearer));
	rc_buf_wipe(&bearer);
	return list;
}

/* ---- one try ---- */

static bool
status_passes(long status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* Follows a redirect: *URL becomes the next one, freed by curl_free(); dies where it may not be followed. */
static void
redirect(struct rc_http *http, char **url, int hop)
{
	char *to = NULL;

	curl_easy_getinfo(http->exchange.curl, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL)
		die(http, RC_FATAL, *url, "a redirect to nowhere");
	if (http->exchange.collect != NULL)	/* the client's secret would go there */
		die(http, RC_FATAL, *url, "a redirect where a token was asked for");
	if (hop == REDIRECTS_MAX)
		die(http, RC_FATAL, *url, "more than 10 redirects");
	if (strncasecmp(to, "http://", 7) != 0 && strncasecmp(to, "https://", 8) != 0)
		die(http, RC_FATAL, *url, "a redirect to what is not HTTP");
	if (strncasecmp(*url, "https://", 8) == 0 && strncasecmp(to, "https://", 8) != 0)
		die(http, RC_FATAL, *url, "a redirect from https to http");
	to = rc_http_resolve(*url, to);	/* a copy: libcurl's own goes with the next request */
	curl_free(*url);
	if ((*url = to) == NULL)
		rc_die(RC_FATAL, "a redirect to what is no URL");
}

/* The answer came whole; is it one that can be used?  WORDS says what it was, where it is not. */
static enum outcome
judge(struct rc_http *http, const char *url, struct rc_buf *words)
{
	struct rc_http_answer *answer = http->exchange.answer;
	const char *reason;

	if (http->exchange.is_file && answer->status == 0)
		answer->status = 200;
	if (answer->status == 304)
		return GOOD;
	if (answer->status == 200 && http->exchange.collect != NULL)
		return GOOD;
	if (answer->status == 200) {
		if (http->exchange.body.end(http->exchange.body.context))
			return GOOD;
		if ((reason = http->exchange.body.reason(http->exchange.body.context)) == NULL) {
			rc_buf_add_text(words, "the body was cut short");
			return AGAIN;
		}
		rc_buf_printf(words, "%s: ", reason);
		rc_http_answer_show(answer, words);
		die(http, RC_FATAL, url, words->bytes);
	}
	rc_http_answer_show(answer, words);
	if (status_passes(answer->status))
		return AGAIN;
	if (answer->status == 401 && http->oauth_url != NULL && http->exchange.collect == NULL)
		return RENEW;
	die(http, RC_FATAL, url, words->bytes);
}

/* One try, redirects and all. */
static enum outcome
try_once(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_buf *words)
{
	char *at = rc_http_normal(url);
	enum outcome outcome;

	if (at == NULL)
		rc_die(RC_FATAL, "this is no URL: %s", url);
	for (int hop = 0;; hop++) {
		struct curl_slist *headers = make_headers(http, at, etag, modified);
		CURLcode code;

		if (http->exchange.collect != NULL)
			http->exchange.collect->length = 0;
		else
			http->exchange.body.begin(http->exchange.body.context);
		rc_clock_sleep(http->exchange.started + http->interval - rc_clock_ms());
		code = rc_http_exchange(&http->exchange, at, headers);
		rc_http_headers_free(headers);
		if (http->exchange.body_is_bad) {
			rc_buf_printf(words, "%s: ", http->exchange.body.reason(http->exchange.body.context));
			rc_http_answer_show(http->exchange.answer, words);
			die(http, RC_FATAL, at, words->bytes);
		}
		if (code != CURLE_OK) {
			rc_buf_add_text(words, http->exchange.late ? "no answer in time" :
			    http->exchange.error[0] != '\0' ? http->exchange.error : curl_easy_strerror(code));
			rc_buf_text(words);
			if (!rc_http_failure_passes(code))
				die(http, RC_FATAL, at, words->bytes);
			outcome = AGAIN;
			break;
		}
		if (http->exchange.answer->status >= 300 && http->exchange.answer->status < 400 && http->exchange.answer->status != 304) {
			redirect(http, &at, hop);
			continue;
		}
		outcome = judge(http, at, words);
		break;
	}
	http->exchange.answer->url.length = 0;
	rc_buf_add_text(&http->exchange.answer->url, at);
	rc_buf_text(&http->exchange.answer->url);
	curl_free(at);
	return outcome;
}

/* How long to wait before try NUMBER + 1: what the server asks for, else twice as long each time, the half of it by chance. */
static long long
pause_after(struct rc_http *http, const char *url, long number)
{
	curl_off_t asked = 0;

	if (curl_easy_getinfo(http->exchange.curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0 && http->exchange.answer->status > 0) {
		if (asked > http->wait_max / 1000)
			die(http, RC_RETRY, url, "the server asks for a longer wait than --max-wait allows");
		return (long long)asked * 1000;
	}
	return rc_http_pause(http->pause, http->pause_max, number);
}

/* ---- tokens by client credentials ---- */

static void request(struct rc_http *http, const char *url, const char *etag, const char *modified);

static void
read_token(struct rc_http *http, struct rc_buf *text)
{
	struct rc_arena arena = {0};
	struct rc_json_object object = {0};
	struct rc_json_error error;
	const char *padded = rc_json_pad(&arena, text->bytes == NULL ? "" : text->bytes, text->length), *token = NULL;
	const struct rc_json_field *field = NULL;
	size_t length = 0;

	if (rc_json_read_object(&object, padded, text->length, &arena, &error))
		field = rc_json_find(&object, "access_token");
	if (field != NULL && rc_json_type(field->value) == RC_JSON_STRING)
		token = rc_json_decode(&arena, field->value, field->value_length, &length);
	if (token == NULL || length == 0 || strpbrk(token, "\r\n") != NULL)
		die(http, RC_FATAL, http->oauth_url, "the answer has no access_token");
	rc_secret_wipe(&http->token);
	http->token = (struct rc_secret){ .bytes = rc_strndup(token, length), .length = length };
	rc_json_object_free(&object);
	rc_arena_wipe(&arena);
}

/* Gets a new token (RFC 6749, 4.4): the client by HTTP Basic, id and secret each percent-encoded. */
static void
renew_token(struct rc_http *http)
{
	struct rc_http_answer answer = {0}, *outer = http->exchange.answer;
	struct rc_buf text = {0}, body = {0}, user = {0};
	char *id = curl_easy_escape(http->exchange.curl, http->oauth_client, 0), *scope = NULL;
	char *secret = curl_easy_escape(http->exchange.curl, http->oauth_secret.bytes, (int)http->oauth_secret.length);
	char *home = http->home;

	rc_buf_reserve(&text, 2 * RC_HTTP_COLLECT_MAX);
	rc_buf_reserve(&user, RC_WIPED_ROOM);
	rc_buf_printf(&user, "%s:%s", id, secret);
	rc_buf_add_text(&body, "grant_type=client_credentials");
	if (http->oauth_scope != NULL)
		rc_buf_printf(&body, "&scope=%s", scope = curl_easy_escape(http->exchange.curl, http->oauth_scope, 0));
	http->home = NULL;	/* the old token is not for this server */
	http->exchange.answer = &answer;
	http->exchange.collect = &text;
	curl_easy_setopt(http->exchange.curl, CURLOPT_USERPWD, rc_buf_text(&user));
	curl_easy_setopt(http->exchange.curl, CURLOPT_COPYPOSTFIELDS, rc_buf_text(&body));
	request(http, http->oauth_url, NULL, NULL);
	curl_easy_setopt(http->exchange.curl, CURLOPT_USERPWD, NULL);
	curl_easy_setopt(http->exchange.curl, CURLOPT_HTTPGET, 1L);
	http->exchange.collect = NULL;
	http->exchange.answer = outer;
	http->home = home;
	read_token(http, &text);
	rc_wipe(secret, strlen(secret));
	curl_free(secret);
	curl_free(id);
	curl_free(scope);
	rc_buf_wipe(&user);
	rc_buf_wipe(&text);
	rc_buf_free(&body);
	rc_http_answer_free(&answer);
}

/* ---- the whole ---- */

static void
request(struct rc_http *http, const char *url, const char *etag, const char *modified)
{
	struct rc_buf words = {0};
	bool renewed = false;

	http->exchange.is_file = strncasecmp(url, "file:", 5) == 0;
	for (long number = 1;; number++) {
		enum outcome outcome;

		words.length = 0;
		outcome = try_once(http, url, etag, modified, &words);
		if (outcome == GOOD)
			break;
		if (outcome == RENEW && !renewed) {
			renewed = true;
			number--;
			renew_token(http);
			continue;
		}
		rc_buf_text(&words);
		if (outcome == RENEW)
			die(http, RC_FATAL, url, words.bytes);
		if (number >= http->tries) {
			if (number > 1)
				rc_buf_printf(&words, " (%ld tries)", number);
			die(http, RC_RETRY, url, rc_buf_text(&words));
		}
		rc_clock_sleep(pause_after(http, url, number));
	}
	rc_buf_free(&words);
}

void
rc_http_open(struct rc_http *http)
{
	rc_http_exchange_open(&http->exchange);
}

void
rc_http_close(struct rc_http *http)
{
	curl_free(http->home);
	rc_secret_wipe(&http->token);
	rc_secret_wipe(&http->oauth_secret);
	rc_http_exchange_close(&http->exchange);
}

void
rc_http_begin_listing(struct rc_http *http, const char *url)
{
	curl_free(http->home);
	http->page = 1;
	http->home = rc_http_origin(url);
	if (http->home == NULL)
		rc_die(RC_FATAL, "this is no URL");
	if (http->oauth_url != NULL && http->token.length == 0)
		renew_token(http);
}

void
rc_http_get(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_http_answer *answer)
{
	http->exchange.answer = answer;
	request(http, url, etag, modified);
}

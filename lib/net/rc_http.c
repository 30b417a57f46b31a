/*
 * rc_http - GET over HTTP, with patience and limits
 *
 * Redirects are followed here and not in libcurl, which would send a token in
 * a header of another name than Authorization to any host.
 */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_json.h"
#include "rc_utf8.h"

enum { REDIRECTS_MAX = 10, TOKEN_MAX = 64 * 1024, BUFFER_SIZE = 256 * 1024 };

/* What became of one try. */
enum outcome { GOOD, AGAIN, RENEW };

/* ---- URLs ---- */

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

static bool
is_home(const struct rc_http *http, const char *url)
{
	char *origin = part_of(url, false);
	bool same = origin != NULL && http->home != NULL && strcasecmp(origin, http->home) == 0;

	curl_free(origin);
	return same;
}

/* ---- messages ---- */

/* Ends the process with what is wrong with the listing at URL. */
static _Noreturn void
die(const struct rc_http *http, enum rc_exit code, const char *url, const char *words)
{
	char *shown = rc_http_shown(url);

	if (http->page > 1)
		rc_die(code, "%s: page %u: %s", shown == NULL ? "a URL" : shown, http->page, words);
	rc_die(code, "%s: %s", shown == NULL ? "a URL" : shown, words);
}

/* Adds status, type and first words of an answer. */
static void
add_answer(const struct rc_http_answer *answer, struct rc_buf *words)
{
	char visible[6 * RC_HTTP_WORDS + 1];

	rc_utf8_visible(answer->words, answer->words_length, visible, sizeof visible);
	rc_buf_printf(words, "status %ld, %s, begins with '%s'", answer->status,
	    answer->type.length == 0 ? "no type" : answer->type.bytes, visible);
	rc_buf_text(words);
}

/* ---- what libcurl calls ---- */

static void
set_text(struct rc_buf *buf, const char *text, size_t length)
{
	buf->length = 0;
	rc_buf_add(buf, text, length);
	rc_buf_text(buf);
}

/* The header's value where LINE has that NAME, else NULL. */
static const char *
value_of(const char *line, size_t length, const char *name, size_t *value_length)
{
	size_t n = strlen(name);
	const char *value = line + n + 1, *end = line + length;

	if (length <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*value_length = (size_t)(end - value);
	return value;
}

static size_t
take_header(char *line, size_t size, size_t count, void *context)
{
	struct rc_http *http = context;
	struct rc_http_answer *answer = http->answer;
	size_t length = size * count, n;
	const char *value;

	http->heard = true;
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {	/* a new answer: after 100, or a proxy's CONNECT */
		answer->type.length = answer->link.length = answer->etag.length = answer->modified.length = answer->total.length = 0;
	} else if ((value = value_of(line, length, "content-type", &n)) != NULL) {
		set_text(&answer->type, value, n);
	} else if ((value = value_of(line, length, "link", &n)) != NULL) {
		if (answer->link.length > 0)
			rc_buf_add(&answer->link, ", ", 2);
		rc_buf_add(&answer->link, value, n);
		rc_buf_text(&answer->link);
	} else if ((value = value_of(line, length, "etag", &n)) != NULL) {
		set_text(&answer->etag, value, n);
	} else if ((value = value_of(line, length, "last-modified", &n)) != NULL) {
		set_text(&answer->modified, value, n);
	} else if ((value = value_of(line, length, "x-total-count", &n)) != NULL) {
		set_text(&answer->total, value, n);
	}
	return length;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct rc_http *http = context;
	struct rc_http_answer *answer = http->answer;
	size_t length = size * count, words = sizeof answer->words - answer->words_length;

	http->heard = true;
	if (answer->words_length == 0)
		curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	memcpy(answer->words + answer->words_length, bytes, length < words ? length : words);
	answer->words_length += length < words ? length : words;
	if (answer->status != 200 && !http->is_file)
		return length;
	if (http->collect != NULL) {
		if (http->collect->length + length > TOKEN_MAX)
			return 0;
		rc_buf_add(http->collect, bytes, length);
		return length;
	}
	if (http->body.read(http->body.context, bytes, length))
		return length;
	http->body_is_bad = true;
	return 0;
}

/* libcurl calls it about once a second while nothing comes. */
static int
watch(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
	struct rc_http *http = context;

	(void)total, (void)now, (void)upload_total, (void)upload_now;
	http->late = !http->heard && http->first_byte_limit > 0 && rc_clock_ms() - http->started > http->first_byte_limit;
	return http->late;
}

/* ---- one request ---- */

static void
set_up(struct rc_http *http)
{
	CURL *curl = http->curl;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rc/" RC_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, http->connect_limit);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, http->whole_limit);
	if (http->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
}

static void
sleep_for(long long milliseconds)
{
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };

	if (milliseconds > 0)
		nanosleep(&time, NULL);
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *name, const char *value)
{
	struct rc_buf line = {0};
	struct curl_slist *longer;

	rc_buf_reserve(&line, RC_WIPED_ROOM);	/* it may hold the token */
	rc_buf_printf(&line, "%s: %s", name, value);
	longer = curl_slist_append(list, rc_buf_text(&line));
	rc_buf_wipe(&line);
	if (longer == NULL)
		rc_die(RC_RETRY, "out of memory");
	return longer;
}

static void
free_headers(struct curl_slist *list)
{
	for (struct curl_slist *each = list; each != NULL; each = each->next)
		rc_wipe(each->data, strlen(each->data));
	curl_slist_free_all(list);
}

static struct curl_slist *
make_headers(const struct rc_http *http, const char *url, const char *etag, const char *modified)
{
	struct curl_slist *list = add_header(NULL, "Accept", "application/json, application/x-ndjson, */*;q=0.1");
	struct rc_buf bearer = {0};

	if (etag != NULL)
		list = add_header(list, "If-None-Match", etag);
	if (modified != NULL)
		list = add_header(list, "If-Modified-Since", modified);
	if (http->token.length == 0 || !is_home(http, url))
		return list;
	if (http->token_header != NULL)
		return add_header(list, http->token_header, http->token.bytes);
	rc_buf_reserve(&bearer, RC_WIPED_ROOM);
	rc_buf_printf(&bearer, "Bearer %s", http->token.bytes);
	list = add_header(list, "Authorization", rc_buf_text(&bearer));
	rc_buf_wipe(&bearer);
	return list;
}

/* One request to URL, and what libcurl says to it. */
static CURLcode
perform(struct rc_http *http, const char *url, struct curl_slist *headers)
{
	CURL *curl = http->curl;
	CURLcode code;

	sleep_for(http->last_start + http->interval - rc_clock_ms());
	http->started = http->last_start = rc_clock_ms();
	http->heard = http->late = http->body_is_bad = false;
	http->answer->status = 0;
	http->answer->words_length = 0;
	http->error[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, http->is_file ? "file" : "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http->answer->status);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	return code;
}

static bool
passes_by_itself(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_HTTP3:
		return true;
	default:
		return false;
	}
}

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

	curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL)
		die(http, RC_FATAL, *url, "a redirect to nowhere");
	if (http->collect != NULL)	/* the client's secret would go there */
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
	struct rc_http_answer *answer = http->answer;
	const char *reason;

	if (http->is_file && answer->status == 0)
		answer->status = 200;
	if (answer->status == 304)
		return GOOD;
	if (answer->status == 200 && http->collect != NULL)
		return GOOD;
	if (answer->status == 200) {
		if (http->body.end(http->body.context))
			return GOOD;
		if ((reason = http->body.reason(http->body.context)) == NULL) {
			rc_buf_add_text(words, "the body was cut short");
			return AGAIN;
		}
		rc_buf_printf(words, "%s: ", reason);
		add_answer(answer, words);
		die(http, RC_FATAL, url, words->bytes);
	}
	add_answer(answer, words);
	if (status_passes(answer->status))
		return AGAIN;
	if (answer->status == 401 && http->oauth_url != NULL && http->collect == NULL)
		return RENEW;
	die(http, RC_FATAL, url, words->bytes);
}

/* One try, redirects and all. */
static enum outcome
try_once(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_buf *words)
{
	CURLU *parts = parse(url);
	char *at = parts == NULL ? NULL : whole(parts);
	enum outcome outcome;

	if (at == NULL)
		rc_die(RC_FATAL, "this is no URL: %s", url);
	for (int hop = 0;; hop++) {
		struct curl_slist *headers = make_headers(http, at, etag, modified);
		CURLcode code;

		if (http->collect != NULL)
			http->collect->length = 0;
		else
			http->body.begin(http->body.context);
		code = perform(http, at, headers);
		free_headers(headers);
		if (http->body_is_bad) {
			rc_buf_printf(words, "%s: ", http->body.reason(http->body.context));
			add_answer(http->answer, words);
			die(http, RC_FATAL, at, words->bytes);
		}
		if (code != CURLE_OK) {
			rc_buf_add_text(words, http->late ? "no answer in time" :
			    http->error[0] != '\0' ? http->error : curl_easy_strerror(code));
			rc_buf_text(words);
			if (!passes_by_itself(code))
				die(http, RC_FATAL, at, words->bytes);
			outcome = AGAIN;
			break;
		}
		if (http->answer->status >= 300 && http->answer->status < 400 && http->answer->status != 304) {
			redirect(http, &at, hop);
			continue;
		}
		outcome = judge(http, at, words);
		break;
	}
	set_text(&http->answer->url, at, strlen(at));
	curl_free(at);
	return outcome;
}

/* How long to wait before try NUMBER + 1: what the server asks for, else twice as long each time, the half of it by chance. */
static long long
pause_after(struct rc_http *http, const char *url, long number)
{
	curl_off_t asked = 0;
	long long pause = http->pause;
	unsigned random = 0;

	if (curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0 && http->answer->status > 0) {
		if (asked > http->wait_max / 1000)
			die(http, RC_RETRY, url, "the server asks for a longer wait than --max-wait allows");
		return (long long)asked * 1000;
	}
	for (long n = 1; n < number && pause < http->pause_max; n++)
		pause *= 2;
	if (pause > http->pause_max)
		pause = http->pause_max;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = 0;
	return pause / 2 + (long long)random % (pause / 2 + 1);
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
	struct rc_http_answer answer = {0}, *outer = http->answer;
	struct rc_buf text = {0}, body = {0}, user = {0};
	char *id = curl_easy_escape(http->curl, http->oauth_client, 0), *scope = NULL;
	char *secret = curl_easy_escape(http->curl, http->oauth_secret.bytes, (int)http->oauth_secret.length);
	char *home = http->home;

	rc_buf_reserve(&text, 2 * TOKEN_MAX);
	rc_buf_reserve(&user, RC_WIPED_ROOM);
	rc_buf_printf(&user, "%s:%s", id, secret);
	rc_buf_add_text(&body, "grant_type=client_credentials");
	if (http->oauth_scope != NULL)
		rc_buf_printf(&body, "&scope=%s", scope = curl_easy_escape(http->curl, http->oauth_scope, 0));
	http->home = NULL;	/* the old token is not for this server */
	http->answer = &answer;
	http->collect = &text;
	curl_easy_setopt(http->curl, CURLOPT_USERPWD, rc_buf_text(&user));
	curl_easy_setopt(http->curl, CURLOPT_COPYPOSTFIELDS, rc_buf_text(&body));
	request(http, http->oauth_url, NULL, NULL);
	curl_easy_setopt(http->curl, CURLOPT_USERPWD, NULL);
	curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	http->collect = NULL;
	http->answer = outer;
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

	http->is_file = strncasecmp(url, "file:", 5) == 0;
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
		sleep_for(pause_after(http, url, number));
	}
	rc_buf_free(&words);
}

void
rc_http_open(struct rc_http *http)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (http->curl = curl_easy_init()) == NULL)
		rc_die(RC_RETRY, "libcurl can't be started");
	set_up(http);
}

void
rc_http_close(struct rc_http *http)
{
	curl_easy_cleanup(http->curl);
	curl_free(http->home);
	rc_secret_wipe(&http->token);
	rc_secret_wipe(&http->oauth_secret);
	curl_global_cleanup();
}

void
rc_http_begin_listing(struct rc_http *http, const char *url)
{
	curl_free(http->home);
	http->page = 1;
	http->home = part_of(url, false);
	if (http->home == NULL)
		rc_die(RC_FATAL, "this is no URL");
	if (http->oauth_url != NULL && http->token.length == 0)
		renew_token(http);
}

void
rc_http_get(struct rc_http *http, const char *url, const char *etag, const char *modified, struct rc_http_answer *answer)
{
	http->answer = answer;
	request(http, url, etag, modified);
}

void
rc_http_answer_free(struct rc_http_answer *answer)
{
	rc_buf_free(&answer->type);
	rc_buf_free(&answer->link);
	rc_buf_free(&answer->etag);
	rc_buf_free(&answer->modified);
	rc_buf_free(&answer->total);
	rc_buf_free(&answer->url);
}

/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http_exchange.h"

#include <string.h>
#include <strings.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_output.h"
#include "rc_random.h"
#include "rc_utf8.h"

enum { BUFFER_SIZE = 256 * 1024 };

/* ---- the answer ---- */

void
rc_http_answer_show(const struct rc_http_answer *answer, struct rc_buf *words)
{
	char visible[6 * RC_HTTP_WORDS + 1];

	rc_utf8_visible(answer->words, answer->words_length, visible, sizeof visible);
	rc_buf_printf(words, "status %ld, %s, begins with '%s'", answer->status,
	    answer->type.length == 0 ? "no type" : answer->type.bytes, visible);
	rc_buf_text(words);
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
	struct rc_http_exchange *exchange = context;
	struct rc_http_answer *answer = exchange->answer;
	size_t length = size * count, n;
	const char *value;

	exchange->heard = true;
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
	struct rc_http_exchange *exchange = context;
	struct rc_http_answer *answer = exchange->answer;
	size_t length = size * count, words = sizeof answer->words - answer->words_length;

	exchange->heard = true;
	if (answer->words_length == 0)
		curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	memcpy(answer->words + answer->words_length, bytes, length < words ? length : words);
	answer->words_length += length < words ? length : words;
	if (answer->status != 200 && !exchange->is_file)
		return length;
	if (exchange->collect != NULL) {
		if (exchange->collect->length + length > RC_HTTP_COLLECT_MAX)
			return 0;
		rc_buf_add(exchange->collect, bytes, length);
		return length;
	}
	return rc_relay_put(&exchange->relay, bytes, length) ? length : 0;
}

/* libcurl calls it after it has taken what there was, and about once a second while nothing comes. */
static int
watch(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now)
{
	struct rc_http_exchange *exchange = context;

	(void)total, (void)now, (void)upload_total, (void)upload_now;
	if (exchange->collect == NULL)
		rc_relay_hand_over(&exchange->relay);
	exchange->late = !exchange->heard && exchange->first_byte_limit > 0 && rc_clock_ms() - exchange->started > exchange->first_byte_limit;
	return exchange->late;
}

/* ---- the exchange ---- */

static void *
perform(void *context)
{
	struct rc_http_exchange *exchange = context;

	exchange->code = curl_easy_perform(exchange->curl);
	rc_relay_end(&exchange->relay);
	return NULL;
}

/* One thread gets the body, this one reads it. */
static void
perform_and_read(struct rc_http_exchange *exchange)
{
	pthread_t thread;
	char *bytes;
	size_t length;

	rc_relay_begin(&exchange->relay);
	if (pthread_create(&thread, NULL, perform, exchange) != 0)
		rc_die(RC_RETRY, "no thread can be started");
	for (;;) {
		if (!rc_relay_ready(&exchange->relay))
			rc_output_flush_all();	/* a slow server's records are seen at once */
		if ((bytes = rc_relay_take(&exchange->relay, &length)) == NULL)
			break;
		if (exchange->body_is_bad || exchange->body.read(exchange->body.context, bytes, length))
			continue;
		exchange->body_is_bad = true;
		rc_relay_refuse(&exchange->relay);
	}
	if (pthread_join(thread, NULL) != 0)
		rc_die(RC_FATAL, "a thread is lost");
}

void
rc_http_exchange_open(struct rc_http_exchange *exchange)
{
	CURL *curl;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (curl = curl_easy_init()) == NULL)
		rc_die(RC_RETRY, "libcurl can't be started");
	exchange->curl = curl;
	rc_relay_open(&exchange->relay);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rc/" RC_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, exchange->connect_limit);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, exchange->whole_limit);
	if (exchange->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, exchange->ca_file);
}

void
rc_http_exchange_close(struct rc_http_exchange *exchange)
{
	curl_easy_cleanup(exchange->curl);
	rc_relay_close(&exchange->relay);
	curl_global_cleanup();
}

long long
rc_http_pause(long long first, long long most, long number)
{
	long long pause = first;

	for (long n = 1; n < number && pause < most; n++)
		pause *= 2;
	return rc_random_pause(pause < most ? pause : most);
}

struct curl_slist *
rc_http_header_add(struct curl_slist *list, const char *name, const char *value)
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

void
rc_http_headers_free(struct curl_slist *list)
{
	for (struct curl_slist *each = list; each != NULL; each = each->next)
		rc_wipe(each->data, strlen(each->data));
	curl_slist_free_all(list);
}

CURLcode
rc_http_exchange(struct rc_http_exchange *exchange, const char *url, struct curl_slist *headers)
{
	CURL *curl = exchange->curl;

	exchange->started = rc_clock_ms();
	exchange->heard = exchange->late = exchange->body_is_bad = false;
	exchange->answer->status = 0;
	exchange->answer->words_length = 0;
	exchange->error[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, exchange->is_file ? "file" : "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (exchange->collect != NULL)
		exchange->code = curl_easy_perform(curl);
	else
		perform_and_read(exchange);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->answer->status);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	return exchange->code;
}

bool
rc_http_failure_passes(CURLcode code)
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

/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_s3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_http_exchange.h"
#include "rc_mem.h"
#include "rc_utf8.h"

enum { WORDS_MAX = 8192, HEADERS_MAX = 200, PAUSE_MAX = 10000 };

/* ---- what libcurl calls ---- */

static size_t
take_header(char *line, size_t size, size_t count, void *context)
{
	struct rc_s3_client *client = context;
	size_t length = size * count;
	const char *colon = memchr(line, ':', length);

	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)	/* a new answer: after 100, or a proxy's CONNECT */
		rc_s3_headers_free(&client->headers);
	else if (colon != NULL && client->headers.count < HEADERS_MAX)
		rc_s3_headers_add(&client->headers, line, (size_t)(colon - line), colon + 1, length - (size_t)(colon + 1 - line));
	return length;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct rc_s3_client *client = context;
	size_t length = size * count, room = WORDS_MAX - client->words.length;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
	if (client->status == 200 && client->request->take != NULL) {
		if (client->request->take(client->request->context, bytes, length))
			return length;
		client->stopped = true;
		return 0;
	}
	rc_buf_add(&client->words, bytes, length < room ? length : room);
	return length;
}

static size_t
give_body(char *bytes, size_t size, size_t count, void *context)
{
	struct rc_s3_client *client = context;
	off_t left = client->request->size - client->sent;
	size_t room = size * count;
	ssize_t n;

	if (left < (off_t)room)
		room = (size_t)left;
	if (room == 0)
		return 0;
	while ((n = pread(client->request->fd, bytes, room, client->sent)) < 0 && errno == EINTR)
		;
	if (n <= 0) {	/* it can't be read, or is shorter by now */
		client->stopped = true;
		return CURL_READFUNC_ABORT;
	}
	client->sent += n;
	return (size_t)n;
}

static int
seek_body(void *context, curl_off_t offset, int origin)
{
	struct rc_s3_client *client = context;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	client->sent = offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- one try ---- */

static void
set_options(struct rc_s3_client *client, const struct rc_s3_request *request)
{
	const struct rc_s3 *s3 = client->s3;
	CURL *curl = client->curl;

	curl_easy_reset(curl);	/* the connections stay */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rc/" RC_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, s3->connect_limit);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (s3->stall_limit + 999) / 1000);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);	/* a key may have `..` in it */
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 128L * 1024);
	if (s3->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, s3->ca_file);
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (strcmp(request->method, "PUT") != 0)
		return;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->size);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(curl, CURLOPT_READDATA, client);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_body);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, client);
}

static CURLcode
try_once(struct rc_s3_client *client, struct rc_s3_request *request)
{
	const struct rc_s3 *s3 = client->s3;
	struct rc_buf path = {0}, url = {0};
	struct curl_slist *list;
	CURLcode code;

	client->request = request;
	client->method = request->method;
	client->status = 0;
	client->sent = 0;
	client->stopped = false;
	client->words.length = client->code.length = client->message.length = 0;
	client->error[0] = '\0';
	rc_s3_headers_free(&client->headers);
	rc_buf_add(&path, s3->base.bytes, s3->base.length);
	rc_buf_add_encoded(&path, request->key);
	rc_buf_printf(&url, "%s%s", s3->origin.bytes, rc_buf_text(&path));
	list = rc_s3_sign(&(struct rc_s3_signing){ .keys = &s3->keys, .region = s3->region, .method = request->method,
	    .host = s3->host.bytes, .path = path.bytes, .sha256 = request->sha256, .headers = request->headers, .time = time(NULL) });
	set_options(client, request);
	curl_easy_setopt(client->curl, CURLOPT_URL, rc_buf_text(&url));
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, list);
	if (request->begin != NULL && !request->begin(request->context)) {
		client->stopped = true;
		code = CURLE_WRITE_ERROR;
	} else {
		code = curl_easy_perform(client->curl);
	}
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
	rc_http_headers_free(list);
	rc_buf_free(&path);
	rc_buf_free(&url);
	return code;
}

/* ---- why not ---- */

/* Adds the text of the element NAME of the store's answer, with its entities decoded; nothing where it has none. */
static void
add_element(const struct rc_s3_client *client, const char *name, struct rc_buf *text)
{
	static const struct { const char *entity; char byte; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
	};
	const char *p = strstr(client->words.bytes, name);

	for (p = p == NULL ? "" : p + strlen(name); *p != '\0' && *p != '<'; p++) {
		char byte = *p;

		for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
			if (rc_str_begins(p, entities[i].entity)) {
				byte = entities[i].byte;
				p += strlen(entities[i].entity) - 1;
				break;
			}
		rc_buf_add(text, &byte, 1);
	}
	rc_buf_text(text);
}

/* Of an answer without words, such as that to HEAD. */
static const char *
code_of_status(long status)
{
	switch (status) {
	case 400: return "BadRequest";
	case 403: return "Forbidden";
	case 404: return "NotFound";
	case 409: return "Conflict";
	case 412: return "PreconditionFailed";
	case 429: case 503: return "SlowDown";
	case 501: return "NotImplemented";
	default: return status >= 300 && status < 400 ? "Redirect" : "Refused";
	}
}

static void
explain_answer(struct rc_s3_client *client)
{
	const char *region = rc_s3_headers_find(&client->headers, "x-amz-bucket-region");
	struct rc_buf words = {0};

	rc_buf_text(&client->words);
	add_element(client, "<Code>", &client->code);
	if (client->code.length == 0 || !rc_utf8_valid(client->code.bytes, client->code.length)) {
		client->code.length = 0;
		rc_buf_add_text(&client->code, code_of_status(client->status));
		rc_buf_text(&client->code);
	}
	add_element(client, "<Message>", &words);
	if (words.length > 0)
		rc_buf_add_visible(&client->message, words.bytes, words.length);
	else
		rc_buf_printf(&client->message, "status %ld", client->status);
	if (region != NULL && strcmp(region, client->s3->region) != 0) {
		rc_buf_add_text(&client->message, "; the bucket is in the region ");
		rc_buf_add_visible(&client->message, region, strlen(region));
	}
	rc_buf_text(&client->message);
	rc_buf_free(&words);
}

static void
explain_failure(struct rc_s3_client *client, CURLcode code)
{
	rc_buf_add_text(&client->code, "unavailable");
	rc_buf_add_text(&client->message, client->error[0] != '\0' ? client->error : curl_easy_strerror(code));
	rc_buf_text(&client->code);
	rc_buf_text(&client->message);
}

/* Whether another try may go better. */
static bool
passes(const struct rc_s3_client *client, CURLcode code)
{
	if (code != CURLE_OK)
		return rc_http_failure_passes(code);
	return client->status == 429 || client->status == 408 || (client->status >= 500 && client->status != 501) ||
	    strcmp(client->code.bytes, "RequestTimeout") == 0;
}

/* ---- the whole ---- */

static long long
pause_after(const struct rc_s3_client *client, unsigned number)
{
	curl_off_t asked = 0;

	if (client->status > 0 && curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
		return asked > client->s3->patience / 1000 ? client->s3->patience : (long long)asked * 1000;
	return rc_http_pause(client->s3->pause, PAUSE_MAX, number);
}

enum rc_s3_outcome
rc_s3_ask(struct rc_s3_client *client, struct rc_s3_request *request)
{
	long long began = rc_clock_ms(), pause;

	for (unsigned number = 1;; number++) {
		CURLcode code = try_once(client, request);

		if (client->stopped)
			return RC_S3_STOPPED;
		if (code == CURLE_OK && client->status >= 200 && client->status < 300) {
			atomic_store(&client->s3->away, false);
			return RC_S3_DONE;
		}
		if (code == CURLE_OK)
			explain_answer(client);
		else
			explain_failure(client, code);
		if (!passes(client, code))
			return RC_S3_REFUSED;
		pause = pause_after(client, number);
		if (atomic_load(&client->s3->away) || rc_clock_ms() + pause - began > client->s3->patience) {
			atomic_store(&client->s3->away, true);
			rc_buf_printf(&client->message, " (given up after %u tries)", number);
			rc_buf_text(&client->message);
			return RC_S3_AWAY;
		}
		rc_clock_sleep(pause);
		if (request->again != NULL && !request->again(request->context))
			return RC_S3_STOPPED;
	}
}

struct rc_s3_client *
rc_s3_client_new(struct rc_s3 *s3)
{
	struct rc_s3_client *client = rc_alloc(sizeof *client);

	*client = (struct rc_s3_client){ .s3 = s3, .curl = curl_easy_init() };
	if (client->curl == NULL)
		rc_die(RC_RETRY, "libcurl can't be started");
	return client;
}

void
rc_s3_client_free(struct rc_s3_client *client)
{
	curl_easy_cleanup(client->curl);
	rc_s3_headers_free(&client->headers);
	rc_buf_free(&client->code);
	rc_buf_free(&client->message);
	rc_buf_free(&client->words);
	free(client);
}

void
rc_s3_refusal_find(struct rc_s3_refusal *refusal, const struct rc_s3_client *client, struct rc_finding *finding)
{
	refusal->code.length = refusal->message.length = 0;
	rc_buf_add_text(&refusal->code, client->code.bytes);
	rc_buf_add_text(&refusal->message, client->message.bytes);
	rc_finding_set(finding, "error", rc_buf_text(&refusal->code), rc_buf_text(&refusal->message), 0);
	finding->request = client->method;
}

void
rc_s3_refusal_free(struct rc_s3_refusal *refusal)
{
	rc_buf_free(&refusal->code);
	rc_buf_free(&refusal->message);
}

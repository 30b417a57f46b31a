/*
 * rc_http_sender - bodies that are POSTed to one URL, several at a time, with patience
 */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http_sender.h"

#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_http_exchange.h"
#include "rc_http_url.h"
#include "rc_mem.h"
#include "rc_random.h"
#include "rc_utf8.h"

enum { TURN = 1000, SHOWN = 160 };	/* milliseconds; bytes of an answer in a message */
enum { ANSWER_MAX = 256 * 1024 * 1024 };
enum { IDLE, WAITING, UNDER_WAY, TAKEN };	/* states of a parcel */

/* ---- libcurl ---- */

static _Noreturn void
die(const struct rc_http_sender *sender, enum rc_exit code, const char *words)
{
	char *shown = rc_http_shown(sender->url);

	rc_die(code, "%s: %s", shown == NULL ? "a URL" : shown, words);
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct rc_http_parcel *parcel = context;
	size_t length = size * count;

	if (parcel->answer.length + length > ANSWER_MAX)
		return 0;
	rc_buf_add(&parcel->answer, bytes, length);
	return length;
}

static struct curl_slist *
make_headers(const struct rc_http_sender *sender)
{
	struct curl_slist *list = rc_http_header_add(NULL, "Content-Type", sender->content_type);
	struct rc_buf bearer = {0};

	list = rc_http_header_add(list, "Accept", "application/json");
	list = curl_slist_append(list, "Expect:");	/* no question before a body: an answer takes a round trip */
	if (list == NULL)
		rc_die(RC_RETRY, "out of memory");
	if (sender->token->length == 0)
		return list;
	if (sender->token_header != NULL)
		return rc_http_header_add(list, sender->token_header, sender->token->bytes);
	rc_buf_reserve(&bearer, RC_WIPED_ROOM);
	rc_buf_printf(&bearer, "Bearer %s", sender->token->bytes);
	list = rc_http_header_add(list, "Authorization", rc_buf_text(&bearer));
	rc_buf_wipe(&bearer);
	return list;
}

static CURL *
make_handle(const struct rc_http_sender *sender, struct rc_http_parcel *parcel)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		rc_die(RC_RETRY, "libcurl can't be started");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, parcel->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, parcel);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, parcel);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rc/" RC_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, sender->connect_limit);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, sender->limit);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, sender->headers);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1024L * 1024);
	if (curl_easy_setopt(curl, CURLOPT_URL, sender->url) != CURLE_OK)
		rc_die(RC_RETRY, "out of memory");
	if (sender->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, sender->ca_file);
	return curl;
}

/* ---- what came of one ---- */

/* It passes by itself: again, later, unless it has lasted too long already. */
static void
put_off(struct rc_http_sender *sender, struct rc_http_parcel *parcel, bool no_room)
{
	long long now = rc_clock_ms(), pause;
	curl_off_t asked = 0;
	struct rc_buf words = {0};

	if (parcel->moved)
		sender->taken_at = now;
	parcel->moved = false;
	if (no_room && now >= sender->not_before)
		sender->window = sender->window < 2 ? 1 : sender->window / 2;
	if (now >= sender->not_before) {	/* once for all that were under way together */
		sender->pause_now = sender->pause_now == 0 ? sender->pause : 2 * sender->pause_now;
		if (sender->pause_now > sender->pause_max)
			sender->pause_now = sender->pause_max;
		pause = rc_random_pause(sender->pause_now);
		if (parcel->status > 0 && curl_easy_getinfo(parcel->curl, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
			pause = asked > sender->patience / 1000 + 1 ? sender->patience + 1 : (long long)asked * 1000;
		sender->not_before = now + pause;
	}
	if (sender->not_before - sender->taken_at > sender->patience) {
		rc_buf_printf(&words, "%s; nothing was taken for %lld s, and --patience is over", parcel->reason.length == 0 ? "no answer" :
		    rc_buf_text(&parcel->reason), (now - sender->taken_at) / 1000);
		die(sender, RC_RETRY, rc_buf_text(&words));
	}
	sender->put_off++;
	parcel->state = WAITING;
}

/* Says what kind of answer it was. */
static void
describe(struct rc_http_parcel *parcel)
{
	char visible[6 * SHOWN + 1];

	rc_utf8_visible(parcel->answer.bytes, parcel->answer.length < SHOWN ? parcel->answer.length : SHOWN, visible, sizeof visible);
	parcel->reason.length = 0;
	rc_buf_printf(&parcel->reason, "status %ld, begins with '%s'", parcel->status, visible);
	rc_buf_text(&parcel->reason);
}

static void
take(struct rc_http_sender *sender, struct rc_http_parcel *parcel)
{
	enum rc_http_verdict verdict;

	rc_buf_text(&parcel->answer);
	parcel->reason.length = 0;
	if (parcel->status == 408 || parcel->status == 425 || parcel->status == 429 || parcel->status >= 500) {
		describe(parcel);
		put_off(sender, parcel, parcel->status == 429 || parcel->status == 503);
		return;
	}
	if (parcel->status < 200 || parcel->status > 299) {
		describe(parcel);
		die(sender, RC_FATAL, parcel->reason.bytes);
	}
	verdict = sender->judge(sender->context, parcel);
	if (verdict != RC_HTTP_TAKEN) {
		put_off(sender, parcel, verdict == RC_HTTP_AGAIN);
		return;
	}
	parcel->state = TAKEN;
	sender->taken_at = rc_clock_ms();
	sender->pause_now = 0;
	if (sender->window < (double)sender->jobs)
		sender->window += 1 / sender->window;
}

/* A request has ended. */
static void
end_request(struct rc_http_sender *sender, struct rc_http_parcel *parcel, CURLcode code)
{
	curl_multi_remove_handle(sender->multi, parcel->curl);
	sender->under_way--;
	parcel->status = 0;
	if (code == CURLE_OK) {
		curl_easy_getinfo(parcel->curl, CURLINFO_RESPONSE_CODE, &parcel->status);
		take(sender, parcel);
		return;
	}
	parcel->reason.length = 0;
	rc_buf_add_text(&parcel->reason, code == CURLE_WRITE_ERROR ? "an answer that is too large" :
	    parcel->error[0] != '\0' ? parcel->error : curl_easy_strerror(code));
	rc_buf_text(&parcel->reason);
	if (!rc_http_failure_passes(code))
		die(sender, RC_FATAL, parcel->reason.bytes);
	put_off(sender, parcel, false);
}

/* ---- all of them ---- */

static struct rc_http_parcel *
at(const struct rc_http_sender *sender, size_t n)
{
	return &sender->parcels[(sender->first + n) % sender->room];
}

static void
start_waiting(struct rc_http_sender *sender)
{
	long most = sender->window < 1 ? 1 : (long)sender->window;

	if (rc_clock_ms() < sender->not_before)
		return;
	for (size_t n = 0; n < sender->count && sender->under_way < most; n++) {
		struct rc_http_parcel *parcel = at(sender, n);

		if (parcel->state != WAITING)
			continue;
		parcel->answer.length = 0;
		parcel->error[0] = '\0';
		curl_easy_setopt(parcel->curl, CURLOPT_POSTFIELDS, parcel->body.bytes);
		curl_easy_setopt(parcel->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->body.length);
		if (curl_multi_add_handle(sender->multi, parcel->curl) != CURLM_OK)
			rc_die(RC_RETRY, "out of memory");
		parcel->state = UNDER_WAY;
		sender->under_way++;
	}
}

static bool
has_waiting(const struct rc_http_sender *sender)
{
	for (size_t n = 0; n < sender->count; n++)
		if (at(sender, n)->state == WAITING)
			return true;
	return false;
}

/* Hands on what is done, up to the first that is not. */
static void
deliver(struct rc_http_sender *sender)
{
	while (sender->count > 0 && at(sender, 0)->state == TAKEN) {
		struct rc_http_parcel *parcel = at(sender, 0);

		sender->deliver(sender->context, parcel);
		parcel->state = IDLE;
		sender->first = (sender->first + 1) % sender->room;
		sender->count--;
	}
}

void
rc_http_sender_turn(struct rc_http_sender *sender, int fd)
{
	struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
	long long pause = TURN, left;
	CURLMsg *message;
	int running, more;

	start_waiting(sender);
	if (curl_multi_perform(sender->multi, &running) != CURLM_OK)
		rc_die(RC_RETRY, "libcurl can't go on");
	if (running == sender->under_way) {	/* nothing has ended yet */
		left = sender->not_before - rc_clock_ms();
		if (left > 0 && left < pause && has_waiting(sender))
			pause = left;
		if (curl_multi_poll(sender->multi, &extra, fd < 0 ? 0 : 1, (int)pause, NULL) != CURLM_OK ||
		    curl_multi_perform(sender->multi, &running) != CURLM_OK)
			rc_die(RC_RETRY, "libcurl can't go on");
	}
	while ((message = curl_multi_info_read(sender->multi, &more)) != NULL) {
		struct rc_http_parcel *parcel = NULL;
		CURLcode code = message->data.result;	/* the message goes with its handle */

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &parcel);
		end_request(sender, parcel, code);
	}
	deliver(sender);
	start_waiting(sender);
}

bool
rc_http_sender_busy(const struct rc_http_sender *sender)
{
	return sender->count > 0;
}

struct rc_http_parcel *
rc_http_sender_parcel(struct rc_http_sender *sender)
{
	struct rc_http_parcel *parcel;

	while (sender->count == sender->room)
		rc_http_sender_turn(sender, -1);
	parcel = at(sender, sender->count);
	if (parcel->curl == NULL)
		parcel->curl = make_handle(sender, parcel);
	parcel->body.length = parcel->answer.length = 0;
	parcel->moved = false;
	return parcel;
}

void
rc_http_sender_send(struct rc_http_sender *sender)
{
	if (sender->count == 0)
		sender->taken_at = rc_clock_ms();
	at(sender, sender->count)->state = WAITING;
	sender->count++;
	start_waiting(sender);
}

void
rc_http_sender_finish(struct rc_http_sender *sender)
{
	while (sender->count > 0)
		rc_http_sender_turn(sender, -1);
}

void
rc_http_sender_open(struct rc_http_sender *sender)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (sender->multi = curl_multi_init()) == NULL)
		rc_die(RC_RETRY, "libcurl can't be started");
	sender->headers = make_headers(sender);
	sender->room = 2 * (size_t)sender->jobs;
	sender->parcels = rc_alloc(rc_size_mul(sender->room, sizeof *sender->parcels));
	memset(sender->parcels, 0, sender->room * sizeof *sender->parcels);
	sender->window = (double)sender->jobs;
}

void
rc_http_sender_close(struct rc_http_sender *sender, void (*release)(void *own))
{
	for (size_t n = 0; n < sender->room; n++) {
		struct rc_http_parcel *parcel = &sender->parcels[n];

		if (parcel->own != NULL)
			release(parcel->own);
		if (parcel->curl != NULL)
			curl_easy_cleanup(parcel->curl);
		rc_buf_free(&parcel->body);
		rc_buf_free(&parcel->answer);
		rc_buf_free(&parcel->reason);
	}
	free(sender->parcels);
	rc_http_headers_free(sender->headers);
	curl_multi_cleanup(sender->multi);
	curl_global_cleanup();
}

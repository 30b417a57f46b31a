/*
 * rc-http-pages - read a listing over HTTP, page by page, as records
 *
 * Holds one item at a time, and eight bytes for each page, so that a page that
 * comes again is known.  A page that breaks is read again from its beginning:
 * what was written of it is compared by a hash and not written twice.  The end
 * record is written only where every page of every listing has come.
 */
/* links: -lcurl */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rc_file.h"
#include "rc_http.h"
#include "rc_http_target.h"
#include "rc_http_url.h"
#include "rc_items.h"
#include "rc_link.h"
#include "rc_long_numbers.h"
#include "rc_opt.h"
#include "rc_secret.h"
#include "rc_seen.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_PARAM = RC_OPT_LONG, OPT_ITEMS, OPT_LINES, OPT_PAGING, OPT_CURSOR, OPT_PAGING_PARAM, OPT_FIRST, OPT_SIZE, OPT_SIZE_PARAM,
    OPT_TOTAL, OPT_MORE, OPT_STATE, OPT_RATE, OPT_CONNECT, OPT_FIRST_BYTE, OPT_TIMEOUT, OPT_TRIES, OPT_PAUSE, OPT_MAX_WAIT,
    OPT_CACERT, OPT_TOKEN, OPT_TOKEN_HEADER, OPT_OAUTH_URL, OPT_OAUTH_CLIENT, OPT_OAUTH_SECRET, OPT_OAUTH_SCOPE, OPT_NUMBERS };
enum { PARAMS_MAX = 32 };

static const struct rc_option options[] = {
	{ 'u', "url", "URL", "read this listing instead of those of records" },
	{ OPT_PARAM, "param", "NAME=VALUE", "add this to the query of each listing; may be repeated" },
	{ OPT_ITEMS, "items", "POINTER", "the JSON pointer of the array of items in a page (default: the page is the array)" },
	{ OPT_LINES, "lines", NULL, "a page has one item a line" },
	{ OPT_PAGING, "paging", "HOW", "link, cursor, next-url, page, offset or none (default: link)" },
	{ OPT_CURSOR, "cursor", "POINTER", "where a page has the next cursor or URL" },
	{ OPT_PAGING_PARAM, "paging-param", "NAME", "the parameter for it (default: cursor, page or offset)" },
	{ OPT_FIRST, "first", "N", "the first page's number or offset (default: 1 or 0)" },
	{ OPT_SIZE, "size", "N", "a page that is full has N items" },
	{ OPT_SIZE_PARAM, "size-param", "NAME", "ask for pages of that size by this parameter" },
	{ OPT_TOTAL, "total", "POINTER", "where a page has the number of all items (always known: X-Total-Count)" },
	{ OPT_MORE, "more", "POINTER", "where a page says by true or false whether another one follows" },
	{ OPT_STATE, "state", "FILE", "ask only for what has changed since FILE was written, and write it" },
	{ OPT_RATE, "rate-limit", "N", "no more than N requests a second; with /m or /h a minute or hour" },
	{ OPT_CONNECT, "connect-timeout", "DURATION", "for a connection (default: 10s)" },
	{ OPT_FIRST_BYTE, "first-byte-timeout", "DURATION", "for the first byte of an answer (default: 60s)" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "for one whole answer (default: 1h)" },
	{ OPT_TRIES, "tries", "N", "how often each page is tried (default: 5)" },
	{ OPT_PAUSE, "pause", "DURATION", "before the second try; it doubles (default: 500ms)" },
	{ OPT_MAX_WAIT, "max-wait", "DURATION", "the longest Retry-After that is waited for (default: 5m)" },
	{ OPT_CACERT, "cacert", "FILE", "trust the authorities in FILE instead of the system's" },
	{ OPT_TOKEN, "token", "SECRET", "send the secret of that name as a bearer token" },
	{ OPT_TOKEN_HEADER, "token-header", "NAME", "send it bare in this header instead" },
	{ OPT_OAUTH_URL, "oauth-url", "URL", "get a token there by client credentials" },
	{ OPT_OAUTH_CLIENT, "oauth-client", "ID", "the client" },
	{ OPT_OAUTH_SECRET, "oauth-secret", "SECRET", "the name of the client's secret" },
	{ OPT_OAUTH_SCOPE, "oauth-scope", "SCOPE", "what the token is for" },
	{ OPT_NUMBERS, "long-numbers-as-text", NULL, "make strings of numbers with more than 15 digits, which jq would round" },
	RC_OPTION_END
};

static const char *const example[] = { "--lines", NULL };

static const struct rc_program program = {
	.name = "rc-http-pages",
	.synopsis = "[--url URL] [--param NAME=VALUE] ... [--items POINTER | --lines] [--paging HOW] [--cursor POINTER] "
	    "[--paging-param NAME] [--first N] [--size N] [--size-param NAME] [--total POINTER] [--more POINTER] [--state FILE] "
	    "[--token SECRET] [OPTION ...] [FILE ...]",
	.summary = "read a listing over HTTP, page by page, as records",
	.options = options,
	.reads = "{\"url\"}",
	.writes = "the items, and an end record where all have come",
	.category = "plumbing",
	.example = example,
	.example_input = "{\"url\":\"file:///dev/null\"}\n",
};

enum paging { LINK, CURSOR, NEXT_URL, PAGE, OFFSET, NONE };
static const char *const paging_names[] = { "link", "cursor", "next-url", "page", "offset", "none" };
static const char *const paging_params[] = { NULL, "cursor", NULL, "page", "offset", NULL };

struct listing {
	struct rc_http http;
	struct rc_items items;
	struct rc_output out;
	enum paging paging;
	int cursor, total, more;	/* pointers, or -1 */
	const char *cursor_text, *total_text, *more_text, *items_text;
	const char *param, *size_param, *state_path;
	const char *params[PARAMS_MAX];
	int param_count;
	long first, size;
	bool numbers_as_text;

	char *base;			/* the listing's URL with its parameters */
	struct rc_seen seen;
	unsigned long long received;	/* items of this listing, of whole pages */
	unsigned long long in_page, written;	/* of this page: read in this try; written in all */
	uint64_t hash, replayed;	/* of what was written; of the same in this try */
	uint64_t page_before;
	struct rc_buf text;
	bool unchanged;			/* a 304 has come */
};

/* ---- one item ---- */

/* Eight bytes at a time: this tells an item from another one, and no one gains by making two alike. */
static uint64_t
add_to_hash(uint64_t hash, const char *item, size_t length)
{
	uint64_t word;

	hash += length;
	for (; length > 0; item += sizeof word) {
		size_t size = length < sizeof word ? length : sizeof word;

		word = 0;
		memcpy(&word, item, size);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
		length -= size;
	}
	return hash;
}

static _Noreturn void
fail(const struct listing *work, enum rc_exit code, const char *words)
{
	char *shown = rc_http_shown(work->base);

	rc_die(code, "%s: page %u: %s", shown == NULL ? "a URL" : shown, work->http.page, words);
}

static _Noreturn void
fail_item(const struct listing *work, const char *words)
{
	char text[128];

	snprintf(text, sizeof text, "item %llu %s", work->in_page, words);
	fail(work, RC_FATAL, text);
}

/* An item that is an end record would end the stream for whoever reads it. */
static bool
is_end_record(const char *item, size_t length)
{
	static const char name[] = "rc_end";
	const char *first = memchr(item, '"', length < 16 ? length : 16);
	struct rc_json_object object = {0};
	struct rc_arena arena = {0};
	struct rc_json_error error;
	bool is;

	if (first == NULL || (first[1] != '\\' && strncmp(first + 1, "rc", 2) != 0))
		return false;
	is = rc_json_read_object(&object, item, length, &arena, &error) && rc_json_find(&object, name) != NULL;
	rc_json_object_free(&object);
	rc_arena_free(&arena);
	return is;
}

static void
write_item(struct listing *work, const char *item, size_t length)
{
	if (work->numbers_as_text) {
		work->text.length = 0;
		rc_long_numbers_quote(&work->text, item, length);
		item = rc_buf_text(&work->text);
		length = work->text.length;
	}
	if (memchr(item, '\n', length) == NULL) {
		rc_output_line(&work->out, item, length);
	} else {
		struct rc_buf line = {0};

		rc_json_write_value(&line, item, length);
		rc_output_line(&work->out, line.bytes, line.length);
		rc_buf_free(&line);
	}
}

/* Takes an item; those that were written before the page broke must be the same again. */
static void
take_item(void *context, const char *item, size_t length)
{
	struct listing *work = context;

	work->in_page++;
	if (*item != '{')
		fail_item(work, "is no object");
	if (is_end_record(item, length))
		fail_item(work, "has a field 'rc_end'");
	if (work->in_page > work->written) {
		write_item(work, item, length);
		work->hash = work->replayed = add_to_hash(work->hash, item, length);
		work->written++;
		return;
	}
	work->replayed = add_to_hash(work->replayed, item, length);
	if (work->in_page == work->written && work->replayed != work->hash)
		fail(work, RC_RETRY, "it broke, and was another one when it was read again");
}

/* ---- one page ---- */

static void
begin_page(void *context)
{
	struct listing *work = context;

	rc_items_begin(&work->items);
	work->in_page = work->replayed = 0;
}

static bool
read_page(void *context, const char *bytes, size_t length)
{
	return rc_items_read(&((struct listing *)context)->items, bytes, length) == RC_ITEMS_OPEN;
}

static bool
end_page(void *context)
{
	struct listing *work = context;

	if (!rc_items_end(&work->items))
		return false;
	if (work->in_page < work->written)
		fail(work, RC_RETRY, "it broke, and was another one when it was read again");
	return true;
}

static const char *
page_reason(void *context)
{
	return ((struct listing *)context)->items.reason;
}

/* ---- what comes next ---- */

/* The value at pointer N of this page as JSON, or NULL where there was none. */
static const char *
value_at(const struct listing *work, int n)
{
	return n < 0 || work->items.pointers[n].value.length == 0 ? NULL : work->items.pointers[n].value.bytes;
}

/* The number of all items, as the page says; false where it does not. */
static bool
find_total(const struct listing *work, const struct rc_http_answer *answer, unsigned long long *total)
{
	const char *text = value_at(work, work->total);
	long number;

	if (text == NULL && answer->total.length > 0)
		text = answer->total.bytes;
	if (text == NULL || !rc_parse_long(text, 0, LONG_MAX, &number))
		return false;
	*total = (unsigned long long)number;
	return true;
}

/* The cursor of this page, decoded, or NULL where it says that there is none; SPOKEN: it says something. */
static char *
find_cursor(struct listing *work, bool *spoken)
{
	const char *value = value_at(work, work->cursor), *text;
	struct rc_arena arena = {0};
	size_t length;
	char *cursor = NULL;

	*spoken = value != NULL;
	if (value == NULL || strcmp(value, "null") == 0 || strcmp(value, "false") == 0 || strcmp(value, "\"\"") == 0)
		return NULL;
	switch (rc_json_type(value)) {
	case RC_JSON_STRING:
		text = rc_json_decode(&arena, value, strlen(value), &length);
		if (text == NULL || strlen(text) != length)
			fail(work, RC_FATAL, "the cursor is no text");
		cursor = rc_strndup(text, length);
		break;
	case RC_JSON_NUMBER:
		cursor = rc_strndup(value, strlen(value));
		break;
	default:
		fail(work, RC_FATAL, "the cursor is neither text nor a number");
	}
	rc_arena_free(&arena);
	return cursor;
}

/* URL with NAME=VALUE; ends the process where that can't be. */
static char *
with_parameter(const char *url, const char *name, const char *value)
{
	char *longer = rc_http_add_parameter(url, name, value), *copy;

	if (longer == NULL)
		rc_die(RC_FATAL, "this is no URL: %s", url);
	copy = rc_strndup(longer, strlen(longer));
	curl_free(longer);
	return copy;
}

static char *
with_number(const struct listing *work, unsigned long long number)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", number);
	return with_parameter(work->base, work->param, text);
}

/* A link's target as seen from the page; only HTTP, so that a page can't name a file of this machine. */
static char *
follow(const struct listing *work, const struct rc_http_answer *answer, const char *target)
{
	char *url = rc_http_resolve(answer->url.bytes, target), *copy;

	if (url == NULL || (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
		fail(work, RC_FATAL, "the next page has no URL of HTTP");
	if (strncasecmp(answer->url.bytes, "https://", 8) == 0 && strncasecmp(url, "https://", 8) != 0)
		fail(work, RC_FATAL, "the next page leads from https to http");
	copy = rc_strndup(url, strlen(url));
	curl_free(url);
	return copy;
}

/* The URL of the next page as the page's own words have it, or NULL; SPOKEN: it says whether there is one. */
static char *
find_next(struct listing *work, const struct rc_http_answer *answer, bool *spoken)
{
	struct rc_buf target = {0};
	char *cursor, *next = NULL;

	switch (work->paging) {
	case LINK:
		*spoken = answer->link.length > 0;
		if (*spoken && rc_link_find(answer->link.bytes, "next", &target))
			next = follow(work, answer, target.bytes);
		rc_buf_free(&target);
		break;
	case CURSOR:
	case NEXT_URL:
		if ((cursor = find_cursor(work, spoken)) != NULL)
			next = work->paging == CURSOR ? with_parameter(work->base, work->param, cursor) : follow(work, answer, cursor);
		free(cursor);
		break;
	case PAGE:
		next = with_number(work, (unsigned long long)work->first + work->http.page);
		break;
	case OFFSET:
		next = with_number(work, (unsigned long long)work->first + work->received);
		break;
	case NONE:
		break;
	}
	return next;
}

/* A source that does not know the parameter gives the same page for ever. */
static void
check_repetition(struct listing *work, const char *next)
{
	if (work->in_page > 0 && work->http.page > 1 && work->hash == work->page_before)
		fail(work, RC_FATAL, "it is the same as the page before");
	work->page_before = work->hash;
	if (next != NULL && rc_seen_before(&work->seen, next))
		fail(work, RC_FATAL, "the next page is one that has come already");
}

/* The URL of the page after this one, or NULL at the listing's end; dies where the end is not certain. */
static char *
next_page(struct listing *work, const struct rc_http_answer *answer)
{
	bool counted = work->paging == PAGE || work->paging == OFFSET, spoken = false, known, full;
	unsigned long long total = 0;
	const char *more = value_at(work, work->more);
	char *next = find_next(work, answer, &spoken), words[96];

	known = find_total(work, answer, &total);
	full = work->size > 0 && work->in_page >= (unsigned long long)work->size;
	if (more != NULL && strcmp(more, "true") != 0) {
		free(next);
		next = NULL;
	} else if (counted && more == NULL && (known ? work->received >= total : work->size > 0 ? !full : work->in_page == 0)) {
		free(next);
		next = NULL;
	} else if (counted && work->in_page == 0) {
		fail(work, RC_RETRY, "it is empty, but should not be the last one");
	}
	check_repetition(work, next);
	if (next != NULL)
		return next;
	if (more != NULL && strcmp(more, "true") == 0)
		fail(work, RC_FATAL, "it says that another one follows, but not which");
	if (known && work->received < total) {
		snprintf(words, sizeof words, "it is the last one, but only %llu of %llu items have come", work->received, total);
		fail(work, RC_RETRY, words);
	}
	if (full && !counted && work->paging != NONE && !spoken && !known && more == NULL)
		fail(work, RC_FATAL, "it is full, but does not say whether another one follows");
	return NULL;
}

/* ---- what is kept between runs ---- */

/* Reads the state of the listing at URL: its ETag and time, or NULL where there is none. */
static void
read_state(const struct listing *work, const char *url, struct rc_record *state, const char **etag, const char **modified)
{
	char *const files[] = { (char *)(uintptr_t)work->state_path };
	struct rc_record record = {0};
	struct rc_input in;
	const char *its;

	*etag = *modified = NULL;
	if (work->state_path == NULL || access(work->state_path, F_OK) != 0)
		return;
	rc_input_open(&in, 1, files);
	while (rc_input_next(&in, &record)) {	/* to its end, which closes it */
		rc_record_free(state);
		*state = (struct rc_record){0};
		rc_record_copy(state, &record);
	}
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
	its = rc_record_string(state, "url", NULL);
	if (its == NULL || strcmp(its, url) != 0)
		return;
	*etag = rc_record_string(state, "etag", NULL);
	*modified = rc_record_string(state, "last_modified", NULL);
}

/* Writes the state of a listing that has come whole; one of several pages has none, since a page's tag tells nothing of the others. */
static void
write_state(const struct listing *work, const char *url, const struct rc_http_answer *answer)
{
	struct rc_buf line = {0};
	struct rc_file *file;

	if (work->state_path == NULL)
		return;
	file = rc_file_replace(work->state_path);
	rc_json_open(&line);
	rc_json_add_integer(&line, "v", 1);
	rc_json_add_text(&line, "url", url);
	rc_json_add_text(&line, "etag", work->http.page == 1 && answer->etag.length > 0 ? answer->etag.bytes : NULL);
	rc_json_add_text(&line, "last_modified", work->http.page == 1 && answer->modified.length > 0 ? answer->modified.bytes : NULL);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	rc_write_all(file->fd, work->state_path, line.bytes, line.length);
	rc_file_commit(file);
	rc_buf_free(&line);
}

/* ---- one listing ---- */

static void
set_base(struct listing *work, const char *url)
{
	char *longer;

	free(work->base);
	work->base = rc_strndup(url, strlen(url));
	for (int i = 0; i < work->param_count; i++) {
		const char *value = strchr(work->params[i], '=');
		char *name = rc_strndup(work->params[i], (size_t)(value - work->params[i]));

		longer = with_parameter(work->base, name, value + 1);
		free(work->base);
		free(name);
		work->base = longer;
	}
	if (work->size_param != NULL) {
		char text[24];

		snprintf(text, sizeof text, "%ld", work->size);
		longer = with_parameter(work->base, work->size_param, text);
		free(work->base);
		work->base = longer;
	}
}

static void
read_listing(struct listing *work, const char *url)
{
	struct rc_http_answer answer = {0};
	struct rc_record state = {0};
	const char *etag, *modified;
	char *page;

	set_base(work, url);
	rc_http_begin_listing(&work->http, work->base);
	read_state(work, work->base, &state, &etag, &modified);
	page = work->paging == PAGE || work->paging == OFFSET ? with_number(work, (unsigned long long)work->first) :
	    rc_strndup(work->base, strlen(work->base));
	work->received = work->page_before = 0;
	rc_seen_free(&work->seen);
	rc_seen_before(&work->seen, page);
	while (page != NULL) {
		char *next;

		work->written = work->hash = 0;
		rc_http_get(&work->http, page, etag, modified, &answer);
		free(page);
		if (answer.status == 304) {
			work->unchanged = true;
			page = NULL;
			break;
		}
		etag = modified = NULL;
		work->received += work->in_page;
		next = next_page(work, &answer);
		work->http.page += next != NULL;
		page = next;
	}
	if (!work->unchanged)
		write_state(work, work->base, &answer);
	rc_http_answer_free(&answer);
	rc_record_free(&state);
}

/* ---- options ---- */

/* N, N/s, N/m or N/h as milliseconds between two requests. */
static long
parse_rate(const char *text)
{
	char *number = rc_strndup(text, strcspn(text, "/"));
	const char *unit = text + strlen(number);
	long each = strcmp(unit, "/m") == 0 ? 60000 : strcmp(unit, "/h") == 0 ? 3600000 : 1000, count;

	if (!rc_parse_long(number, 1, 1000000, &count) || (each == 1000 && *unit != '\0' && strcmp(unit, "/s") != 0))
		rc_usage("--rate-limit takes a number of requests such as 5, 100/m or 5000/h, not '%s'", text);
	free(number);
	return (each + count - 1) / count;
}

static enum paging
parse_paging(const char *text)
{
	for (int i = LINK; i <= NONE; i++)
		if (strcmp(paging_names[i], text) == 0)
			return (enum paging)i;
	rc_usage("--paging is link, cursor, next-url, page, offset or none, not '%s'", text);
}

static int
add_pointer(struct listing *work, const char *option, const char *text)
{
	int n;

	if (text == NULL)
		return -1;
	if (*text == '\0' || (n = rc_items_add_pointer(&work->items, text)) < 0)
		rc_usage("--%s takes a JSON pointer such as /meta/next, not '%s'", option, text);
	return n;
}

static void
check_options(struct listing *work, const char *token_header)
{
	bool by_cursor = work->paging == CURSOR || work->paging == NEXT_URL;

	if (by_cursor != (work->cursor_text != NULL))
		rc_usage("--cursor goes with --paging cursor or next-url, and they with it");
	if (work->items.lines && (work->items_text != NULL || work->cursor_text != NULL || work->total_text != NULL || work->more_text != NULL))
		rc_usage("--lines and pointers exclude one another");
	if (work->size_param != NULL && work->size == 0)
		rc_usage("--size-param needs --size");
	if (work->param == NULL)
		work->param = paging_params[work->paging];
	else if (paging_params[work->paging] == NULL)
		rc_usage("--paging-param goes with --paging cursor, page or offset");
	if (work->first < 0)
		work->first = work->paging == PAGE;
	if ((work->http.oauth_url == NULL) != (work->http.oauth_client == NULL) ||
	    (work->http.oauth_url == NULL) != (work->http.oauth_secret.length == 0))
		rc_usage("--oauth-url, --oauth-client and --oauth-secret go together");
	if (work->http.oauth_url != NULL && work->http.token.length > 0)
		rc_usage("--token and --oauth-url exclude one another");
	if (token_header != NULL && work->http.token.length == 0)
		rc_usage("--token-header needs --token");
	if (!work->items.lines && rc_items_add_pointer(&work->items, work->items_text == NULL ? "" : work->items_text) < 0)
		rc_usage("--items takes a JSON pointer such as /data, not '%s'", work->items_text);
	work->cursor = add_pointer(work, "cursor", work->cursor_text);
	work->total = add_pointer(work, "total", work->total_text);
	work->more = add_pointer(work, "more", work->more_text);
}

static void
add_param(struct listing *work, const char *text)
{
	if (strchr(text, '=') == NULL || *text == '=')
		rc_usage("--param takes NAME=VALUE, not '%s'", text);
	if (work->param_count == PARAMS_MAX)
		rc_usage("more than %d parameters", PARAMS_MAX);
	work->params[work->param_count++] = text;
}

/* An option of the transfer; false where OPT is another one. */
static bool
set_transfer(struct rc_http *http, int opt)
{
	switch (opt) {
	case OPT_RATE: http->interval = parse_rate(optarg); return true;
	case OPT_CONNECT: http->exchange.connect_limit = rc_opt_duration("connect-timeout", optarg); return true;
	case OPT_FIRST_BYTE: http->exchange.first_byte_limit = rc_opt_duration("first-byte-timeout", optarg); return true;
	case OPT_TIMEOUT: http->exchange.whole_limit = rc_opt_duration("timeout", optarg); return true;
	case OPT_TRIES: http->tries = rc_opt_long("tries", optarg, 1, 1000); return true;
	case OPT_PAUSE: http->pause = rc_opt_duration("pause", optarg); return true;
	case OPT_MAX_WAIT: http->wait_max = rc_opt_duration("max-wait", optarg); return true;
	case OPT_CACERT: http->exchange.ca_file = optarg; return true;
	case OPT_TOKEN: rc_http_find_secret("token", optarg, &http->token); return true;
	case OPT_TOKEN_HEADER: http->token_header = optarg; return true;
	case OPT_OAUTH_URL: http->oauth_url = optarg; return true;
	case OPT_OAUTH_CLIENT: http->oauth_client = optarg; return true;
	case OPT_OAUTH_SECRET: rc_http_find_secret("oauth-secret", optarg, &http->oauth_secret); return true;
	case OPT_OAUTH_SCOPE: http->oauth_scope = optarg; return true;
	default: return false;
	}
}

static void
close_all(struct listing *work)
{
	rc_http_close(&work->http);
	rc_items_free(&work->items);
	rc_buf_free(&work->text);
	rc_seen_free(&work->seen);
	free(work->base);
}

int
main(int argc, char *argv[])
{
	struct listing work = { .first = -1, .http = {
	    .exchange = { .connect_limit = 10000, .first_byte_limit = 60000, .whole_limit = 3600000 },
	    .tries = 5, .pause = 500, .pause_max = 60000, .wait_max = 300000 } };
	struct rc_input in = {0};
	struct rc_record record = {0};
	const char *url = NULL;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (set_transfer(&work.http, opt))
			continue;
		switch (opt) {
		case 'u': url = optarg; break;
		case OPT_PARAM: add_param(&work, optarg); break;
		case OPT_ITEMS: work.items_text = optarg; break;
		case OPT_LINES: work.items.lines = true; break;
		case OPT_PAGING: work.paging = parse_paging(optarg); break;
		case OPT_CURSOR: work.cursor_text = optarg; break;
		case OPT_PAGING_PARAM: work.param = optarg; break;
		case OPT_FIRST: work.first = rc_opt_long("first", optarg, 0, LONG_MAX); break;
		case OPT_SIZE: work.size = rc_opt_long("size", optarg, 1, 1000000000); break;
		case OPT_SIZE_PARAM: work.size_param = optarg; break;
		case OPT_TOTAL: work.total_text = optarg; break;
		case OPT_MORE: work.more_text = optarg; break;
		case OPT_STATE: work.state_path = optarg; break;
		case OPT_NUMBERS: work.numbers_as_text = true; break;
		}
	}
	check_options(&work, work.http.token_header);
	if (url != NULL && optind < argc)
		rc_usage("--url reads no records, but '%s' is given", argv[optind]);
	work.items.take = take_item;
	work.items.context = &work;
	work.http.exchange.body = (struct rc_http_body){ begin_page, read_page, end_page, page_reason, &work };
	if (url == NULL)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&work.out, NULL);
	rc_http_open(&work.http);

	if (url != NULL)
		read_listing(&work, url);
	while (url == NULL && rc_input_next(&in, &record))
		read_listing(&work, rc_input_need_string(&in, &record, "url"));
	if (work.unchanged)
		work.out.answer = RC_NO;
	else
		rc_output_end_record(&work.out);
	rc_record_free(&record);
	close_all(&work);
	return rc_finish(url == NULL ? &in : NULL, &work.out);
}

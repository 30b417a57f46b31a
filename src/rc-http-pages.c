/*
 * rc-http-pages - read a listing over HTTP, page by page, as records
 *
 * Holds one item at a time, and eight bytes for each page, so that a page that
 * comes again is known.  A page that breaks is read again from its beginning:
 * what was written of it is compared by a sum and not written twice.  The end
 * record is written only where every page of every listing has come.
 */
/* links: -lcurl -pthread */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_http.h"
#include "rc_http_state.h"
#include "rc_http_target.h"
#include "rc_items.h"
#include "rc_long_numbers.h"
#include "rc_opt.h"
#include "rc_paging.h"
#include "rc_secret.h"
#include "rc_stream.h"
#include "rc_sum.h"

enum { OPT_PARAM = RC_OPT_LONG, OPT_ITEMS, OPT_LINES, OPT_PAGING, OPT_CURSOR, OPT_PAGING_PARAM, OPT_FIRST, OPT_SIZE, OPT_SIZE_PARAM,
    OPT_TOTAL, OPT_MORE, OPT_STATE, OPT_RATE, OPT_CONNECT, OPT_FIRST_BYTE, OPT_TIMEOUT, OPT_TRIES, OPT_PAUSE, OPT_MAX_WAIT,
    OPT_CACERT, OPT_TOKEN, OPT_TOKEN_HEADER, OPT_OAUTH_URL, OPT_OAUTH_CLIENT, OPT_OAUTH_SECRET, OPT_OAUTH_SCOPE, OPT_NUMBERS };

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

struct listing {
	struct rc_http http;
	struct rc_items items;
	struct rc_paging paging;
	struct rc_output out;
	const char *cursor_text, *total_text, *more_text, *items_text;
	const char *state_path;
	bool numbers_as_text;

	unsigned long long in_page, written;	/* items of this page: read in this try; written in all */
	struct rc_sum sum, replayed;	/* of what was written; of the same in this try */
	struct rc_buf text;
	bool unchanged;			/* a 304 has come */
};

/* ---- one item ---- */

static _Noreturn void
fail_item(const struct listing *work, const char *words)
{
	char text[128];

	snprintf(text, sizeof text, "item %llu %s", work->in_page, words);
	rc_paging_fail(&work->paging, RC_FATAL, text);
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

/* An item of a page that broke must be the same again. */
static void
compare_item(struct listing *work, const char *item, size_t length)
{
	rc_sum_add(&work->replayed, item, length);
	rc_sum_add(&work->replayed, "\n", 1);
	if (work->in_page == work->written && rc_sum_value(&work->replayed) != rc_sum_value(&work->sum))
		rc_paging_fail(&work->paging, RC_RETRY, "it broke, and was another one when it was read again");
}

static void
take_item(void *context, const char *item, size_t length)
{
	struct listing *work = context;

	work->in_page++;
	if (*item != '{')
		fail_item(work, "is no object");
	if (is_end_record(item, length))
		fail_item(work, "has a field 'rc_end'");
	if (work->in_page <= work->written) {
		compare_item(work, item, length);
		return;
	}
	write_item(work, item, length);
	rc_sum_add(&work->sum, item, length);
	rc_sum_add(&work->sum, "\n", 1);
	work->written++;
}

/* The same for COUNT items that have the names of the one before, which was no end record. */
static void
take_items(void *context, const char *lines, size_t length, size_t count)
{
	struct listing *work = context;

	if (work->in_page < work->written || work->numbers_as_text) {
		for (const char *end = lines + length, *next; lines < end; lines = next + 1) {
			next = memchr(lines, '\n', (size_t)(end - lines));
			take_item(work, lines, (size_t)(next - lines));
		}
		return;
	}
	rc_output_lines(&work->out, lines, length, count);
	rc_sum_add(&work->sum, lines, length);
	work->in_page += count;
	work->written += count;
}

/* ---- one page ---- */

static void
begin_page(void *context)
{
	struct listing *work = context;

	rc_items_begin(&work->items);
	work->in_page = 0;
	work->replayed = (struct rc_sum){0};
}

static bool
read_page(void *context, char *bytes, size_t length)
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
		rc_paging_fail(&work->paging, RC_RETRY, "it broke, and was another one when it was read again");
	return true;
}

static const char *
page_reason(void *context)
{
	return ((struct listing *)context)->items.reason;
}

/* ---- one listing ---- */

/* Reads the page at URL, which it frees, asking for it only where it is not as STATE says; the next page's URL, or NULL. */
static char *
read_one(struct listing *work, char *url, const struct rc_http_state *state, struct rc_http_answer *answer)
{
	work->written = 0;
	work->sum = (struct rc_sum){0};
	rc_http_get(&work->http, url, state->etag, state->modified, answer);
	free(url);
	if (answer->status == 304) {
		if (state->etag == NULL && state->modified == NULL)
			rc_paging_fail(&work->paging, RC_FATAL, "status 304, but it was not asked whether anything has changed");
		work->unchanged = true;
		return NULL;
	}
	work->paging.in_page = work->in_page;
	work->paging.sum = rc_sum_value(&work->sum);
	return rc_paging_next(&work->paging, answer);
}

static void
read_listing(struct listing *work, const char *url)
{
	struct rc_http_answer answer = {0};
	struct rc_http_state state = {0};
	char *page = rc_paging_begin(&work->paging, url);

	if (work->state_path != NULL)
		rc_http_state_read(&state, work->state_path, work->paging.base);
	while ((page = read_one(work, page, &state, &answer)) != NULL) {
		work->http.page++;
		rc_http_state_free(&state);	/* it is of the first page */
	}
	if (work->state_path != NULL && !work->unchanged)
		rc_http_state_write(work->state_path, work->paging.base, &answer, work->http.page);
	rc_http_answer_free(&answer);
	rc_http_state_free(&state);
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

static enum rc_paging_how
parse_paging(const char *text)
{
	enum rc_paging_how how;

	if (!rc_paging_find(text, &how))
		rc_usage("--paging is link, cursor, next-url, page, offset or none, not '%s'", text);
	return how;
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
	struct rc_paging *paging = &work->paging;
	bool by_cursor = paging->how == RC_PAGING_CURSOR || paging->how == RC_PAGING_NEXT_URL;

	if (by_cursor != (work->cursor_text != NULL))
		rc_usage("--cursor goes with --paging cursor or next-url, and they with it");
	if (work->items.lines && (work->items_text != NULL || work->cursor_text != NULL || work->total_text != NULL || work->more_text != NULL))
		rc_usage("--lines and pointers exclude one another");
	if (paging->size_param != NULL && paging->size == 0)
		rc_usage("--size-param needs --size");
	if (paging->param == NULL)
		paging->param = rc_paging_default_param(paging->how);
	else if (rc_paging_default_param(paging->how) == NULL)
		rc_usage("--paging-param goes with --paging cursor, page or offset");
	if (paging->first < 0)
		paging->first = paging->how == RC_PAGING_PAGE;
	if ((work->http.oauth_url == NULL) != (work->http.oauth_client == NULL) ||
	    (work->http.oauth_url == NULL) != (work->http.oauth_secret.length == 0))
		rc_usage("--oauth-url, --oauth-client and --oauth-secret go together");
	if (work->http.oauth_url != NULL && work->http.token.length > 0)
		rc_usage("--token and --oauth-url exclude one another");
	if (token_header != NULL && work->http.token.length == 0)
		rc_usage("--token-header needs --token");
	if (!work->items.lines && rc_items_add_pointer(&work->items, work->items_text == NULL ? "" : work->items_text) < 0)
		rc_usage("--items takes a JSON pointer such as /data, not '%s'", work->items_text);
	paging->cursor = add_pointer(work, "cursor", work->cursor_text);
	paging->total = add_pointer(work, "total", work->total_text);
	paging->more = add_pointer(work, "more", work->more_text);
}

static void
add_param(struct rc_paging *paging, const char *text)
{
	if (strchr(text, '=') == NULL || *text == '=')
		rc_usage("--param takes NAME=VALUE, not '%s'", text);
	if (paging->param_count == RC_PAGING_PARAMS_MAX)
		rc_usage("more than %d parameters", RC_PAGING_PARAMS_MAX);
	paging->params[paging->param_count++] = text;
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
	rc_paging_free(&work->paging);
}

int
main(int argc, char *argv[])
{
	struct listing work = { .paging = { .first = -1 }, .http = {
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
		case OPT_PARAM: add_param(&work.paging, optarg); break;
		case OPT_ITEMS: work.items_text = optarg; break;
		case OPT_LINES: work.items.lines = true; break;
		case OPT_PAGING: work.paging.how = parse_paging(optarg); break;
		case OPT_CURSOR: work.cursor_text = optarg; break;
		case OPT_PAGING_PARAM: work.paging.param = optarg; break;
		case OPT_FIRST: work.paging.first = rc_opt_long("first", optarg, 0, LONG_MAX); break;
		case OPT_SIZE: work.paging.size = rc_opt_long("size", optarg, 1, 1000000000); break;
		case OPT_SIZE_PARAM: work.paging.size_param = optarg; break;
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
	work.items.take_lines = take_items;
	work.items.context = &work;
	work.paging.http = &work.http;
	work.paging.items = &work.items;
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

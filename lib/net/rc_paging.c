/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_paging.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_http_url.h"
#include "rc_link.h"

static const struct { const char *name, *param; } ways[] = {
	[RC_PAGING_LINK] = { "link", NULL },
	[RC_PAGING_CURSOR] = { "cursor", "cursor" },
	[RC_PAGING_NEXT_URL] = { "next-url", NULL },
	[RC_PAGING_PAGE] = { "page", "page" },
	[RC_PAGING_OFFSET] = { "offset", "offset" },
	[RC_PAGING_NONE] = { "none", NULL },
};

bool
rc_paging_find(const char *name, enum rc_paging_how *how)
{
	for (int i = RC_PAGING_LINK; i <= RC_PAGING_NONE; i++)
		if (strcmp(ways[i].name, name) == 0) {
			*how = (enum rc_paging_how)i;
			return true;
		}
	return false;
}

const char *
rc_paging_default_param(enum rc_paging_how how)
{
	return ways[how].param;
}

void
rc_paging_fail(const struct rc_paging *paging, enum rc_exit code, const char *words)
{
	char *shown = rc_http_shown(paging->base);

	rc_die(code, "%s: page %u: %s", shown == NULL ? "a URL" : shown, paging->http->page, words);
}

/* ---- what a page says ---- */

/* The value at pointer N of this page as JSON, or NULL where there was none. */
static const char *
value_at(const struct rc_paging *paging, int n)
{
	return n < 0 || paging->items->pointers[n].value.length == 0 ? NULL : paging->items->pointers[n].value.bytes;
}

/* The number of all items, as the page says; false where it does not, which the first one has to where the user says that it does. */
static bool
find_total(const struct rc_paging *paging, const struct rc_http_answer *answer, unsigned long long *total)
{
	const char *text = value_at(paging, paging->total);
	size_t quote = text != NULL && *text == '"', length = text == NULL ? 0 : strlen(text);
	char *digits;
	long number;
	bool good;

	if (text == NULL || strcmp(text, "null") == 0) {
		if (paging->total >= 0 && paging->http->page == 1)
			rc_paging_fail(paging, RC_FATAL, "it has nothing where --total says that the number of all items is");
		if (answer->total.length == 0 || !rc_parse_long(answer->total.bytes, 0, LONG_MAX, &number))
			return false;
		*total = (unsigned long long)number;
		return true;
	}
	digits = rc_strndup(text + quote, length - 2 * quote);
	good = rc_parse_long(digits, 0, LONG_MAX, &number);
	free(digits);
	if (!good)
		rc_paging_fail(paging, RC_FATAL, "its number of all items is no whole number");
	*total = (unsigned long long)number;
	return true;
}

/* The cursor of this page, decoded, or NULL where it says that there is none; SPOKEN: it says something. */
static char *
find_cursor(struct rc_paging *paging, bool *spoken)
{
	const char *value = value_at(paging, paging->cursor), *text;
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
			rc_paging_fail(paging, RC_FATAL, "the cursor is no text");
		cursor = rc_strndup(text, length);
		break;
	case RC_JSON_NUMBER:
		cursor = rc_strndup(value, strlen(value));
		break;
	default:
		rc_paging_fail(paging, RC_FATAL, "the cursor is neither text nor a number");
	}
	rc_arena_free(&arena);
	return cursor;
}

/* Whether the page says that another one follows; false, with SPOKEN, where it says that none does. */
static bool
find_more(const struct rc_paging *paging, bool *spoken)
{
	const char *more = value_at(paging, paging->more);

	*spoken = more != NULL && strcmp(more, "null") != 0;
	if (*spoken && strcmp(more, "true") != 0 && strcmp(more, "false") != 0)
		rc_paging_fail(paging, RC_FATAL, "expected true or false where --more says whether another page follows");
	return *spoken && strcmp(more, "true") == 0;
}

/* ---- what comes next ---- */

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
with_number(const struct rc_paging *paging, unsigned long long number)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", number);
	return with_parameter(paging->base, paging->param, text);
}

/* A link's target as seen from the page; only HTTP, so that a page can't name a file of this machine. */
static char *
follow(const struct rc_paging *paging, const struct rc_http_answer *answer, const char *target)
{
	char *url = rc_http_resolve(answer->url.bytes, target), *copy;

	if (url == NULL || (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
		rc_paging_fail(paging, RC_FATAL, "the next page has no URL of HTTP");
	if (strncasecmp(answer->url.bytes, "https://", 8) == 0 && strncasecmp(url, "https://", 8) != 0)
		rc_paging_fail(paging, RC_FATAL, "the next page leads from https to http");
	copy = rc_strndup(url, strlen(url));
	curl_free(url);
	return copy;
}

/* The URL of the next page as the page's own words have it, or NULL; SPOKEN: it says whether there is one. */
static char *
find_next(struct rc_paging *paging, const struct rc_http_answer *answer, bool *spoken)
{
	struct rc_buf target = {0};
	char *cursor, *next = NULL;
	enum rc_link link;

	switch (paging->how) {
	case RC_PAGING_LINK:
		*spoken = answer->link.length > 0;
		link = *spoken ? rc_link_find(answer->link.bytes, "next", &target) : RC_LINK_NONE;
		if (link == RC_LINK_BAD)
			rc_paging_fail(paging, RC_FATAL, "its Link header can't be read");
		if (link == RC_LINK_FOUND)
			next = follow(paging, answer, target.bytes);
		rc_buf_free(&target);
		break;
	case RC_PAGING_CURSOR:
	case RC_PAGING_NEXT_URL:
		if ((cursor = find_cursor(paging, spoken)) != NULL)
			next = paging->how == RC_PAGING_CURSOR ? with_parameter(paging->base, paging->param, cursor) : follow(paging, answer, cursor);
		free(cursor);
		break;
	case RC_PAGING_PAGE:
		next = with_number(paging, (unsigned long long)paging->first + paging->http->page);
		break;
	case RC_PAGING_OFFSET:
		next = with_number(paging, (unsigned long long)paging->first + paging->received);
		break;
	case RC_PAGING_NONE:
		break;
	}
	return next;
}

/* A source that does not know the parameter gives the same page for ever. */
static void
check_repetition(struct rc_paging *paging, const char *next)
{
	if (paging->in_page > 0 && paging->http->page > 1 && paging->sum == paging->sum_before)
		rc_paging_fail(paging, RC_FATAL, "it is the same as the page before");
	paging->sum_before = paging->sum;
	if (next != NULL && rc_seen_before(&paging->seen, next))
		rc_paging_fail(paging, RC_FATAL, "the next page is one that has come already");
}

char *
rc_paging_next(struct rc_paging *paging, const struct rc_http_answer *answer)
{
	bool counted = paging->how == RC_PAGING_PAGE || paging->how == RC_PAGING_OFFSET, spoken = false, known, full, tells_more, more;
	unsigned long long total = 0;
	char *next, words[128];

	paging->received += paging->in_page;
	next = find_next(paging, answer, &spoken);
	known = find_total(paging, answer, &total);
	more = find_more(paging, &tells_more);
	if (known && total < paging->total_before) {	/* items after one that is gone have moved up, over the border of a page */
		snprintf(words, sizeof words, "there were %llu items, and now %llu: one may have been passed over", paging->total_before, total);
		rc_paging_fail(paging, RC_RETRY, words);
	}
	paging->total_before = known ? total : 0;
	full = paging->size > 0 && paging->in_page >= (unsigned long long)paging->size;
	if (tells_more && !more) {
		free(next);
		next = NULL;
	} else if (counted && !tells_more && (known ? paging->received >= total : paging->size > 0 ? !full : paging->in_page == 0)) {
		free(next);
		next = NULL;
	} else if (counted && paging->in_page == 0) {
		rc_paging_fail(paging, RC_RETRY, "it is empty, but should not be the last one");
	}
	check_repetition(paging, next);
	if (next != NULL)
		return next;
	if (more)
		rc_paging_fail(paging, RC_FATAL, "it says that another one follows, but not which");
	if (known && paging->received < total) {
		snprintf(words, sizeof words, "it is the last one, but only %llu of %llu items have come", paging->received, total);
		rc_paging_fail(paging, RC_RETRY, words);
	}
	if (full && !counted && paging->how != RC_PAGING_NONE && !spoken && !known && !tells_more)
		rc_paging_fail(paging, RC_FATAL, "it is full, but does not say whether another one follows");
	return NULL;
}

/* ---- the listing ---- */

/* Adds a parameter to the listing's URL. */
static void
add_to_base(struct rc_paging *paging, const char *name, const char *value)
{
	char *longer = with_parameter(paging->base, name, value);

	free(paging->base);
	paging->base = longer;
}

static void
set_base(struct rc_paging *paging, const char *url)
{
	paging->base = rc_strndup(url, strlen(url));
	for (int i = 0; i < paging->param_count; i++) {
		const char *value = strchr(paging->params[i], '=');
		char *name = rc_strndup(paging->params[i], (size_t)(value - paging->params[i]));

		add_to_base(paging, name, value + 1);
		free(name);
	}
	if (paging->size_param != NULL) {
		char text[24];

		snprintf(text, sizeof text, "%ld", paging->size);
		add_to_base(paging, paging->size_param, text);
	}
}

char *
rc_paging_begin(struct rc_paging *paging, const char *url)
{
	bool counted = paging->how == RC_PAGING_PAGE || paging->how == RC_PAGING_OFFSET;
	char *page;

	rc_paging_free(paging);
	paging->received = paging->total_before = paging->sum_before = 0;
	set_base(paging, url);
	rc_http_begin_listing(paging->http, paging->base);
	page = counted ? with_number(paging, (unsigned long long)paging->first) : rc_strndup(paging->base, strlen(paging->base));
	rc_seen_before(&paging->seen, page);
	return page;
}

void
rc_paging_free(struct rc_paging *paging)
{
	free(paging->base);
	paging->base = NULL;
	rc_seen_free(&paging->seen);
}

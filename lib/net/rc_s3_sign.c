/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_s3_sign.h"

#include <stdlib.h>
#include <string.h>

#include "rc_digest.h"
#include "rc_err.h"
#include "rc_hmac.h"
#include "rc_http_exchange.h"
#include "rc_mem.h"
#include "rc_str.h"

enum { DATE = 8, MOMENT = 16 };		/* characters of 20261201 and 20261201T170000Z */

/* The SHA-256 of no bytes. */
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* ---- headers ---- */

void
rc_s3_headers_add(struct rc_s3_headers *headers, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct rc_s3_header *header;

	while (value_length > 0 && strchr(" \t\r\n", value[value_length - 1]) != NULL)
		value_length--;
	while (value_length > 0 && (*value == ' ' || *value == '\t'))
		value++, value_length--;
	if (headers->count == headers->room) {
		headers->room = headers->room == 0 ? 16 : rc_size_mul(headers->room, 2);
		headers->items = rc_realloc(headers->items, rc_size_mul(headers->room, sizeof *headers->items));
	}
	header = &headers->items[headers->count++];
	*header = (struct rc_s3_header){ .name = rc_strndup(name, name_length), .value = rc_strndup(value, value_length) };
	for (char *p = header->name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

const char *
rc_s3_headers_find(const struct rc_s3_headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (strcmp(headers->items[i].name, name) == 0)
			return headers->items[i].value;
	return NULL;
}

void
rc_s3_headers_free(struct rc_s3_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++) {
		rc_wipe(headers->items[i].value, strlen(headers->items[i].value));	/* it may be a session's token */
		free(headers->items[i].value);
		free(headers->items[i].name);
	}
	free(headers->items);
	*headers = (struct rc_s3_headers){0};
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct rc_s3_header *)a)->name, ((const struct rc_s3_header *)b)->name);
}

static void
add(struct rc_s3_headers *headers, const char *name, const char *value)
{
	rc_s3_headers_add(headers, name, strlen(name), value, strlen(value));
}

static const char *
body_digest(const struct rc_s3_signing *signing)
{
	return signing->sha256 != NULL ? signing->sha256 : nothing;
}

/* All that is signed, in order. */
static struct rc_s3_headers
collect(const struct rc_s3_signing *signing, const char *moment)
{
	struct rc_s3_headers all = {0};

	for (size_t i = 0; signing->headers != NULL && i < signing->headers->count; i++)
		add(&all, signing->headers->items[i].name, signing->headers->items[i].value);
	add(&all, "host", signing->host);
	add(&all, "x-amz-content-sha256", body_digest(signing));
	add(&all, "x-amz-date", moment);
	if (signing->keys->session.length > 0)
		add(&all, "x-amz-security-token", signing->keys->session.bytes);
	qsort(all.items, all.count, sizeof *all.items, compare);
	return all;
}

/* ---- the signature ---- */

/* Several blanks in a value count as one. */
static void
add_value(struct rc_buf *text, const char *value)
{
	for (; *value != '\0'; value++)
		if (*value != ' ' || value[1] != ' ')
			rc_buf_add(text, value, 1);
}

static void
sha256(const struct rc_buf *text, char *hex)
{
	struct rc_digest *digest = rc_digest_new();

	digest->add(digest, text->bytes, text->length);
	digest->finish(digest, hex);
	digest->free(digest);
}

static void
hmac(const char *key, size_t key_length, const char *text, unsigned char *signature)
{
	struct rc_hmac_key *ready = rc_hmac_key_new(key, key_length);
	struct rc_hmac *stream = rc_hmac_begin(ready);

	rc_hmac_add(stream, text, strlen(text));
	rc_hmac_end(stream, signature);
	rc_hmac_key_free(ready);
}

/* The key of a day, a region and S3 signs TEXT. */
static void
sign_text(const struct rc_s3_signing *signing, const char *date, const char *text, unsigned char *signature)
{
	const char *const parts[] = { date, signing->region, "s3", "aws4_request", text };
	unsigned char key[RC_HMAC_SIZE];
	struct rc_buf first = {0};

	rc_buf_reserve(&first, RC_WIPED_ROOM);
	rc_buf_printf(&first, "AWS4%s", signing->keys->secret.bytes);
	hmac(first.bytes, first.length, parts[0], key);
	for (size_t i = 1; i < sizeof parts / sizeof *parts; i++) {
		hmac((const char *)key, sizeof key, parts[i], signature);
		memcpy(key, signature, sizeof key);
	}
	rc_wipe(key, sizeof key);
	rc_buf_wipe(&first);
}

/* One header for libcurl, which leaves out one without a value unless it ends in a semicolon. */
static struct curl_slist *
add_line(struct curl_slist *list, const struct rc_s3_header *header)
{
	struct rc_buf line = {0};

	if (header->value[0] != '\0')
		return rc_http_header_add(list, header->name, header->value);
	rc_buf_printf(&line, "%s;", header->name);
	if ((list = curl_slist_append(list, rc_buf_text(&line))) == NULL)
		rc_die(RC_RETRY, "out of memory");
	rc_buf_free(&line);
	return list;
}

struct curl_slist *
rc_s3_sign(const struct rc_s3_signing *signing)
{
	struct rc_buf request = {0}, names = {0}, text = {0}, authorization = {0};
	char moment[MOMENT + 1], date[DATE + 1], hex[RC_DIGEST_HEX + 1];
	unsigned char signature[RC_HMAC_SIZE];
	struct curl_slist *list = NULL;
	struct rc_s3_headers all;
	struct tm utc;

	if (gmtime_r(&signing->time, &utc) == NULL || strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &utc) != MOMENT)
		rc_die(RC_FATAL, "the clock has no time that can be signed");
	memcpy(date, moment, DATE);
	date[DATE] = '\0';
	all = collect(signing, moment);
	rc_buf_reserve(&request, RC_WIPED_ROOM);	/* it has the session's token */
	rc_buf_printf(&request, "%s\n%s\n\n", signing->method, signing->path);
	for (size_t i = 0; i < all.count; i++) {
		rc_buf_printf(&request, "%s:", all.items[i].name);
		add_value(&request, all.items[i].value);
		rc_buf_add(&request, "\n", 1);
		rc_buf_printf(&names, "%s%s", i == 0 ? "" : ";", all.items[i].name);
		list = add_line(list, &all.items[i]);
	}
	rc_buf_printf(&request, "\n%s\n%s", rc_buf_text(&names), body_digest(signing));
	sha256(&request, hex);
	rc_buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", moment, date, signing->region, hex);
	sign_text(signing, date, rc_buf_text(&text), signature);
	rc_buf_printf(&authorization, "AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request, SignedHeaders=%s, Signature=",
	    signing->keys->id.bytes, date, signing->region, names.bytes);
	for (size_t i = 0; i < sizeof signature; i++)
		rc_buf_printf(&authorization, "%02x", signature[i]);
	list = rc_http_header_add(list, "Authorization", rc_buf_text(&authorization));
	rc_buf_wipe(&request);
	rc_buf_free(&names);
	rc_buf_free(&text);
	rc_buf_free(&authorization);
	rc_s3_headers_free(&all);
	return list;
}

#include "rc_str.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"
#include "rc_random.h"
#include "rc_utf8.h"

enum { DOUBLED_MAX = 1 << 20 };	/* beyond it memory counts more than the pages that realloc(3) moves */

char *
rc_buf_grow(struct rc_buf *buf, size_t more)
{
	size_t need = rc_size_add(buf->length, more);

	if (need > buf->room) {
		size_t room = buf->room < 128 ? 256 : buf->room < DOUBLED_MAX ? buf->room * 2 : rc_size_add(buf->room, buf->room / 4);

		buf->room = room < need ? need : room;
		buf->bytes = rc_realloc(buf->bytes, buf->room);
	}
	return buf->bytes + buf->length;
}

void
rc_buf_add(struct rc_buf *buf, const char *bytes, size_t length)
{
	if (length == 0)
		return;
	memcpy(rc_buf_reserve(buf, length), bytes, length);
	buf->length += length;
}

void
rc_buf_add_text(struct rc_buf *buf, const char *text)
{
	rc_buf_add(buf, text, strlen(text));
}

void
rc_buf_printf(struct rc_buf *buf, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		rc_die(RC_FATAL, "cannot format a message");
	vsnprintf(rc_buf_reserve(buf, (size_t)length + 1), (size_t)length + 1, format, again);
	va_end(again);
	buf->length += (size_t)length;
}

void
rc_buf_add_visible(struct rc_buf *buf, const char *text, size_t length)
{
	size_t room = rc_size_add(rc_size_mul(length, RC_UTF8_VISIBLE_MAX), 1);

	buf->length += rc_utf8_visible(text, length, rc_buf_reserve(buf, room), room);
}

char *
rc_buf_text(struct rc_buf *buf)
{
	*rc_buf_reserve(buf, 1) = '\0';
	return buf->bytes;
}

void
rc_buf_free(struct rc_buf *buf)
{
	free(buf->bytes);
	*buf = (struct rc_buf){0};
}

void
rc_buf_wipe(struct rc_buf *buf)
{
	if (buf->bytes != NULL)
		rc_wipe(buf->bytes, buf->room);
	rc_buf_free(buf);
}

bool
rc_str_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

void
rc_buf_add_encoded(struct rc_buf *buf, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			rc_buf_add(buf, text, 1);
		else
			rc_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
}

uint64_t
rc_str_hash_begin(void)
{
	static uint64_t seed;

	while (seed == 0)
		seed = rc_random();
	return seed;
}

uint64_t
rc_str_hash_add(uint64_t hash, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)text[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return hash;
}

uint64_t
rc_str_hash(const char *text, size_t length)
{
	uint64_t hash = rc_str_hash_add(rc_str_hash_begin(), text, length);

	return hash ^ hash >> 32;
}

bool
rc_parse_long(const char *text, long min, long max, long *result)
{
	char *end;
	long value;

	if ((*text < '0' || *text > '9') && *text != '-')
		return false;	/* strtol would skip blanks and take a plus */
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		return false;
	*result = value;
	return true;
}

/* Reads digits, and a point with more of them behind; the rest of TEXT, or NULL where it does not begin so. */
static const char *
read_decimal(const char *text, double *value)
{
	const char *p = text;
	double place = 1;

	*value = 0;
	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + (*p - '0');
	if (*p == '.') {
		if (p[1] < '0' || p[1] > '9')
			return NULL;
		for (p++; *p >= '0' && *p <= '9'; p++)
			*value += (*p - '0') * (place /= 10);
	}
	return p;
}

bool
rc_parse_duration(const char *text, long *milliseconds)
{
	double value, unit;
	const char *rest = read_decimal(text, &value);

	if (rest == NULL)
		return false;
	if (*rest == '\0' || strcmp(rest, "s") == 0)
		unit = 1000;
	else if (strcmp(rest, "ms") == 0)
		unit = 1;
	else if (strcmp(rest, "m") == 0)
		unit = 60 * 1000;
	else if (strcmp(rest, "h") == 0)
		unit = 60 * 60 * 1000;
	else
		return false;
	if (value * unit > INT_MAX)	/* poll(2) takes an int; 24 days are enough */
		return false;
	*milliseconds = (long)(value * unit + 0.5);
	return true;
}

static const char *const size_units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
enum { SIZE_UNITS = sizeof size_units / sizeof *size_units };

bool
rc_parse_size(const char *text, unsigned long long *bytes)
{
	double value;
	const char *rest = read_decimal(text, &value);
	int unit = 0;

	if (rest == NULL)
		return false;
	while (strcmp(rest, size_units[unit]) != 0) {
		if (++unit == SIZE_UNITS)
			return false;
		value *= 1000;
	}
	if (value > 1e18)
		return false;
	*bytes = (unsigned long long)(value + 0.5);
	return true;
}

void
rc_size_text(char text[RC_SIZE_TEXT], unsigned long long bytes)
{
	double value = (double)bytes;
	int unit = 0;

	while (value >= 999.95 && unit + 1 < SIZE_UNITS) {
		value /= 1000;
		unit++;
	}
	snprintf(text, RC_SIZE_TEXT, unit == 0 ? "%.0f %s" : "%.1f %s", value, size_units[unit]);
}

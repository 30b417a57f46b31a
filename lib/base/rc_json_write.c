#include "rc_json_write.h"

#include <string.h>

#include "rc_utf8.h"

void
rc_json_write_characters(struct rc_buf *out, const char *bytes, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	const char *end = bytes + length;

	while (bytes < end) {
		const char *p = bytes;
		unsigned char c;

		while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f)
			p++;
		rc_buf_add(out, bytes, (size_t)(p - bytes));
		if (p == end)
			break;
		c = (unsigned char)*p;
		bytes = p + 1;
		switch (c) {
		case '"': rc_buf_add(out, "\\\"", 2); break;
		case '\\': rc_buf_add(out, "\\\\", 2); break;
		case '\b': rc_buf_add(out, "\\b", 2); break;
		case '\f': rc_buf_add(out, "\\f", 2); break;
		case '\n': rc_buf_add(out, "\\n", 2); break;
		case '\r': rc_buf_add(out, "\\r", 2); break;
		case '\t': rc_buf_add(out, "\\t", 2); break;
		default: {
			char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

			rc_buf_add(out, escape, sizeof escape);
		}
		}
	}
}

void
rc_json_write_string(struct rc_buf *out, const char *bytes, size_t length)
{
	rc_buf_add(out, "\"", 1);
	rc_json_write_characters(out, bytes, length);
	rc_buf_add(out, "\"", 1);
}

void
rc_json_write_value(struct rc_buf *out, const char *value, size_t length)
{
	char *copy = rc_buf_reserve(out, length), *newline;
	char *end = copy + length;

	memcpy(copy, value, length);
	out->length += length;
	/* A newline can't stand inside a string, so each one is between tokens. */
	for (newline = copy; (newline = memchr(newline, '\n', (size_t)(end - newline))) != NULL; newline++)
		*newline = ' ';
}

static void
add_name(struct rc_buf *out, const char *name)
{
	if (out->length > 0 && out->bytes[out->length - 1] != '{')
		rc_buf_add(out, ",", 1);
	rc_json_write_string(out, name, strlen(name));
	rc_buf_add(out, ":", 1);
}

void
rc_json_open(struct rc_buf *out)
{
	rc_buf_add(out, "{", 1);
}

void
rc_json_add_text(struct rc_buf *out, const char *name, const char *text)
{
	if (text == NULL)
		rc_json_add_value(out, name, "null");
	else
		rc_json_add_bytes(out, name, text, strlen(text));
}

void
rc_json_add_bytes(struct rc_buf *out, const char *name, const char *bytes, size_t length)
{
	const char *end = bytes + length;
	struct rc_buf mended = {0};

	add_name(out, name);
	if (rc_utf8_valid(bytes, length)) {
		rc_json_write_string(out, bytes, length);
		return;
	}
	while (bytes < end) {
		size_t step = rc_utf8_sequence(bytes, end);

		if (step > 0)
			rc_buf_add(&mended, bytes, step);
		else
			rc_buf_add_text(&mended, "\xef\xbf\xbd");
		bytes += step > 0 ? step : 1;
	}
	rc_json_write_string(out, mended.bytes, mended.length);
	rc_buf_free(&mended);
}

void
rc_json_add_integer(struct rc_buf *out, const char *name, long long value)
{
	add_name(out, name);
	rc_buf_printf(out, "%lld", value);
}

void
rc_json_add_value(struct rc_buf *out, const char *name, const char *json)
{
	add_name(out, name);
	rc_json_write_value(out, json, strlen(json));
}

void
rc_json_open_error(struct rc_buf *out, const char *code, const char *message)
{
	rc_json_open(out);
	rc_json_add_text(out, "code", code);
	rc_json_add_text(out, "message", message);
}

void
rc_json_open_refusal(struct rc_buf *out, const char *code, const char *message)
{
	struct rc_buf error = {0};

	rc_json_open_error(&error, code, message);
	rc_json_close(&error);
	rc_json_open(out);
	rc_json_add_text(out, "status", "error");
	rc_json_add_value(out, "error", rc_buf_text(&error));
	rc_buf_free(&error);
}

void
rc_json_close(struct rc_buf *out)
{
	rc_buf_add(out, "}", 1);
}

#include "rc_input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_digest.h"
#include "rc_output.h"

enum { READ_SIZE = 256 * 1024 };

void
rc_input_fail(const struct rc_input *input, const char *format, ...)
{
	struct rc_buf message = {0};
	va_list args;
	char text[2048];

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	rc_buf_printf(&message, "%s:%lu: %s", input->name, input->line, text);
	rc_die(RC_FATAL, "%s", rc_buf_text(&message));
}

static void
open_next_file(struct rc_input *input)
{
	const char *path = *input->files++;

	input->file_count--;
	input->line = 0;
	input->file_records = 0;
	input->at_end = input->ended = false;
	if (strcmp(path, "-") == 0) {
		input->name = "<stdin>";
		input->fd = STDIN_FILENO;
		if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
			fprintf(stderr, "%s: reading records from the terminal; Ctrl-D ends them\n", rc_err_tool());
		return;
	}
	input->name = path;
	if ((input->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
}

void
rc_input_open(struct rc_input *input, int count, char *const files[])
{
	static char dash[] = "-";
	static char *const standard_input[] = { dash };

	*input = (struct rc_input){ .whole = true, .files = count > 0 ? files : standard_input, .file_count = count > 0 ? count : 1 };
	open_next_file(input);
}

/* Reads more bytes behind those in the buffer; sets at_end at the end of the file. */
static void
fill(struct rc_input *input)
{
	struct rc_buf *buffer = &input->buffer;
	struct pollfd ready = { .fd = input->fd, .events = POLLIN };
	ssize_t n;

	if (input->start > 0) {
		memmove(buffer->bytes, buffer->bytes + input->start, buffer->length - input->start);
		buffer->length -= input->start;
		input->scanned -= input->start;
		input->start = 0;
	}
	if (buffer->length > RC_RECORD_MAX) {
		input->line++;
		rc_input_fail(input, "a record of more than %zu bytes", RC_RECORD_MAX);
	}
	rc_buf_reserve(buffer, READ_SIZE + 1 + RC_JSON_PAD);
	if (rc_output_waits() && poll(&ready, 1, 0) == 0)
		rc_output_flush_all();
	do {
		n = read(input->fd, buffer->bytes + buffer->length, buffer->room - buffer->length - 1 - RC_JSON_PAD);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		rc_die(rc_err_class(errno), "cannot read %s: %s", input->name, strerror(errno));
	if (n == 0)
		input->at_end = true;
	buffer->length += (size_t)n;
	input->bytes += (unsigned long long)n;
}

/* A file came to its end without an end record: the stream is not known to be whole. */
static void
end_without_record(struct rc_input *input)
{
	char ignored[RC_DIGEST_HEX + 1];

	input->whole = false;
	if (input->digest != NULL)
		input->digest->finish(input->digest, ignored);	/* the next file's is its own */
}

/* Passes over the mark that some editors put at the start of UTF-8, and names UTF-16, which has one of its own. */
static void
pass_byte_order_mark(struct rc_input *input)
{
	const char *start = input->buffer.bytes + input->start;
	size_t left = input->buffer.length - input->start;

	if (input->line > 0)
		return;
	if (left >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
		input->start += 3;
	} else if (left >= 2 && (memcmp(start, "\xff\xfe", 2) == 0 || memcmp(start, "\xfe\xff", 2) == 0)) {
		input->line++;
		rc_input_fail(input, "it is UTF-16, and records are UTF-8");
	}
}

/* Goes on to the next file; false at the end of the last one. */
static bool
next_file(struct rc_input *input)
{
	if (input->buffer.length > input->start)
		pass_byte_order_mark(input);
	if (input->buffer.length > input->start) {
		input->line++;
		rc_input_fail(input, "cut short: the last record has no newline");
	}
	if (input->fd != STDIN_FILENO)
		close(input->fd);
	if (!input->ended)
		end_without_record(input);
	if (input->file_count == 0)
		return false;
	open_next_file(input);
	return true;
}

/* The newline that ends the next line, or NULL where the buffer has none yet. */
static char *
find_newline(struct rc_input *input)
{
	char *newline = NULL;

	if (input->buffer.length > input->scanned)
		newline = memchr(input->buffer.bytes + input->scanned, '\n', input->buffer.length - input->scanned);
	if (newline == NULL)
		input->scanned = input->buffer.length;
	return newline;
}

/* The next line without its newline, or NULL at the end of the last file. */
static const char *
next_line(struct rc_input *input, size_t *length)
{
	for (;;) {
		char *line, *newline = find_newline(input);

		if (newline != NULL) {
			pass_byte_order_mark(input);
			line = input->buffer.bytes + input->start;
			*length = (size_t)(newline - line);
			input->start = input->scanned = (size_t)(newline + 1 - input->buffer.bytes);
			input->line++;
			return line;
		}
		if (!input->at_end)
			fill(input);
		else if (!next_file(input))
			return NULL;
	}
}

bool
rc_input_ready(struct rc_input *input)
{
	for (;;) {
		struct pollfd ready = { .fd = input->fd, .events = POLLIN };

		if (find_newline(input) != NULL)
			return true;
		if (!input->at_end) {
			if (poll(&ready, 1, 0) == 0)
				return false;
			fill(input);
		} else if (input->file_count == 0) {
			return true;
		} else {
			next_file(input);
		}
	}
}

static _Noreturn void
refuse(const struct rc_input *input, const char *text, const struct rc_json_error *error)
{
	size_t column = (size_t)(error->where - text) + 1;

	if (error->name == NULL)
		rc_input_fail(input, "%s (byte %zu)", error->reason, column);
	rc_input_fail(input, "field '%.*s': %s (byte %zu)", (int)(error->name_length < 200 ? error->name_length : 200),
	    error->name, error->reason, column);
}

/* Checks the end record whose value is END. */
static void
check_end(struct rc_input *input, struct rc_record *record, const struct rc_json_field *end)
{
	struct rc_json_object object = {0};
	struct rc_json_error error;
	char hex[RC_DIGEST_HEX + 1];
	bool versioned = false;

	if (input->digest != NULL)
		input->digest->finish(input->digest, hex);
	if (!rc_json_read_object(&object, rc_json_pad(&record->arena, end->value, end->value_length),
	    end->value_length, &record->arena, &error))
		rc_input_fail(input, "the end record is not understood: %s", error.reason);
	for (size_t i = 0; i < object.count; i++) {
		const struct rc_json_field *f = &object.fields[i];
		char *value = rc_strndup(f->value, f->value_length);
		long number;

		if (f->name_length == 1 && f->name[0] == 'v') {
			versioned = true;
			if (strcmp(value, "1") != 0)
				rc_input_fail(input, "an end record of version %s; this program knows 1", value);
		}
		if (f->name_length == 7 && memcmp(f->name, "records", 7) == 0 &&
		    (!rc_parse_long(value, 0, __LONG_MAX__, &number) || (unsigned long long)number != input->file_records))
			rc_input_fail(input, "the end record tells of %s records, but %llu came", value, input->file_records);
		if (f->name_length == 6 && memcmp(f->name, "sha256", 6) == 0 && input->digest != NULL &&
		    (f->value_length != RC_DIGEST_HEX + 2 || memcmp(value + 1, hex, RC_DIGEST_HEX) != 0))
			rc_input_fail(input, "the records differ from the SHA-256 in the end record");
		free(value);
	}
	if (!versioned)
		rc_input_fail(input, "an end record without a version; this program knows 1");
	rc_json_object_free(&object);
	input->ended = true;
}

bool
rc_input_next(struct rc_input *input, struct rc_record *record)
{
	struct rc_json_error error;
	const struct rc_json_object *object = &record->object;
	const char *line;
	size_t length;

	for (;;) {
		if ((line = next_line(input, &length)) == NULL)
			return false;
		if (length > RC_RECORD_MAX)
			rc_input_fail(input, "a record of more than %zu bytes", RC_RECORD_MAX);
		if (input->ended)
			rc_input_fail(input, "a record after the end record");
		rc_arena_reset(&record->arena);
		record->text = line;
		record->length = length;
		record->changed = false;
		if (!rc_json_read_object(&record->object, line, length, &record->arena, &error))
			refuse(input, line, &error);
		if (object->count == 1 && object->fields[0].name_length == 6 &&
		    memcmp(object->fields[0].name, "rc_end", 6) == 0) {
			check_end(input, record, &object->fields[0]);
			continue;
		}
		if (input->digest != NULL)
			input->digest->add(input->digest, line, length + 1);
		input->records++;
		input->file_records++;
		return true;
	}
}

long
rc_input_need_number(const struct rc_input *input, struct rc_record *record, const char *name)
{
	char number[24];
	size_t length;
	const char *text = rc_record_value(record, name, &length);
	long value;

	if (text == NULL || length >= sizeof number)
		rc_input_fail(input, "expected a number in the field '%s'", name);
	memcpy(number, text, length);
	number[length] = '\0';
	if (!rc_parse_long(number, 0, LONG_MAX, &value))
		rc_input_fail(input, "expected a number in the field '%s'", name);
	return value;
}

void
rc_input_require_end(const struct rc_input *input)
{
	if (!input->whole)
		rc_die(RC_FATAL, "%s: cut short: no end record after %llu records, so nothing was changed", input->name, input->records);
}

const char *
rc_input_need_string(const struct rc_input *input, struct rc_record *record, const char *name)
{
	size_t length = 0;
	const char *text = rc_record_string(record, name, &length);

	if (text == NULL)
		rc_input_fail(input, "expected a string in the field '%s'", name);
	if (strlen(text) != length)
		rc_input_fail(input, "U+0000 in the field '%s'", name);
	return text;
}

#include "rc_document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_json.h"
#include "rc_stream.h"

enum { BLOCK = 64 * 1024, END = -1 };

static _Noreturn void
fail(const struct rc_document *document, const char *reason)
{
	rc_die(RC_FATAL, "%s:%lu: %s", document->file, document->line, reason);
}

/* Reads the next block into the buffer; false at the end of the file. */
static bool
fill(struct rc_document *document)
{
	ssize_t n;

	rc_buf_reserve(&document->buffer, BLOCK);
	do {
		n = read(document->fd, document->buffer.bytes, BLOCK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		rc_die(rc_err_class(errno), "cannot read %s: %s", document->file, strerror(errno));
	document->at = 0;
	document->buffer.length = 0;
	if (n == 0)
		return false;
	document->buffer.length = (size_t)n;
	return true;
}

/* The next byte, which stays, or END. */
static int
look(struct rc_document *document)
{
	if (document->at == document->buffer.length && !fill(document))
		return END;
	return (unsigned char)document->buffer.bytes[document->at];
}

/* Passes over blanks; the byte behind them, which stays. */
static int
skip_blanks(struct rc_document *document)
{
	int c;

	while ((c = look(document)) == ' ' || c == '\t' || c == '\n' || c == '\r') {
		document->line += c == '\n';
		document->at++;
	}
	return c;
}

/* Passes over blanks and the byte C. */
static void
need(struct rc_document *document, int c, const char *reason)
{
	int found = skip_blanks(document);

	if (found == END)
		fail(document, "cut short: the document does not end");
	if (found != c)
		fail(document, reason);
	document->at++;
}

/* Where the scan of a value is. */
struct scan {
	size_t depth;
	bool in_string, escaped, over;
};

/* Goes on over the bytes from AT to END; the place behind the value, or END.  What does not fit together is found later. */
static const char *
scan_value(struct scan *scan, const char *at, const char *end)
{
	for (; at < end && !scan->over; at++) {
		char c = *at;

		if (scan->in_string) {
			if (scan->escaped)
				scan->escaped = false;
			else if (c == '\\')
				scan->escaped = true;
			else if (c == '"')
				scan->over = scan->depth == 0, scan->in_string = false;
		} else if (c == '"') {
			scan->in_string = true;
		} else if (c == '{' || c == '[') {
			scan->depth++;
		} else if (c == '}' || c == ']' || c == ',' || c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			if (scan->depth == 0) {	/* it ends a number or a word */
				scan->over = true;
				return at;
			}
			if ((c == '}' || c == ']') && --scan->depth == 0)
				scan->over = true;
		}
	}
	return at;
}

/* Takes the value that begins at the next byte into VALUE. */
static void
take_value(struct rc_document *document, struct rc_buf *value)
{
	struct scan scan = {0};
	struct rc_json_error error;
	unsigned long line = document->line;

	value->length = 0;
	while (!scan.over && look(document) != END) {
		const char *from = document->buffer.bytes + document->at;
		const char *to = scan_value(&scan, from, document->buffer.bytes + document->buffer.length);

		for (const char *p = from; (p = memchr(p, '\n', (size_t)(to - p))) != NULL; p++)
			line++;
		rc_buf_add(value, from, (size_t)(to - from));
		document->at += (size_t)(to - from);
		if (value->length > RC_RECORD_MAX)
			fail(document, "a value of more than 1073741824 bytes");
	}
	if (!scan.over) {
		document->line = line;
		fail(document, "cut short: the document does not end");
	}
	rc_buf_reserve(value, RC_JSON_PAD + 1);
	memset(value->bytes + value->length, '\0', RC_JSON_PAD + 1);
	if (!rc_json_check(value->bytes, value->length, &error)) {
		for (const char *p = value->bytes; p < error.where && p < value->bytes + value->length; p++)
			document->line += *p == '\n';
		fail(document, error.reason);
	}
	document->line = line;
}

/* The next member's name, up to its colon; false at the end of the document. */
static bool
next_member(struct rc_document *document)
{
	int c = skip_blanks(document);

	if (!document->begun) {
		need(document, '{', "expected a JSON object: {\"name\": [...], ...}");
		c = skip_blanks(document);
	} else if (c == ',') {
		document->at++;
		if ((c = skip_blanks(document)) == '}')
			fail(document, "expected a name after ','");
	} else if (c != '}' && c != END) {
		fail(document, "expected ',' or '}' after a value");
	}
	document->begun = true;
	if (c == '}') {
		document->at++;
		if (skip_blanks(document) != END)
			fail(document, "something after the document's end");
		return false;
	}
	if (c == END)
		fail(document, "cut short: the document does not end");
	if (c != '"')
		fail(document, "expected a name in quotes");
	take_value(document, &document->name);
	need(document, ':', "expected ':' after a name");
	return true;
}

enum rc_document_event
rc_document_next(struct rc_document *document)
{
	int c;

	if (document->in_array) {
		c = skip_blanks(document);
		if (c == ']') {
			document->at++;
			document->in_array = false;
		} else {
			need(document, ',', "expected ',' or ']' after an element");
			skip_blanks(document);
			take_value(document, &document->value);
			return RC_DOCUMENT_ELEMENT;
		}
	}
	if (!next_member(document))
		return RC_DOCUMENT_END;
	if (skip_blanks(document) != '[') {
		take_value(document, &document->value);
		return RC_DOCUMENT_VALUE;
	}
	document->at++;
	if (skip_blanks(document) == ']') {
		document->at++;
		return RC_DOCUMENT_EMPTY;
	}
	document->in_array = true;
	take_value(document, &document->value);
	return RC_DOCUMENT_ELEMENT;
}

void
rc_document_open(struct rc_document *document, const char *path)
{
	*document = (struct rc_document){ .fd = STDIN_FILENO, .file = "<stdin>", .line = 1 };
	if (path == NULL || strcmp(path, "-") == 0)
		return;
	document->file = path;
	if ((document->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
}

void
rc_document_close(struct rc_document *document)
{
	if (document->fd != STDIN_FILENO)
		close(document->fd);
	rc_buf_free(&document->name);
	rc_buf_free(&document->value);
	rc_buf_free(&document->buffer);
}

#include "rc_check_report.h"

#include <string.h>

#include "rc_json_write.h"
#include "rc_utf8.h"

static const char *
observed_of(const struct rc_check *check)
{
	return check->observed.bytes == NULL ? "" : check->observed.bytes;
}

/* Adds TEXT on one line, without what a terminal obeys. */
static void
add_visible(struct rc_buf *to, const char *text)
{
	rc_buf_add_visible(to, text, strlen(text));
}

static size_t
count_of(const struct rc_check *checks, size_t count, enum rc_check_status status)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += checks[i].status == status;
	return sum;
}

void
rc_check_add_record(const struct rc_check *check, struct rc_buf *text)
{
	rc_json_open(text);
	rc_json_add_text(text, "id", check->id);
	rc_json_add_text(text, "target", check->target);
	rc_json_add_text(text, "status", rc_check_words[check->status]);
	rc_json_add_integer(text, "ms", check->ms);
	rc_json_add_text(text, "observed", observed_of(check));
	rc_json_add_text(text, "expected", check->expected);
	rc_json_add_text(text, "hint", check->status == RC_CHECK_OK ? NULL : check->hint);
	rc_json_close(text);
}

/* ---- TAP ---- */

static void
add_tap_part(struct rc_buf *text, const char *name, const char *value)
{
	if (value == NULL)
		return;
	rc_buf_printf(text, "  %s: ", name);
	rc_json_write_string(text, value, strlen(value));	/* which YAML reads, too */
	rc_buf_add_text(text, "\n");
}

void
rc_check_add_tap(const struct rc_check *checks, size_t count, struct rc_buf *text)
{
	rc_buf_printf(text, "TAP version 13\n1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		const struct rc_check *check = &checks[i];

		rc_buf_printf(text, "%s %zu - ", check->status == RC_CHECK_FAIL ? "not ok" : "ok", i + 1);
		for (const char *p = check->id; *p != '\0'; p++)	/* a # would begin a directive */
			rc_buf_add(text, *p == '#' || *p == '\n' ? "_" : p, 1);
		if (check->status == RC_CHECK_SKIP) {
			rc_buf_add_text(text, " # SKIP ");
			add_visible(text, observed_of(check));
		}
		rc_buf_add_text(text, "\n");
		if (check->status != RC_CHECK_FAIL && check->status != RC_CHECK_WARN)
			continue;
		rc_buf_add_text(text, "  ---\n");
		add_tap_part(text, "severity", rc_check_words[check->status]);
		add_tap_part(text, "observed", observed_of(check));
		add_tap_part(text, "expected", check->expected);
		add_tap_part(text, "hint", check->hint);
		rc_buf_add_text(text, "  ...\n");
	}
}

/* ---- JUnit ---- */

/* Adds TEXT as XML 1.0 may have it: no control characters, and entities for what is markup. */
static void
add_xml(struct rc_buf *to, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t length = rc_utf8_sequence(text, end);

		if (length == 0 || (length == 1 && (unsigned char)*text < ' ') || *text == 0x7f)
			rc_buf_add_text(to, "?");
		else if (strchr("<>&\"'", *text) != NULL)
			rc_buf_printf(to, "&#%d;", *text);
		else
			rc_buf_add(to, text, length);
		text += length == 0 ? 1 : length;
	}
}

static void
add_junit_case(const struct rc_check *check, struct rc_buf *text)
{
	rc_buf_add_text(text, "  <testcase classname=\"");
	add_xml(text, check->target);
	rc_buf_add_text(text, "\" name=\"");
	add_xml(text, check->id);
	rc_buf_printf(text, "\" time=\"%lld.%03lld\">", check->ms / 1000, check->ms % 1000);
	switch (check->status) {
	case RC_CHECK_FAIL: rc_buf_add_text(text, "<failure message=\""); break;
	case RC_CHECK_SKIP: rc_buf_add_text(text, "<skipped message=\""); break;
	default: rc_buf_add_text(text, "<system-out>"); break;
	}
	add_xml(text, observed_of(check));
	if (check->status == RC_CHECK_FAIL) {
		rc_buf_add_text(text, "\">expected: ");
		add_xml(text, check->expected == NULL ? "" : check->expected);
		rc_buf_add_text(text, "; hint: ");
		add_xml(text, check->hint == NULL ? "" : check->hint);
		rc_buf_add_text(text, "</failure>");
	} else {
		rc_buf_add_text(text, check->status == RC_CHECK_SKIP ? "\"/>" : "</system-out>");
	}
	rc_buf_add_text(text, "</testcase>\n");
}

void
rc_check_add_junit(const struct rc_check *checks, size_t count, struct rc_buf *text)
{
	rc_buf_printf(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"rc-check\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", count,
	    count_of(checks, count, RC_CHECK_FAIL), count_of(checks, count, RC_CHECK_SKIP));
	for (size_t i = 0; i < count; i++)
		add_junit_case(&checks[i], text);
	rc_buf_add_text(text, "</testsuite>\n");
}

/* ---- Nagios ---- */

int
rc_check_add_nagios(const struct rc_check *checks, size_t count, struct rc_buf *text)
{
	static const char *const states[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	size_t failed = count_of(checks, count, RC_CHECK_FAIL), warned = count_of(checks, count, RC_CHECK_WARN);
	size_t skipped = count_of(checks, count, RC_CHECK_SKIP);
	int code = failed > 0 ? 2 : warned > 0 ? 1 : skipped == count ? 3 : 0;

	rc_buf_printf(text, "%s - %zu ok, %zu warn, %zu fail, %zu skip", states[code], count - failed - warned - skipped, warned,
	    failed, skipped);
	for (size_t i = 0; i < count; i++)
		if (checks[i].status == RC_CHECK_FAIL || checks[i].status == RC_CHECK_WARN) {
			size_t begin;

			rc_buf_printf(text, "; %s: ", checks[i].id);
			begin = text->length;
			add_visible(text, observed_of(&checks[i]));
			for (size_t at = begin; at < text->length; at++)	/* it parts the times from the text */
				if (text->bytes[at] == '|')
					text->bytes[at] = '/';
		}
	rc_buf_add_text(text, " |");
	for (size_t i = 0; i < count; i++)
		if (checks[i].status != RC_CHECK_SKIP)
			rc_buf_printf(text, " '%s'=%lldms", checks[i].id, checks[i].ms);
	rc_buf_add_text(text, "\n");
	return code;
}

#define _GNU_SOURCE	/* struct ucred */
#include "rc_report.h"

#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_json_write.h"
#include "rc_mem.h"

enum { TEXT_MAX = 1024 * 1024 };

void
rc_report_open(struct rc_report *report)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		rc_die(RC_RETRY, "cannot make a socket: %s", strerror(errno));
	report->ours = ends[0];
	report->page = ends[1];
	fcntl(report->ours, F_SETFL, O_NONBLOCK);
}

static void
keep(char **place, const char *text)
{
	free(*place);
	*place = rc_strndup(text, strlen(text));
}

static void
take(struct rc_report *report, const char *word)
{
	size_t length = strcspn(word, " ");
	const char *text = word + length + (word[length] == ' ');
	long long counts[4];

	if (strncmp(word, "counts ", 7) == 0) {
		if (sscanf(text, "%lld %lld %lld %lld", &counts[0], &counts[1], &counts[2], &counts[3]) != 4)
			return;
		report->scanned += counts[0];
		report->changed += counts[1];
		report->warnings += counts[2];
		report->errors += counts[3];
	} else if (strncmp(word, "warning ", 8) == 0) {
		report->warning(text);
	} else if (strncmp(word, "message ", 8) == 0) {
		keep(&report->message, text);
	} else if (strncmp(word, "word ", 5) == 0) {
		keep(&report->word, text);
	} else if (strncmp(word, "wrong ", 6) == 0) {
		keep(&report->wrong, text);
	} else if (strcmp(word, "applying") == 0) {
		report->applying = true;
	} else if (strcmp(word, "put-off") == 0) {
		report->applying = false;
	} else if (strcmp(word, "applied") == 0) {
		report->applied = true;
	} else if (strcmp(word, "become") == 0) {
		report->becomes = true;
	} else if (strncmp(word, "become ", 7) == 0 && report->become_count < RC_BECOME_MAX) {
		keep(&report->become[report->become_count++], text);
	}
}

void
rc_report_read(struct rc_report *report)
{
	struct rc_buf *text = &report->text;
	size_t used = 0;
	ssize_t n;

	while ((n = read(report->ours, rc_buf_reserve(text, 4096), 4096)) > 0) {
		text->length += (size_t)n;
		if (text->length > TEXT_MAX)
			rc_die(RC_NO, "its page tells too much");
	}
	for (char *end; (end = memchr(text->bytes + used, '\0', text->length - used)) != NULL; used = (size_t)(end - text->bytes) + 1)
		take(report, text->bytes + used);
	memmove(text->bytes, text->bytes + used, text->length - used);
	text->length -= used;
}

int
rc_report_outer(void)
{
	const char *descriptor = getenv("RC_REPORT"), *parent = getenv("RC_PARENT");
	struct ucred made_by;
	socklen_t size = sizeof made_by;
	long fd, pid;

	if (descriptor == NULL || parent == NULL || !rc_parse_long(descriptor, 3, 1L << 20, &fd) || !rc_parse_long(parent, 1, 1L << 30, &pid))
		return -1;
	if (getsockopt((int)fd, SOL_SOCKET, SO_PEERCRED, &made_by, &size) != 0 || made_by.pid != pid || made_by.uid != geteuid())
		return -1;
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return (int)fd;
}

void
rc_report_hand_on(const struct rc_report *report, int outer)
{
	char word[128];
	int length = snprintf(word, sizeof word, "counts %lld %lld %lld %lld", report->scanned, report->changed, report->warnings, report->errors);

	if (length > 0)
		send(outer, word, (size_t)length + 1, MSG_NOSIGNAL);	/* where no one listens, no one needs them */
}

int
rc_report_print(const struct rc_report *report, bool ok, long long ms)
{
	struct rc_buf line = {0};
	char duration[48];
	int failure = 0;

	snprintf(duration, sizeof duration, "%lld.%03lld000", ms / 1000, ms % 1000);
	rc_json_open(&line);
	rc_json_add_value(&line, "ok", ok ? "true" : "false");
	rc_json_add_text(&line, "run_id", rc_run_id());
	rc_json_add_integer(&line, "scanned", report->scanned);
	rc_json_add_integer(&line, "changed", report->changed);
	rc_json_add_integer(&line, "warnings", report->warnings);
	rc_json_add_integer(&line, "errors", report->errors);
	rc_json_add_value(&line, "duration_s", duration);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	for (size_t done = 0; done < line.length && failure == 0;) {
		ssize_t n = write(STDOUT_FILENO, line.bytes + done, line.length - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			failure = errno;
	}
	rc_buf_free(&line);
	return failure;
}

#include "rc_metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_file.h"
#include "rc_str.h"

enum { FILE_MAX = 32768 };

/* Adds one figure; where it is not NEW, with the value that stands in OLD, and not at all where there is none. */
static void
add(struct rc_buf *text, const struct rc_metrics *metrics, const char *figure, const char *help, const char *value, const char *old)
{
	struct rc_buf begin = {0};
	const char *there;

	rc_buf_printf(&begin, "\nrc_run_%s{name=\"%s\"} ", figure, metrics->name);
	rc_buf_text(&begin);
	if (value == NULL && (there = strstr(old, begin.bytes)) == NULL) {
		rc_buf_free(&begin);
		return;
	}
	rc_buf_printf(text, "# HELP rc_run_%s %s\n# TYPE rc_run_%s gauge%s", figure, help, figure, begin.bytes);
	if (value != NULL)
		rc_buf_add_text(text, value);
	else
		rc_buf_add(text, there + begin.length, strcspn(there + begin.length, "\n"));
	rc_buf_add_text(text, "\n");
	rc_buf_free(&begin);
}

/* Adds what the commands of the last run counted. */
static void
add_records(struct rc_buf *text, const char *records, const char *old)
{
	static const char figure[] = "rc_run_records{";
	struct rc_buf lines = {0};

	for (const char *line = records == NULL ? old : records, *next; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (strncmp(line, figure, sizeof figure - 1) == 0)
			rc_buf_add(&lines, line, (size_t)(next - line));
	}
	if (lines.length > 0) {
		rc_buf_add_text(text, "# HELP rc_run_records What the commands of the last run that ended counted.\n# TYPE rc_run_records gauge\n");
		rc_buf_add(text, lines.bytes, lines.length);
	}
	rc_buf_free(&lines);
}

static void
read_old(int folder, const char *file, char *old)
{
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, old, FILE_MAX);

	old[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

void
rc_metrics_write(const struct rc_metrics *metrics)
{
	struct rc_buf text = {0}, name = {0}, temporary = {0};
	char old[FILE_MAX + 1], number[5][48];
	int folder = open(metrics->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	bool good = false;

	rc_buf_printf(&name, "rc_%s.prom", metrics->name);
	rc_buf_printf(&temporary, "rc_%s.%ld.new", metrics->name, (long)getpid());
	rc_buf_text(&name);
	rc_buf_text(&temporary);
	if (folder >= 0) {
		read_old(folder, name.bytes, old);
		snprintf(number[0], sizeof *number, "%lld", metrics->start);
		snprintf(number[1], sizeof *number, "%lld", metrics->success);
		snprintf(number[2], sizeof *number, "%d", metrics->exit);
		snprintf(number[3], sizeof *number, "%.3f", metrics->duration);
		add(&text, metrics, "last_start_seconds", "When the last run began.", number[0], old);
		add(&text, metrics, "last_success_seconds", "When the last run that succeeded ended.", metrics->success > 0 ? number[1] : NULL, old);
		add(&text, metrics, "last_exit_code", "The exit code of the last run that ended.", metrics->exit >= 0 ? number[2] : NULL, old);
		add(&text, metrics, "last_duration_seconds", "How long it took.", metrics->exit >= 0 ? number[3] : NULL, old);
		add(&text, metrics, "running", "Whether one runs now.", metrics->running ? "1" : "0", old);
		add_records(&text, metrics->records, old);
		fd = openat(folder, temporary.bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
		/* node_exporter is another user, whatever the job's umask is */
		good = fd >= 0 && fchmod(fd, 0644) == 0 && rc_write_full(fd, text.bytes, text.length) && fsync(fd) == 0 && renameat(folder, temporary.bytes, folder, name.bytes) == 0;
	}
	if (!good) {
		rc_warn("cannot write the metrics in %s: %s", metrics->folder, strerror(errno));
		if (fd >= 0)
			unlinkat(folder, temporary.bytes, 0);
	}
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	rc_buf_free(&text);
	rc_buf_free(&name);
	rc_buf_free(&temporary);
}

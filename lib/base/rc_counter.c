#include "rc_counter.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_str.h"
#include "rc_utf8.h"

enum { ON_TERMINAL = 500, LINE_SIZE = 512, LABEL_SIZE = 200 };

/* A terminal's: to the line's start; the rest of the line is cleared. */
#define LINE_START "\r"
#define CLEAR_REST "\033[K"

static void
write_text(const char *text, size_t length)
{
	if (write(STDERR_FILENO, text, length) < 0)
		return;	/* no one sees it, which is no reason to end the run */
}

static void
take_off(void)
{
	static const char clear[] = LINE_START CLEAR_REST;

	rc_err_clear = NULL;
	write_text(clear, sizeof clear - 1);
}

static void
print_left(char *text, size_t size, double seconds)
{
	long long left = seconds < 1e9 ? (long long)(seconds + 0.5) : 1000000000;

	if (left < 3600)
		snprintf(text, size, ", %lld:%02lld left", left / 60, left % 60);
	else
		snprintf(text, size, ", %lld:%02lld:%02lld left", left / 3600, left / 60 % 60, left % 60);
}

static void
tell(struct rc_counter *counter, unsigned long long count, unsigned long long bytes, bool is_last)
{
	long long passed = rc_clock_ms() - counter->start, ms = passed > 0 ? passed : 1;
	double rate = (double)count * 1000 / (double)ms;
	char line[LINE_SIZE], label[LABEL_SIZE], of[64] = "", part[16] = "", size[RC_SIZE_TEXT], left[64] = "";
	int length;

	rc_utf8_visible(counter->label, strlen(counter->label), label, sizeof label);
	rc_size_text(size, bytes);
	if (!is_last && count > 0 && count < counter->total)
		print_left(left, sizeof left, (double)(counter->total - count) * (double)ms / (double)count / 1000);
	if (counter->total > 0) {
		snprintf(of, sizeof of, " of %llu", counter->total);
		snprintf(part, sizeof part, " (%d %%)", count < counter->total ? (int)((double)count * 100 / (double)counter->total) : 100);
	}
	length = snprintf(line, sizeof line, "%s%llu%s %s%s, %.0f/s, %s%s%s", counter->in_place ? LINE_START : "",
	    count, of, label, part, rate, size, left, counter->in_place ? CLEAR_REST : "\n");
	if (counter->in_place)
		rc_err_clear = take_off;
	write_text(line, (size_t)length);
	counter->told = true;
}

bool
rc_counter_fits(int fd)
{
	struct stat stat;

	return isatty(fd) == 0 && fstat(fd, &stat) == 0 && !S_ISFIFO(stat.st_mode) && !S_ISSOCK(stat.st_mode);
}

void
rc_counter_start(struct rc_counter *counter, const char *label)
{
	counter->label = label;
	counter->in_place = isatty(STDERR_FILENO) == 1;
	counter->interval = counter->in_place ? ON_TERMINAL : 0;
	counter->start = rc_clock_ms();
	counter->next = counter->start + counter->interval;
}

void
rc_counter_look(struct rc_counter *counter, unsigned long long count, unsigned long long bytes)
{
	long long now = rc_clock_coarse_ms();

	if (now < counter->next)
		return;
	tell(counter, count, bytes, false);
	counter->next = now + counter->interval;
}

void
rc_counter_end(struct rc_counter *counter, unsigned long long count, unsigned long long bytes)
{
	if (counter->interval > 0 && (counter->last_count || (counter->told && !counter->in_place))) {
		tell(counter, count, bytes, true);
		if (counter->in_place)
			write_text("\n", 1);
		rc_err_clear = NULL;
	} else if (rc_err_clear != NULL) {
		rc_err_clear();
	}
}

/*
 * rc-history - show the runs of rc-run
 *
 * Holds the runs that it shows, and no others; one pass over the history.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_history.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_FAILED = RC_OPT_LONG, OPT_SLOW, OPT_SINCE, DATE_LENGTH = 19 };

static const struct rc_option options[] = {
	{ 'n', "last", "N", "so many at most, the last ones (default: 20 on a terminal, else all)" },
	{ OPT_FAILED, "failed", NULL, "only those that did not succeed; a skipped run is none of them" },
	{ OPT_SLOW, "slow", "DURATION", "only those that took so long or longer" },
	{ OPT_SINCE, "since", "TIME", "only those that began then or later: 2026-11-26, 2026-11-26T08:00:00Z, or a span before now as 90m, 12h, 7d, 2w" },
	{ 'N', "name", "NAME", "only the runs of that name" },
	RC_OPTION_END
};

static const char *const example[] = { "--last", "3", NULL };

static const struct rc_program program = {
	.name = "rc-history",
	.synopsis = "[--last N] [--failed] [--slow DURATION] [--name NAME] [--since TIME]",
	.summary = "show the runs of rc-run",
	.options = options,
	.writes = "a record for each run",
	.example = example,
};

struct history {
	bool failed;
	double slow;		/* seconds */
	const char *name;
	char since[32];		/* as the records have their start, or a part of that; "" is any */
	size_t last;

	char **lines;		/* a ring of LAST lines */
	size_t count;		/* how many came */
	unsigned long unreadable;
};

static bool
is_wanted(const struct history *history, struct rc_record *record)
{
	const char *status = rc_record_string(record, "status", NULL), *name = rc_record_string(record, "name", NULL);
	const char *start = rc_record_string(record, "start", NULL), *duration;
	size_t length;

	duration = rc_record_value(record, "duration_s", &length);

	if (history->failed && (status == NULL || strcmp(status, "ok") == 0 || strcmp(status, "skipped") == 0))
		return false;
	if (history->name != NULL && (name == NULL || strcmp(name, history->name) != 0))
		return false;
	if (start == NULL || strcmp(start, history->since) < 0)
		return false;
	return history->slow <= 0 || (duration != NULL && strtod(duration, NULL) >= history->slow);
}

static void
keep(struct history *history, const char *line, size_t length)
{
	size_t at = history->count;

	if (history->last > 0)
		at %= history->last;
	if (history->last == 0 || history->count < history->last) {
		history->lines = rc_realloc(history->lines, rc_size_mul(at + 1, sizeof *history->lines));
		history->lines[at] = NULL;
	}
	free(history->lines[at]);
	history->lines[at] = rc_strndup(line, length);
	history->count++;
}

static void
take(void *context, struct rc_record *record)
{
	struct history *history = context;

	if (record == NULL)
		history->unreadable++;
	else if (is_wanted(history, record))
		keep(history, record->text, record->length);
}

static void
read_all(struct history *history)
{
	struct rc_buf file = {0};
	int failure = rc_history_read(take, history, &file);

	if (failure != 0)
		rc_die(rc_err_class(failure), "cannot read %s: %s", file.bytes, strerror(failure));
	if (history->unreadable > 0)
		rc_warn("%lu line(s) of the history can't be read", history->unreadable);
	rc_buf_free(&file);
}

/* Adds what the record has of that name as numbers are shown: on the right of WIDTH. */
static void
add_number(struct rc_buf *row, struct rc_record *record, const char *name, int width)
{
	size_t length = 0;
	const char *value = rc_record_value(record, name, &length);

	rc_buf_printf(row, "  %*.*s", width, value == NULL ? 0 : (int)length, value == NULL ? "" : value);
}

/* One row; names are those of rc-run, which hold nothing that a terminal would take as an order, but a file may hold anything. */
static void
show_row(struct rc_output *out, const char *line)
{
	struct rc_record record = {0};
	struct rc_json_error error;
	struct rc_buf row = {0}, shown = {0};

	rc_json_read_object(&record.object, rc_json_pad(&record.arena, line, strlen(line)), strlen(line), &record.arena, &error);
	rc_buf_printf(&row, "%-19.19s  %-24s  %-8s", rc_record_text(&record, "start", "-"), rc_record_text(&record, "name", "-"),
	    rc_record_text(&record, "status", "-"));
	add_number(&row, &record, "exit", 5);
	add_number(&row, &record, "duration_s", 10);
	rc_buf_printf(&row, "  %s", rc_record_text(&record, "host", "-"));
	rc_buf_add_visible(&shown, row.bytes, row.length);
	rc_buf_add_text(&shown, "\n");
	rc_output_text(out, shown.bytes, shown.length);
	rc_record_free(&record);
	rc_buf_free(&row);
	rc_buf_free(&shown);
}

static void
show(const struct history *history, struct rc_output *out, bool is_table)
{
	size_t kept = history->last > 0 && history->count > history->last ? history->last : history->count;

	for (size_t i = history->count - kept; i < history->count; i++) {
		const char *line = history->lines[history->last > 0 ? i % history->last : i];

		if (is_table)
			show_row(out, line);
		else
			rc_output_line(out, line, strlen(line));
	}
}

/* A duration, or days and weeks as 7d and 2w, in seconds. */
static bool
parse_span(const char *text, long *seconds)
{
	size_t length = strlen(text);
	char *number;
	long ms, count;
	bool whole;

	if (rc_parse_duration(text, &ms)) {
		*seconds = ms / 1000;
		return true;
	}
	if (length < 2 || (text[length - 1] != 'd' && text[length - 1] != 'w'))
		return false;
	number = rc_strndup(text, length - 1);
	whole = rc_parse_long(number, 0, 100000, &count);
	free(number);
	*seconds = count * (text[length - 1] == 'w' ? 7 : 1) * 24 * 60 * 60;
	return whole;
}

/* A day, a day and a time, or what begins like that, in UTC, as a record has them. */
static bool
is_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddd";
	static const struct { size_t at; int least, most; } parts[] = { { 5, 1, 12 }, { 8, 1, 31 }, { 11, 0, 23 }, { 14, 0, 59 }, { 17, 0, 60 } };
	size_t length = strlen(text);

	if (length > 0 && text[length - 1] == 'Z')
		length--;
	if (length < strlen("2026-11-26") || length >= sizeof form)
		return false;
	for (size_t i = 0; i < length; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t at = parts[i].at;
		int number;

		if (at >= length)
			break;
		if (at + 1 >= length)
			return false;
		number = (text[at] - '0') * 10 + text[at + 1] - '0';
		if (number < parts[i].least || number > parts[i].most)
			return false;
	}
	return true;
}

static void
set_since(struct history *history, const char *text)
{
	long seconds;
	time_t then;
	struct tm utc;

	if (is_time(text)) {
		/* without the Z, which is more than what comes behind it in a record */
		snprintf(history->since, sizeof history->since, "%.*s", (int)strcspn(text, "Z") < DATE_LENGTH ? (int)strcspn(text, "Z") : DATE_LENGTH, text);
	} else if (parse_span(text, &seconds)) {
		then = time(NULL) - seconds;
		gmtime_r(&then, &utc);
		strftime(history->since, sizeof history->since, "%Y-%m-%dT%H:%M:%S", &utc);
	} else {
		rc_usage("--since is a time like 2026-11-26T08:00:00Z or a span like 90m, 12h, 7d or 2w, not '%s'", text);
	}
}

int
main(int argc, char *argv[])
{
	bool is_table = isatty(STDOUT_FILENO);
	struct history history = { .last = is_table ? 20 : 0 };
	struct rc_output out;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'n': history.last = (size_t)rc_opt_long("last", optarg, 1, 1000000); break;
		case OPT_FAILED: history.failed = true; break;
		case OPT_SLOW: history.slow = (double)rc_opt_duration("slow", optarg) / 1000; break;
		case OPT_SINCE: set_since(&history, optarg); break;
		case 'N': history.name = optarg; break;
		}
	}
	if (optind < argc)
		rc_usage("unexpected argument '%s'", argv[optind]);
	rc_output_open(&out, NULL);
	read_all(&history);
	show(&history, &out, is_table);
	for (size_t i = 0; i < history.count && (history.last == 0 || i < history.last); i++)
		free(history.lines[i]);
	free(history.lines);
	return rc_finish(NULL, &out);
}

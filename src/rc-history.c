/*
 * rc-history - show the runs of rc-run
 *
 * Holds the runs that it shows, and no others; one pass over the history.
 */
#include <errno.h>
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

/* Reads a line into RECORD, which is {0}; false where it is none of ours, as one that a full disk has cut. */
static bool
read_record(const char *line, size_t length, struct rc_record *record)
{
	struct rc_json_error error;

	record->text = rc_json_pad(&record->arena, line, length);
	record->length = length;
	return rc_json_read_object(&record->object, record->text, length, &record->arena, &error);
}

static void
take(struct history *history, const char *line, size_t length)
{
	struct rc_record record = {0};

	if (!read_record(line, length, &record)) {
		history->unreadable++;
	} else if (is_wanted(history, &record)) {
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
	rc_record_free(&record);
}

static void
read_file(struct history *history, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (file == NULL) {
		if (errno == ENOENT)
			return;
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
	}
	while ((length = getline(&line, &room, file)) > 0)
		take(history, line, (size_t)length - (line[length - 1] == '\n'));
	if (ferror(file))
		rc_die(rc_err_class(errno), "cannot read %s: %s", path, strerror(errno));
	free(line);
	fclose(file);
}

static void
read_all(struct history *history)
{
	struct rc_buf path = {0}, old = {0};

	if (rc_history_path(&path)) {
		rc_buf_printf(&old, "%s.old", path.bytes);
		read_file(history, rc_buf_text(&old));
		read_file(history, path.bytes);
	}
	rc_buf_free(&path);
	rc_buf_free(&old);
	if (history->unreadable > 0)
		rc_warn("%lu line(s) of the history can't be read", history->unreadable);
}

static const char *
text_of(struct rc_record *record, const char *name)
{
	const char *text = rc_record_string(record, name, NULL);

	return text == NULL ? "-" : text;
}

/* One row; names are those of rc-run, which hold nothing that a terminal would take as an order, but a file may hold anything. */
static void
show_row(struct rc_output *out, const char *line)
{
	struct rc_record record = {0};
	struct rc_buf row = {0};
	const char *code, *duration;
	size_t code_length = 0, duration_length = 0;

	read_record(line, strlen(line), &record);
	if ((code = rc_record_value(&record, "exit", &code_length)) == NULL)
		code_length = 0;
	if ((duration = rc_record_value(&record, "duration_s", &duration_length)) == NULL)
		duration_length = 0;
	rc_buf_printf(&row, "%-19.19s  %-24s  %-8s  %5.*s  %10.*s  %s", text_of(&record, "start"), text_of(&record, "name"),
	    text_of(&record, "status"), (int)code_length, code == NULL ? "" : code, (int)duration_length, duration == NULL ? "" : duration,
	    text_of(&record, "host"));
	rc_record_free(&record);
	for (size_t i = 0; i < row.length; i++)
		if ((unsigned char)row.bytes[i] < ' ' || row.bytes[i] == 0x7f)
			row.bytes[i] = '?';
	rc_buf_add_text(&row, "\n");
	rc_output_text(out, row.bytes, row.length);
	rc_buf_free(&row);
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

static void
set_since(struct history *history, const char *text)
{
	long seconds;
	time_t then;
	struct tm utc;

	if (strlen(text) < sizeof history->since && strlen(text) >= 10 && text[4] == '-' && text[7] == '-' &&
	    strspn(text, "0123456789-:TZ.") == strlen(text)) {
		snprintf(history->since, sizeof history->since, "%.*s", DATE_LENGTH, text);
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

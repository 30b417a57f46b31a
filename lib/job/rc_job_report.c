#include "rc_job_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_file.h"
#include "rc_json_write.h"
#include "rc_notify.h"

enum { TELL_EVERY = 10000 };

void
rc_job_report_start(struct rc_job_report *report, const struct rc_job_report_rules *rules, const struct rc_job_rules *jobs, struct rc_job_map *map)
{
	const char *watchdog = getenv("WATCHDOG_USEC"), *service = getenv("NOTIFY_SOCKET");
	bool served = service != NULL && *service != '\0';
	long within = served && watchdog != NULL ? atol(watchdog) / 2000 : 0;

	*report = (struct rc_job_report){ .rules = *rules, .jobs = jobs, .map = map, .begun = (long long)time(NULL), .every = TELL_EVERY };
	rc_output_open(&report->out, NULL);
	if (within > 0 && within < report->every)
		report->every = within;
	if (served || rules->metrics != NULL)
		report->next = rc_clock_ms();
}

bool
rc_job_report_say(struct rc_job_report *report, enum rc_saying when)
{
	const char *text = report->rules.says[when];

	if (text == NULL)
		return false;
	rc_output_text(&report->out, text, strlen(text));
	rc_output_text(&report->out, "\n", 1);
	rc_output_flush(&report->out);
	return true;
}

/* ---- jobs ---- */

static void
put_record(struct rc_job_report *report, const struct rc_job *job, const char *status)
{
	bool tried = job->verdict == RC_VERDICT_RETRY || job->verdict == RC_VERDICT_FAILED;
	struct rc_buf line = {0};

	rc_json_open(&line);
	if (report->map->numeric)
		rc_json_add_value(&line, "id", job->id);
	else
		rc_json_add_text(&line, "id", job->id);
	rc_json_add_text(&line, "job_type", job->type);
	rc_json_add_text(&line, "status", status);
	rc_json_add_integer(&line, "attempts", tried ? job->attempts + 1 : job->attempts);
	if (strcmp(status, "retry") == 0) {
		struct rc_buf after = {0};

		rc_buf_printf(&after, "%.1f", job->after);
		rc_json_add_value(&line, "after", rc_buf_text(&after));
		rc_buf_free(&after);
	}
	if (job->error != NULL)
		rc_json_add_text(&line, "error", job->error);
	rc_json_close(&line);
	rc_output_line(&report->out, line.bytes, line.length);
	rc_buf_free(&line);
}

static void
warn_of(const struct rc_job_report *report, const struct rc_job *job, bool given_up)
{
	const char *error = job->error == NULL ? "" : job->error;

	if (given_up)
		rc_warn("Job %s (%s) marked as FAILED after %d attempts. Last error: %.200s", job->id, job->type, job->attempts + 1, error);
	else
		rc_warn("Job %s (%s) failed (attempt %d/%d). Scheduled retry after %.1fs. Error: %.200s", job->id, job->type,
		    job->attempts + 1, report->jobs->attempts, job->after, error);
}

void
rc_job_report_settled(struct rc_job_report *report, const struct rc_job *job)
{
	const struct rc_job_report_rules *rules = &report->rules;
	bool done = job->verdict == RC_VERDICT_DONE, back = job->verdict == RC_VERDICT_BACK;
	bool given_up = rc_job_queue_gives_up(report->jobs, job);

	*(done ? &report->counts.done : back ? &report->counts.returned :
	    given_up ? &report->counts.failed : &report->counts.retried) += 1;
	if (done || back ? rules->done : rules->trouble)
		put_record(report, job, done ? "done" : back ? "returned" : given_up ? "failed" : "retry");
	if (rules->warn && !done && !back)
		warn_of(report, job, given_up);
	if (report->next != 0)
		report->settled = (long long)time(NULL);
}

void
rc_job_report_flush(struct rc_job_report *report)
{
	if (report->rules.done || report->rules.trouble)
		rc_output_flush(&report->out);
}

void
rc_job_report_late(struct rc_job_report *report, long verdicts)
{
	if (verdicts > 0)
		rc_warn("%ld %s too late: the jobs are no longer ours", verdicts, verdicts == 1 ? "verdict came" : "verdicts came");
	report->counts.late += verdicts;
}

void
rc_job_report_counts(struct rc_job_report *report)
{
	const struct rc_job_counts *counts = &report->counts;
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "claimed", counts->claimed);
	rc_json_add_integer(&line, "done", counts->done);
	rc_json_add_integer(&line, "retried", counts->retried);
	rc_json_add_integer(&line, "failed", counts->failed);
	rc_json_add_integer(&line, "returned", counts->returned);
	rc_json_add_integer(&line, "late", counts->late);
	rc_json_close(&line);
	rc_output_line(&report->out, line.bytes, line.length);
	rc_buf_free(&line);
}

/* ---- the state ---- */

/* A value of a label: the three bytes that would end it or mean something else are escaped. */
static void
add_label(struct rc_buf *text, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			rc_buf_add(text, "\\", 1);
		if (*value == '\n')
			rc_buf_add_text(text, "\\n");
		else
			rc_buf_add(text, value, 1);
	}
}

static void
add_figure(struct rc_buf *text, const struct rc_job_report *report, const char *name, const char *status, long long value)
{
	rc_buf_printf(text, "rc_job_run_%s{table=\"", name);
	add_label(text, rc_job_map_text(report->map, "table"));
	if (status != NULL)
		rc_buf_printf(text, "\",status=\"%s", status);
	rc_buf_printf(text, "\"} %lld\n", value);
}

static void
add_head(struct rc_buf *text, const char *name, const char *type, const char *help)
{
	rc_buf_printf(text, "# HELP rc_job_run_%s %s\n# TYPE rc_job_run_%s %s\n", name, help, name, type);
}

static void
add_figures(struct rc_buf *text, const struct rc_job_report *report, const struct rc_job_state *state)
{
	const struct rc_job_counts *counts = &report->counts;
	const struct { const char *status; long long count; } verdicts[] = { { "done", counts->done }, { "retry", counts->retried },
		{ "failed", counts->failed }, { "returned", counts->returned }, { "late", counts->late } };
	const struct { const char *name, *help; long long value; } gauges[] = {
		{ "in_hand", "Jobs that were claimed and have no verdict in the table yet.", state->in_hand },
		{ "with_handlers", "Those of them that handlers have.", state->given },
		{ "connected", "Whether there is a session with the server.", !state->away },
		{ "start_seconds", "When the worker began.", report->begun },
		{ "last_verdict_seconds", "When it last put a verdict into the table.", report->settled },
	};

	add_head(text, "claimed_total", "counter", "Jobs that were claimed.");
	add_figure(text, report, "claimed_total", NULL, counts->claimed);
	add_head(text, "verdicts_total", "counter", "Verdicts, by what became of the job.");
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		add_figure(text, report, "verdicts_total", verdicts[i].status, verdicts[i].count);
	for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		add_head(text, gauges[i].name, "gauge", gauges[i].help);
		add_figure(text, report, gauges[i].name, NULL, gauges[i].value);
	}
}

/* The file is whole, old or new; a worker goes on without it, and says so once. */
static void
write_metrics(struct rc_job_report *report, const struct rc_job_state *state)
{
	const char *path = report->rules.metrics, *slash = strrchr(path, '/');
	struct rc_file_error error = { .what = "open the folder" };
	struct rc_buf text = {0}, folder = {0};
	struct rc_file file;
	int fd;

	add_figures(&text, report, state);
	rc_buf_add(&folder, slash == NULL ? "." : path, slash == NULL ? 1 : (size_t)(slash - path) + 1);
	if ((fd = open(rc_buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
	    rc_file_begin(&file, fd, slash == NULL ? path : slash + 1, NULL, 0666, &error)) {
		if (rc_write_full(file.fd, text.bytes, text.length)) {
			rc_file_place(&file, &error);
		} else {
			error = (struct rc_file_error){ .what = "write", .number = errno };
			rc_file_abandon(&file);
		}
	} else if (fd < 0) {
		error.number = errno;
	}
	if (error.what != NULL && !report->failed)
		rc_warn("%s: cannot %s: %s", path, error.what, strerror(error.number));
	report->failed = error.what != NULL;
	if (fd >= 0)
		close(fd);
	rc_buf_free(&folder);
	rc_buf_free(&text);
}

void
rc_job_report_state(struct rc_job_report *report, const struct rc_job_state *state)
{
	struct rc_buf text = {0};

	if (report->rules.metrics != NULL)
		write_metrics(report, state);
	if (!state->away && !report->ready)
		rc_buf_add_text(&text, "READY=1\n");
	report->ready |= !state->away;
	rc_buf_printf(&text, "WATCHDOG=1\nSTATUS=%s%ld in hand, %lld done, %lld to be tried again, %lld failed", state->away ? "the server is away, " : "",
	    state->in_hand, report->counts.done, report->counts.retried, report->counts.failed);
	rc_notify_service(rc_buf_text(&text));
	rc_buf_free(&text);
	if (report->next != 0)
		report->next = rc_clock_ms() + report->every;
}

void
rc_job_report_stopping(void)
{
	rc_notify_service("STOPPING=1");
}

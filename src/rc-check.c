/*
 * rc-check - run checks of services side by side
 *
 * All checks are read first and stand in memory.  Results are written in their
 * order, each as soon as those before it are known.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rc_check.h"
#include "rc_check_report.h"
#include "rc_clock.h"
#include "rc_err.h"
#include "rc_file.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_JSON = RC_OPT_LONG, OPT_TAP, OPT_NAGIOS, OPT_JUNIT, OPT_TARGET, OPT_NO_SKIP, OPT_LIMIT, OPT_PROGRAMS };
enum { CHECKS_MAX = 10000, TARGETS_MAX = 32, JOBS_MAX = 256, LOOK_EVERY = 10 };

static const struct rc_option options[] = {
	{ OPT_JSON, "json", NULL, "print the results as records, which is the default" },
	{ OPT_TAP, "tap", NULL, "print them as TAP" },
	{ OPT_NAGIOS, "nagios", NULL, "print one line for Nagios, and end with its codes" },
	{ OPT_JUNIT, "junit", "FILE", "also write them to FILE as JUnit's XML" },
	{ OPT_TARGET, "target", "NAME", "run only the checks of this target; may be repeated" },
	{ OPT_NO_SKIP, "no-skip", NULL, "a check that would be skipped fails" },
	{ 'j', "jobs", "N", "so many at a time (default: 16)" },
	{ OPT_LIMIT, "limit", "DURATION", "for all together (default: 55s)" },
	{ OPT_PROGRAMS, "programs", "FOLDER", "look for the checks' programs there first" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-check",
	.synopsis = "[--json | --tap | --nagios] [--junit FILE] [--target NAME] ... [--no-skip] [--jobs N] [--limit DURATION] "
	    "[--programs FOLDER] [FILE ...]",
	.summary = "run checks of services side by side",
	.options = options,
	.category = "monitoring",
	.reads = "{\"id\",\"target\",\"run\",\"needs\",\"limit\",\"tries\",\"pause\",\"expected\",\"hint\"}",
	.writes = "{\"id\",\"target\",\"status\",\"ms\",\"observed\",\"expected\",\"hint\"}",
	.example_input = "{\"id\":\"disk\",\"run\":[\"df\",\"/\"]}\n{\"id\":\"there\",\"run\":[\"test\",\"-d\",\"/\"],\"limit\":\"2s\"}\n",
};

static struct {
	struct rc_check *checks;
	size_t count, room;
	const char *targets[TARGETS_MAX];
	int target_count;
	bool no_skip;
	long jobs, limit;
} all = { .jobs = 16, .limit = 55000 };

/* ---- reading ---- */

static bool
is_asked_for(const char *target)
{
	for (int i = 0; i < all.target_count; i++)
		if (strcmp(all.targets[i], target) == 0)
			return true;
	return all.target_count == 0;
}

static void
take(const struct rc_input *in, struct rc_record *record)
{
	struct rc_check *check;

	if (all.count == all.room) {
		all.room = all.room == 0 ? 32 : all.room * 2;
		all.checks = rc_realloc(all.checks, rc_size_mul(all.room, sizeof *all.checks));
	}
	if (all.count == CHECKS_MAX)
		rc_input_fail(in, "more than %d checks", CHECKS_MAX);
	check = &all.checks[all.count];
	*check = (struct rc_check){0};
	rc_check_read(check, in, record);
	for (size_t i = 0; i < all.count; i++)
		if (strcmp(all.checks[i].id, check->id) == 0)
			rc_input_fail(in, "a second check '%s'", check->id);
	if (is_asked_for(check->target))
		all.count++;
	else
		rc_check_free(check);
}

static void
read_all(struct rc_input *in)
{
	struct rc_record record = {0};

	while (rc_input_next(in, &record))
		take(in, &record);
	rc_record_free(&record);
	for (int i = 0; i < all.target_count; i++) {
		bool found = false;

		for (size_t at = 0; at < all.count; at++)
			found |= strcmp(all.checks[at].target, all.targets[i]) == 0;
		if (!found)
			rc_die(RC_FATAL, "no check has the target '%s'", all.targets[i]);
	}
	if (all.count == 0)
		rc_die(RC_FATAL, "there are no checks");
}

/* ---- running ---- */

/* Starts what may start, and looks at what runs; the number of those that are not done. */
static size_t
turn(long long now)
{
	size_t waiting = 0;
	long running = 0;

	for (size_t i = 0; i < all.count; i++) {
		struct rc_check *check = &all.checks[i];

		if (check->running)
			rc_check_look(check, now);
		running += check->running;
	}
	for (size_t i = 0; i < all.count; i++) {
		struct rc_check *check = &all.checks[i];

		if (!check->running && !check->done && running < all.jobs && now >= check->next_try) {
			rc_check_start(check, now);
			running += check->running;
		}
		if (check->done && check->status == RC_CHECK_SKIP && all.no_skip)
			check->status = RC_CHECK_FAIL;
		waiting += !check->done;
	}
	return waiting;
}

/* Waits until one of them writes or ends, or some milliseconds have passed. */
static void
wait_for_some(void)
{
	static struct pollfd fds[JOBS_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < all.count && count < JOBS_MAX; i++)
		if (all.checks[i].running && all.checks[i].process.out >= 0)
			fds[count++] = (struct pollfd){ .fd = all.checks[i].process.out, .events = POLLIN };
	poll(fds, count, LOOK_EVERY);
}

/* Writes the results from *WRITTEN on whose turn it is. */
static void
write_known(struct rc_output *out, size_t *written)
{
	struct rc_buf text = {0};

	for (; *written < all.count && all.checks[*written].done; ++*written) {
		text.length = 0;
		rc_check_add_record(&all.checks[*written], &text);
		rc_output_line(out, text.bytes, text.length);
		rc_output_flush(out);
	}
	rc_buf_free(&text);
}

static void
run_all(struct rc_output *out, bool as_records)
{
	long long begin = rc_clock_ms();
	size_t written = 0;

	while (turn(rc_clock_ms()) > 0) {
		if (as_records)
			write_known(out, &written);
		if (rc_clock_ms() - begin >= all.limit) {
			for (size_t i = 0; i < all.count; i++)
				if (!all.checks[i].done)
					rc_check_end(&all.checks[i], RC_CHECK_FAIL, "the time for all checks was up", rc_clock_ms());
			break;
		}
		wait_for_some();
	}
	if (as_records)
		write_known(out, &written);
}

/* ---- the end ---- */

static void
write_junit(struct rc_output *out)
{
	struct rc_buf text = {0};

	rc_check_add_junit(all.checks, all.count, &text);
	rc_output_text(out, text.bytes, text.length);
	rc_buf_free(&text);
	rc_output_flush(out);
	rc_file_commit(out->file);
	rc_buf_free(&out->buffer);
}

static void
search_first(const char *folder)
{
	struct rc_buf path = {0};
	const char *before = getenv("PATH");

	rc_buf_printf(&path, "%s:%s", folder, before == NULL ? "/usr/bin:/bin" : before);
	setenv("PATH", rc_buf_text(&path), 1);
	rc_buf_free(&path);
}

int
main(int argc, char *argv[])
{
	const char *junit = NULL;
	struct rc_input in;
	static struct rc_output to_junit;	/* known to the library until the end */
	struct rc_output out;
	struct rc_buf text = {0};
	int opt, form = OPT_JSON, nagios = 0;
	bool bad = false;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_JSON: case OPT_TAP: case OPT_NAGIOS: form = opt; break;
		case OPT_JUNIT: junit = optarg; break;
		case OPT_NO_SKIP: all.no_skip = true; break;
		case 'j': all.jobs = rc_opt_long("jobs", optarg, 1, JOBS_MAX); break;
		case OPT_LIMIT: all.limit = rc_opt_duration("limit", optarg); break;
		case OPT_PROGRAMS: search_first(optarg); break;
		case OPT_TARGET:
			if (all.target_count == TARGETS_MAX)
				rc_usage("more than %d --target", TARGETS_MAX);
			all.targets[all.target_count++] = optarg;
			break;
		}
	}
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	read_all(&in);
	if (junit != NULL)
		rc_output_open(&to_junit, junit);
	run_all(&out, form == OPT_JSON);

	if (form == OPT_TAP)
		rc_check_add_tap(all.checks, all.count, &text);
	if (form == OPT_NAGIOS)
		nagios = rc_check_add_nagios(all.checks, all.count, &text);
	if (form != OPT_JSON)
		rc_output_text(&out, text.bytes, text.length);
	rc_buf_free(&text);
	if (junit != NULL)
		write_junit(&to_junit);
	for (size_t i = 0; i < all.count; i++) {
		bad |= all.checks[i].status == RC_CHECK_FAIL;
		rc_check_free(&all.checks[i]);
	}
	free(all.checks);
	if (form == OPT_JSON)
		rc_output_pass_end(&out, &in);
	out.answer = form == OPT_NAGIOS ? (enum rc_exit)nagios : bad ? RC_NO : RC_OK;
	return rc_finish(&in, &out);
}

/*
 * rc-event - append one event to the events file
 *
 * For scripts: the C filters do it themselves.  rc_event.h has the form.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_json.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_TOOL = RC_OPT_LONG, OPT_PID, OPT_EXIT, OPT_COUNTS, OPT_PRINT_RUN_ID };

static const struct rc_option options[] = {
	{ OPT_TOOL, "tool", "NAME", "the program that the event is of (default: rc-event)" },
	{ OPT_PID, "pid", "N", "its process (default: the caller's)" },
	{ OPT_EXIT, "exit", "N", "the exit code, with done and error" },
	{ OPT_COUNTS, "counts", "JSON", "an object of counts, with done" },
	{ OPT_PRINT_RUN_ID, "print-run-id", NULL, "print the run id, a new one where RC_RUN_ID is not set" },
	RC_OPTION_END
};

static const char *const example[] = { "start", NULL };

static const struct rc_program program = {
	.name = "rc-event",
	.synopsis = "[--tool NAME] [--pid N] [--exit N] [--counts JSON] [--print-run-id] start|warning|error|done [MESSAGE]",
	.summary = "append one event to the events file",
	.options = options,
	.writes = "nothing, or the run id as text",
	.example = example,
};

static void
check_counts(const char *counts)
{
	struct rc_json_error error;
	struct rc_json_object object = {0};
	struct rc_arena arena = {0};

	if (!rc_json_read_object(&object, rc_json_pad(&arena, counts, strlen(counts)), strlen(counts), &arena, &error))
		rc_usage("--counts takes JSON: %s", error.reason);
	rc_json_object_free(&object);
	rc_arena_free(&arena);
}

int
main(int argc, char *argv[])
{
	static const char *const events[] = { "start", "warning", "error", "done", NULL };
	const char *tool = "rc-event", *counts = NULL, *const *known = events;
	long pid = getppid(), code = -1;
	bool print = false;
	struct rc_output out;
	int opt;

	while ((opt = rc_getopt_silent(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_TOOL: tool = optarg; break;
		case OPT_PID: pid = rc_opt_long("pid", optarg, 1, 1L << 30); break;
		case OPT_EXIT: code = rc_opt_long("exit", optarg, 0, 255); break;
		case OPT_COUNTS: counts = optarg; check_counts(counts); break;
		case OPT_PRINT_RUN_ID: print = true; break;
		}
	}
	if (optind == argc)
		rc_usage("which event? start, warning, error or done");
	while (*known != NULL && strcmp(*known, argv[optind]) != 0)
		known++;
	if (*known == NULL)
		rc_usage("no event is called '%s'", argv[optind]);
	if (argc - optind > 2)
		rc_usage("unexpected argument '%s'", argv[optind + 2]);

	rc_event_append(tool, pid, argv[optind], argv[optind + 1], (int)code, counts);
	rc_output_open(&out, NULL);
	if (print) {
		rc_output_text(&out, rc_run_id(), RC_RUN_ID_LENGTH);
		rc_output_text(&out, "\n", 1);
	}
	return rc_finish(NULL, &out);
}

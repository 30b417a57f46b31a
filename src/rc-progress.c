/*
 * rc-progress - pass records on and tell how far it is
 *
 * Records go through byte for byte.  Where standard output is a terminal it
 * shows the records themselves, and no line is written over them.
 */
#include <limits.h>
#include <unistd.h>

#include "rc_counter.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_INTERVAL = RC_OPT_LONG, OPT_TOTAL };
enum { UNASKED_INTERVAL = 10 * 1000 };	/* ms between two lines where nobody has set it */

static const struct rc_option options[] = {
	{ 'l', "label", "TEXT", "what the records are, for the count (default: records)" },
	{ OPT_TOTAL, "total", "N", "so many records are expected: tell the part that is done, and the time that is left" },
	{ OPT_INTERVAL, "interval", "DURATION", "tell the count that often and at the end, on lines of their own (default where there is no terminal: 10s)" },
	{ 'q', "quiet", NULL, "tell nothing" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-progress",
	.synopsis = "[--label TEXT] [--total N] [--interval DURATION | --quiet] [FILE ...]",
	.summary = "pass records on and tell on standard error how far it is",
	.options = options,
	.reads = "any record",
	.writes = "the same",
	.example_input = "{\"id\":1}\n{\"id\":2}\n",
};

struct request {
	const char *label;
	long total, interval;	/* 0: not given */
	bool quiet;
};

static void
start(struct rc_counter *counter, const struct request *request)
{
	rc_counter_start(counter, request->label);
	counter->total = (unsigned long long)request->total;
	if (request->interval > 0 || !counter->in_place || isatty(STDOUT_FILENO)) {
		counter->in_place = false;
		counter->interval = request->interval > 0 ? request->interval : UNASKED_INTERVAL;
		counter->next = counter->start + counter->interval;
	}
	counter->last_count = counter->in_place || request->interval > 0;
}

int
main(int argc, char *argv[])
{
	struct request request = { .label = "records" };
	struct rc_counter counter = {0};
	struct rc_input in;
	struct rc_output out;
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'l': request.label = optarg; break;
		case OPT_TOTAL: request.total = rc_opt_long("total", optarg, 1, LONG_MAX); break;
		case OPT_INTERVAL:
			if ((request.interval = rc_opt_duration("interval", optarg)) == 0)
				rc_usage("--interval takes more than 0");
			break;
		case 'q': request.quiet = true; break;
		}
	}
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	if (!request.quiet)
		start(&counter, &request);

	while (rc_input_next(&in, &record)) {
		rc_output_put(&out, &record);
		rc_counter_at(&counter, in.records, in.bytes);
	}
	rc_counter_end(&counter, in.records, in.bytes);
	rc_output_pass_end(&out, &in);
	rc_record_free(&record);
	return rc_finish(&in, &out);
}

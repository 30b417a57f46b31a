/*
 * rc-progress - pass records on and tell how many there were
 *
 * Records go through byte for byte.  The count goes to standard error: twice a
 * second where that is a terminal, else only with --interval.
 */
#include <stdio.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_INTERVAL = RC_OPT_LONG, RECORDS_PER_LOOK = 256 };

static const struct rc_option options[] = {
	{ 'l', "label", "TEXT", "what the records are, for the count (default: records)" },
	{ OPT_INTERVAL, "interval", "DURATION", "tell the count that often, on a line of its own" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-progress",
	.synopsis = "[--label TEXT] [--interval DURATION] [FILE ...]",
	.summary = "pass records on and tell on standard error how many there were",
	.options = options,
	.reads = "any record",
	.writes = "the same",
	.example_input = "{\"id\":1}\n{\"id\":2}\n",
};

static void
tell(const char *label, unsigned long long records, long long ms, bool in_place)
{
	double rate = ms > 0 ? (double)records * 1000 / (double)ms : 0;

	fprintf(stderr, "%s%llu %s, %.0f/s%s", in_place ? "\r" : "", records, label, rate, in_place ? "\033[K" : "\n");
}

int
main(int argc, char *argv[])
{
	const char *label = "records";
	bool terminal = isatty(STDERR_FILENO) == 1;
	long interval = terminal ? 500 : 0;
	long long start = rc_clock_ms(), next;
	struct rc_input in;
	struct rc_output out;
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'l': label = optarg; break;
		case OPT_INTERVAL: interval = rc_opt_duration("interval", optarg); terminal = false; break;
		}
	}
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	next = start + interval;

	while (rc_input_next(&in, &record)) {
		rc_output_put(&out, &record);
		if (interval > 0 && in.records % RECORDS_PER_LOOK == 0 && rc_clock_ms() >= next) {
			tell(label, in.records, rc_clock_ms() - start, terminal);
			next = rc_clock_ms() + interval;
		}
	}
	if (interval > 0) {
		tell(label, in.records, rc_clock_ms() - start, terminal);
		if (terminal)
			fputc('\n', stderr);
	}
	rc_output_pass_end(&out, &in);
	rc_record_free(&record);
	return rc_finish(&in, &out);
}

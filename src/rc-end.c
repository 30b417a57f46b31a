/*
 * rc-end - print the end record, after the records of files where some are given
 *
 * The last stage of what makes a stream says with it that the stream is whole:
 * { set -o pipefail; source | jq -c ... && rc-end; } | sink --require-end-record
 */
#include <stdbool.h>

#include "rc_opt.h"
#include "rc_stream.h"

static const struct rc_option options[] = {
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-end",
	.synopsis = "[FILE ...]",
	.summary = "print the end record, which says that a stream is whole",
	.options = options,
	.writes = "the records of the files, - being standard input, without their own end records; then the end record",
};

int
main(int argc, char *argv[])
{
	static const char end[] = "{\"rc_end\":{\"v\":1}}";
	bool reads;
	struct rc_input in;
	struct rc_output out;
	struct rc_record record = {0};

	while (rc_getopt(&program, argc, argv) != -1)
		;
	reads = optind < argc;
	if (reads)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	while (reads && rc_input_next(&in, &record))
		rc_output_put(&out, &record);
	/* Without a count: other programs may have written records before. */
	rc_output_line(&out, end, sizeof end - 1);
	rc_record_free(&record);
	return rc_finish(reads ? &in : NULL, &out);
}

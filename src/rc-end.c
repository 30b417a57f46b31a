/*
 * rc-end - print the end record
 *
 * The last stage of what makes a stream says with it that the stream is whole:
 * { set -o pipefail; source | jq -c ... && rc-end; } | sink --require-end-record
 */
#include "rc_opt.h"
#include "rc_stream.h"

static const struct rc_option options[] = {
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-end",
	.synopsis = "",
	.summary = "print the end record, which says that a stream is whole",
	.options = options,
	.writes = "the end record",
};

int
main(int argc, char *argv[])
{
	static const char end[] = "{\"rc_end\":{\"v\":1}}";
	struct rc_output out;

	while (rc_getopt(&program, argc, argv) != -1)
		;
	if (optind < argc)
		rc_usage("unexpected argument '%s'", argv[optind]);
	rc_output_open(&out, NULL);
	rc_output_line(&out, end, sizeof end - 1);
	return rc_finish(NULL, &out);
}

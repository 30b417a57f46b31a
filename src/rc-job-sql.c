/*
 * rc-job-sql - print a statement for a table of jobs, with the names that its map has
 */
#include <stdlib.h>
#include <string.h>

#include "rc_job_map.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_MAP = RC_OPT_LONG };

static const struct rc_option options[] = {
	{ OPT_MAP, "map", "FILE", "the table, its columns and statuses (default: outbox)" },
	RC_OPTION_END
};

static const char *const example[] = { "list.sql", NULL };

static const struct rc_program program = {
	.name = "rc-job-sql",
	.synopsis = "[--map FILE] STATEMENT",
	.summary = "print a statement for a table of jobs",
	.options = options,
	.writes = "SQL text",
	.category = "worker",
	.example = example,
};

int
main(int argc, char *argv[])
{
	struct rc_job_map job_map;
	struct rc_output out;
	const char *map = "outbox";
	char *sql;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		if (opt == OPT_MAP)
			map = optarg;
	if (optind + 1 != argc || strchr(argv[optind], '/') != NULL)
		rc_usage("the name of one statement is needed");
	rc_job_map_read(&job_map, map);
	sql = rc_job_map_statement(&job_map, argv[optind]);
	rc_output_open(&out, NULL);
	rc_output_text(&out, sql, strlen(sql));
	rc_output_text(&out, "\n", 1);
	free(sql);
	rc_job_map_free(&job_map);
	return rc_finish(NULL, &out);
}

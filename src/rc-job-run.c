/*
 * rc-job-run - do the jobs of a table, with programs that read them and write verdicts
 *
 * The options; the rest is rc_worker.  Holds as many jobs as --max-jobs says,
 * and no more than 64 MB of them when it claims others.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rc_coprocess.h"
#include "rc_err.h"
#include "rc_opt.h"
#include "rc_worker.h"

enum { OPT_HANDLERS = RC_OPT_LONG, OPT_PER_HANDLER, OPT_IN_FLIGHT, OPT_EXEC, OPT_MAP, OPT_POLL, OPT_ONCE, OPT_LIMIT, OPT_MAX_JOBS,
    OPT_TIMEOUT, OPT_STALL, OPT_GRACE, OPT_ATTEMPTS, OPT_DELAY_MAX, OPT_JITTER, OPT_ADOPT, OPT_REPORT, OPT_WARN, OPT_SAY, OPT_METRICS, OPT_PORCELAIN,
    OPT_HOLD };

static const struct rc_option options[] = {
	{ OPT_HANDLERS, "handlers", "DIR", "run DIR/TYPE for the jobs of a type, from its first one on" },
	{ OPT_PER_HANDLER, "per-handler", "N", "so many copies of a handler at most (default: 1)" },
	{ OPT_IN_FLIGHT, "in-flight", "N", "give a copy so many jobs at once (default: 100)" },
	{ OPT_EXEC, "exec", NULL, "run a process for each job; its exit status is the verdict: 0 done, 100 failed, else retry" },
	{ OPT_HOLD, "hold", NULL, "hold jobs by row locks until they are done, where no other program takes jobs from the table" },
	{ OPT_MAP, "map", "FILE", "the table, its columns and statuses (default: outbox)" },
	{ OPT_POLL, "poll-seconds", "SECONDS", "look for jobs that often where nothing tells of them (default: 2)" },
	{ OPT_ONCE, "once", NULL, "end when no job is due, or when the server has been away for --grace" },
	{ OPT_LIMIT, "limit", "N", "end after so many jobs" },
	{ OPT_MAX_JOBS, "max-jobs", "N", "have so many jobs in hand at most (default: 1000)" },
	{ OPT_TIMEOUT, "job-timeout", "DURATION", "end a handler that has given no verdict for so long; 0 is never (default: 15m)" },
	{ OPT_STALL, "stall", "DURATION", "give a handler without a verdict for so long an end of input (default: 5s)" },
	{ OPT_GRACE, "grace", "DURATION", "wait so long for handlers after TERM or INT, and with --once for the server (default: 30s)" },
	{ OPT_ATTEMPTS, "attempts", "N", "a job has failed after so many (default: 10)" },
	{ OPT_DELAY_MAX, "delay-max", "DURATION", "try again after 2^attempts seconds, but that at most (default: 300s)" },
	{ OPT_JITTER, "jitter", "PERCENT", "shorten or lengthen the delay by up to so much (default: 0)" },
	{ OPT_ADOPT, "adopt-after", "DURATION", "take others' jobs over that have been running for so long" },
	{ OPT_REPORT, "report", "WHICH", "write a record for each job: all, or trouble: those that are not done" },
	{ OPT_WARN, "warn", NULL, "a warning for each job that fails" },
	{ OPT_SAY, "say", "WHEN=TEXT", "a line of text at the start, when it is stopping, or has stopped, instead of the counts" },
	{ OPT_METRICS, "metrics", "FILE", "write figures for Prometheus into FILE, every ten seconds and at the end" },
	{ OPT_PORCELAIN, "porcelain", "NAME", "be the command NAME: messages begin with it, and any failure ends with 1" },
	RC_OPTION_END
};

static const char *const example[] = { "--once", "--", "sed", "-E", "s/^(.\"id\":[0-9]+).*/\\1,\"status\":\"done\"}/", NULL };

static const struct rc_program program = {
	.name = "rc-job-run",
	.synopsis = "[--map FILE] [--hold] [--once] [--limit N] [--max-jobs N] [--poll-seconds SECONDS] [--exec] [--per-handler N] [--in-flight N] "
	    "[--job-timeout DURATION] [--grace DURATION] [--attempts N] [--adopt-after DURATION] [--report all|trouble] [--warn] [--say WHEN=TEXT] ... [--metrics FILE] [--porcelain NAME] "
	    "--handlers DIR | -- HANDLER [ARGUMENT ...]",
	.summary = "do the jobs of a table with programs that read them and write verdicts",
	.options = options,
	.writes = "with --report a record for each job, and at the end one with the counts",
	.changes = "changes",
	.category = "worker",
	.risk = "medium",
	.example = example,
};

static const char *const sayings[RC_SAYINGS] = { "start=", "stopping=", "stopped=" };

static long
opt_seconds(const char *text)
{
	long ms;

	if (!rc_parse_duration(text, &ms))
		rc_usage("--poll-seconds takes seconds such as 2 or 0.5, not '%s'", text);
	return ms;
}

static void
take_report(struct rc_job_report_rules *report, const char *text)
{
	if (strcmp(text, "all") != 0 && strcmp(text, "trouble") != 0)
		rc_usage("--report takes all or trouble, not '%s'", text);
	report->trouble = true;
	report->done = *text == 'a';
}

static void
take_saying(struct rc_job_report_rules *report, const char *text)
{
	for (int i = 0; i < RC_SAYINGS; i++)
		if (strncmp(text, sayings[i], strlen(sayings[i])) == 0) {
			report->says[i] = text + strlen(sayings[i]);
			return;
		}
	rc_usage("--say takes start=TEXT, stopping=TEXT or stopped=TEXT, not '%s'", text);
}

static void
take_option(struct rc_worker_rules *rules, const char **map, int opt)
{
	struct rc_handler_rules *handlers = &rules->handlers;
	struct rc_job_rules *jobs = &rules->jobs;

	switch (opt) {
	case OPT_HANDLERS: handlers->folder = optarg; break;
	case OPT_PER_HANDLER: handlers->copies = (int)rc_opt_long("per-handler", optarg, 1, 256); break;
	case OPT_IN_FLIGHT: handlers->in_flight = (int)rc_opt_long("in-flight", optarg, 1, 100000); break;
	case OPT_EXEC: handlers->exec = true; break;
	case OPT_HOLD: jobs->hold = true; break;
	case OPT_MAP: *map = optarg; break;
	case OPT_POLL: rules->poll_every = opt_seconds(optarg); break;
	case OPT_ONCE: rules->once = true; break;
	case OPT_LIMIT: rules->limit = rc_opt_long("limit", optarg, 0, 1L << 60); break;
	case OPT_MAX_JOBS: rules->max_jobs = rc_opt_long("max-jobs", optarg, 0, 1000000); break;
	case OPT_TIMEOUT: handlers->job_timeout = rc_opt_duration("job-timeout", optarg); break;
	case OPT_STALL: handlers->stall = rc_opt_duration("stall", optarg); break;
	case OPT_GRACE: rules->grace = rc_opt_duration("grace", optarg); break;
	case OPT_ATTEMPTS: jobs->attempts = (int)rc_opt_long("attempts", optarg, 1, 1000000); break;
	case OPT_DELAY_MAX: jobs->delay_max = (double)rc_opt_duration("delay-max", optarg) / 1000; break;
	case OPT_JITTER: jobs->jitter = (double)rc_opt_long("jitter", optarg, 0, 100) / 100; break;
	case OPT_ADOPT: jobs->adopt_after = (double)rc_opt_duration("adopt-after", optarg) / 1000; break;
	case OPT_WARN: rules->report.warn = true; break;
	case OPT_PORCELAIN: rc_err_set_porcelain(optarg); break;
	case OPT_SAY: take_saying(&rules->report, optarg); break;
	case OPT_REPORT: take_report(&rules->report, optarg); break;
	case OPT_METRICS: rules->report.metrics = optarg; break;
	}
}

int
main(int argc, char *argv[])
{
	static struct rc_worker worker;
	static struct rc_job_map table;
	struct rc_worker_rules rules = { .poll_every = 2000, .grace = 30000, .max_jobs = 1000, .limit = -1,
		.jobs = { .attempts = 10, .delay_max = 300 },
		.handlers = { .copies = 1, .in_flight = 100, .job_timeout = 900000, .stall = 5000 } };
	char **command = rc_opt_command(&argc, argv);
	const char *map = "outbox";
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		take_option(&rules, &map, opt);
	if (optind < argc)
		rc_usage("unexpected argument '%s'; a handler stands after --", argv[optind]);
	if ((command == NULL) == (rules.handlers.folder == NULL))
		rc_usage("either --handlers DIR or a handler after -- is needed");
	if (rules.handlers.folder != NULL && access(rules.handlers.folder, R_OK | X_OK) != 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", rules.handlers.folder, strerror(errno));
	if (command != NULL && !rc_coprocess_can_run(command[0]))
		rc_die(rc_err_class(errno), "cannot run %s: %s", command[0], strerror(errno));
	rules.handlers.command = command;
	rc_job_map_read(&table, map);
	return rc_worker_run(&worker, &rules, &table);
}

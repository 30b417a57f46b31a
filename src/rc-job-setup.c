/*
 * rc-job-setup - make what lets workers hear of jobs, and find those of workers that are gone
 *
 * All of it in one transaction.  The table itself is not changed; it gets a
 * trigger.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_job_map.h"
#include "rc_opt.h"
#include "rc_session.h"
#include "rc_stream.h"
#include "rc_transaction.h"

enum { OPT_MAP = RC_OPT_LONG, OPT_DRY_RUN };

static const struct rc_option options[] = {
	{ OPT_MAP, "map", "FILE", "the table, its columns and statuses (default: outbox)" },
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it and roll back" },
	RC_OPTION_END
};

static const char *const example[] = { "--dry-run", "install", NULL };

static const struct rc_program program = {
	.name = "rc-job-setup",
	.synopsis = "[--map FILE] [--dry-run] install|remove",
	.summary = "let workers hear of jobs, and find those of workers that are gone",
	.options = options,
	.writes = "a record with the table and the status installed or removed",
	.changes = "changes",
	.category = "worker",
	.risk = "medium",
	.example = example,
};

static const char *const install[] = { "setup-schema.sql", "setup-claims.sql", "setup-notify.sql", "setup-drop-trigger.sql", "setup-trigger.sql", NULL };
static const char *const removal[] = { "setup-drop-trigger.sql", "setup-forget.sql", NULL };

struct setup {
	struct rc_job_map map;
	const char *const *files;
};

/* Runs the files; the server's error, where that is a lock, else NULL or the end of the process. */
static PGresult *
attempt(struct rc_session *session, void *context)
{
	static const struct rc_transaction transaction = { .first = "set local client_min_messages = error" };
	struct setup *setup = context;

	rc_transaction_begin(session, &transaction);
	for (const char *const *file = setup->files; *file != NULL; file++) {
		char *sql = rc_job_map_statement(&setup->map, *file);
		PGresult *result = rc_session_exec(session, sql, NULL);

		free(sql);
		if (rc_result_is_locked(result)) {
			rc_transaction_rollback(session);
			return result;
		}
		if (!rc_result_is_good(result))
			rc_session_die(session, result, *file);
		PQclear(result);
	}
	return NULL;
}

static void
end_transaction(struct rc_session *session, bool dry_run)
{
	PGresult *failed = rc_transaction_settle(session);

	if (failed != NULL)
		rc_session_die(session, failed, "the end of the transaction");
	if (dry_run)
		rc_transaction_rollback(session);
	else if (!rc_transaction_commit(session))
		rc_die(RC_RETRY, "%s", rc_transaction_unknown(session));
}

int
main(int argc, char *argv[])
{
	struct setup setup = {0};
	struct rc_session session;
	struct rc_output out;
	struct rc_buf line = {0};
	const char *map = "outbox";
	bool dry_run = false, remove;
	PGresult *failed;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_MAP: map = optarg; break;
		case OPT_DRY_RUN: dry_run = true; break;
		}
	}
	if (optind + 1 != argc || (strcmp(argv[optind], "install") != 0 && strcmp(argv[optind], "remove") != 0))
		rc_usage("either install or remove is needed");
	remove = strcmp(argv[optind], "remove") == 0;
	setup.files = remove ? removal : install;
	rc_job_map_read(&setup.map, map);
	rc_output_open(&out, NULL);
	rc_session_open(&session);
	if ((failed = rc_transaction_retry(&session, "the table", attempt, &setup)) != NULL)
		rc_session_die(&session, failed, "the table");
	end_transaction(&session, dry_run);
	rc_json_open(&line);
	rc_json_add_text(&line, "table", rc_job_map_text(&setup.map, "table"));
	rc_json_add_text(&line, "status", dry_run ? (remove ? "would_remove" : "would_install") : remove ? "removed" : "installed");
	rc_json_close(&line);
	rc_output_line(&out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_session_close(&session);
	rc_job_map_free(&setup.map);
	return rc_finish(NULL, &out);
}

/*
 * rc-undo - take back what an undo log tells
 *
 * The log goes into a temporary table, one record at a time; what can be taken
 * back is decided and done by the server, in one transaction (rc_restore.h).
 */
#include <string.h>

#include "rc_digest.h"
#include "rc_evidence.h"
#include "rc_json.h"
#include "rc_log_head.h"
#include "rc_opt.h"
#include "rc_restore.h"
#include "rc_spool.h"
#include "rc_stream.h"
#include "rc_transaction.h"

enum { OPT_DRY_RUN = RC_OPT_LONG, OPT_OTHER, OPT_UNDO_LOG, OPT_LOCK_TIMEOUT };

static const struct rc_option options[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it, and roll back" },
	{ 'q', "quiet", NULL, "leave out the rows that are restored" },
	{ OPT_UNDO_LOG, "undo-log", "FILE", "write there what this changes, so that it can be taken back in turn; a new file" },
	{ OPT_OTHER, "other-database", NULL, "though the log is of another database, such as the one that this is a copy of" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock (default: 15s)" },
	RC_OPTION_END
};

static const char *const example[] = { "--other-database", NULL };

static const struct rc_program program = {
	.name = "rc-undo",
	.synopsis = "[--dry-run] [--quiet] [--undo-log FILE] [--other-database] [--lock-timeout DURATION] [FILE]",
	.summary = "take back what an undo log tells",
	.options = options,
	.reads = "an undo log, as --undo-log writes it",
	.writes = "the rows: {\"table\",\"key\",\"status\"} (restored, would_restore, unchanged, changed, missing, differs)",
	.changes = "destroys",
	.risk = "high",
	.example = example,
	.example_input = "{\"v\":1,\"kind\":\"undo-log\",\"tables\":[]}\n{\"rc_end\":{\"v\":1,\"records\":1}}\n",
};

struct undo {
	bool dry_run, quiet, other;
	struct rc_log_head head;
	struct rc_session session;
	struct rc_evidence evidence;
	struct rc_restore restore;
	struct rc_input in;
	struct rc_output out;
	struct rc_spool report;
};

/* ---- the log ---- */

/* The object in a field, or a NULL where it is null. */
static struct rc_restore_text
take_object(const struct undo *work, struct rc_record *record, const char *name, bool may_be_null)
{
	struct rc_restore_text text = {0};

	text.bytes = rc_record_value(record, name, &text.length);
	if (text.bytes != NULL && rc_json_type(text.bytes) == RC_JSON_NULL && may_be_null)
		return (struct rc_restore_text){0};
	if (text.bytes == NULL || rc_json_type(text.bytes) != RC_JSON_OBJECT)
		rc_input_fail(&work->in, "expected an object in the field '%s'", name);
	return text;
}

static void
add_entry(struct undo *work, struct rc_record *record)
{
	const char *table = rc_input_need_string(&work->in, record, "table");
	struct rc_restore_text key = take_object(work, record, "key", false), before = take_object(work, record, "before", true),
	    after = take_object(work, record, "after", true);
	int index = rc_restore_find(&work->restore, table);
	long step = rc_input_need_number(&work->in, record, "step");

	if (index < 0)
		rc_input_fail(&work->in, "the table %s is not one of the log's", table);
	if (before.bytes == NULL && after.bytes == NULL)
		rc_input_fail(&work->in, "neither before nor after");
	rc_restore_add(&work->restore, step, index, &key, &before, &after);
}

/* ---- all ---- */

static void
take_row(void *context, const char *line, size_t length, const char *status)
{
	struct undo *work = context;
	struct rc_buf text = {0};
	bool restored = strcmp(status, "restored") == 0;

	if (!restored && strcmp(status, "unchanged") != 0)
		work->out.answer = RC_NO;
	if (restored && work->quiet)
		return;
	rc_buf_add(&text, line, length);
	rc_json_add_text(&text, "status", restored && work->dry_run ? "would_restore" : status);
	rc_json_close(&text);
	rc_spool_add(&work->report, text.bytes, text.length);
	rc_buf_free(&text);
}

static void
begin(struct undo *work)
{
	static const struct rc_transaction transaction = { .patience = RC_NO_IDLE_LIMIT };
	struct rc_identity identity = {0};
	const char *differs;

	rc_transaction_begin(&work->session, &transaction);
	rc_identity_read(&work->session, &identity);
	differs = rc_identity_differs(&identity, &work->head.record);
	if (differs != NULL && !work->other)
		rc_die(RC_FATAL, "%s: not of this database: %s; --other-database goes on", work->in.name, differs);
	rc_identity_free(&identity);
	for (size_t i = 0; work->evidence.undo.path != NULL && i < work->head.table_count; i++)
		rc_capture_add(&work->evidence.capture, work->head.tables[i]);
	rc_evidence_begin(&work->evidence, &work->session);
}

static void
undo(struct undo *work)
{
	struct rc_record record = {0};
	PGresult *failed;

	rc_restore_begin(&work->restore, &work->session, work->head.tables, work->head.table_count);
	while (rc_input_next(&work->in, &record))
		add_entry(work, &record);
	rc_input_require_end(&work->in);
	rc_record_free(&record);
	rc_restore_run(&work->restore);
	if ((failed = rc_transaction_settle(&work->session)) != NULL)
		rc_session_die(&work->session, failed, "deferred constraints, nothing was restored");
	rc_restore_report(&work->restore, take_row, work);
}

/* Ends the transaction, and tells what is true then. */
static void
finish(struct undo *work)
{
	bool known = true;

	if (work->dry_run) {
		rc_transaction_rollback(&work->session);
	} else {
		rc_evidence_write(&work->evidence, NULL);
		known = rc_transaction_commit(&work->session);
		rc_evidence_keep(&work->evidence);
	}
	if (known)
		rc_spool_write(&work->report, &work->out);
	else
		rc_transaction_tell_unknown(&work->session, &work->out);
}

int
main(int argc, char *argv[])
{
	static struct undo work;
	long lock_timeout = RC_LOCK_TIMEOUT * RC_LOCK_TRIES;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_DRY_RUN: work.dry_run = true; break;
		case 'q': work.quiet = true; break;
		case OPT_UNDO_LOG: work.evidence.undo.path = optarg; break;
		case OPT_OTHER: work.other = true; break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		}
	}
	if (argc - optind > 1)
		rc_usage("one log at a time");
	if (work.dry_run && work.evidence.undo.path != NULL)
		rc_usage("--undo-log and --dry-run exclude one another");
	rc_input_open(&work.in, argc - optind, argv + optind);
	work.in.digest = rc_digest_new();
	rc_log_head_read(&work.head, &work.in, "undo-log");
	rc_undo_log_open(&work.evidence.undo);
	rc_session_open(&work.session);
	work.session.lock_timeout = lock_timeout > 0 ? lock_timeout : 1;	/* 0 is forever to the server */
	work.session.lock_tries = 1;
	work.session.find_blocker = work.session.report_blocker = true;
	rc_output_open(&work.out, NULL);

	begin(&work);
	undo(&work);
	finish(&work);
	rc_session_close(&work.session);
	rc_evidence_free(&work.evidence);
	rc_restore_free(&work.restore);
	rc_spool_free(&work.report);
	rc_log_head_free(&work.head);
	return rc_finish(&work.in, &work.out);
}

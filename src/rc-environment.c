/*
 * rc-environment - say which environment a database is, or ask it
 *
 * The row is written in one transaction, and read back in it.
 */
#include <string.h>

#include "rc_meta.h"
#include "rc_opt.h"
#include "rc_stream.h"
#include "rc_transaction.h"

enum { OPT_REPLACE = RC_OPT_LONG, OPT_DRY_RUN };

static const struct rc_option options[] = {
	{ OPT_REPLACE, "replace", "NAME", "the environment that the database says it is so far, where set gives it another one" },
	{ OPT_DRY_RUN, "dry-run", NULL, "do all of it and roll back" },
	RC_OPTION_END
};

static const char *const example[] = { "show", NULL };

static const struct rc_program program = {
	.name = "rc-environment",
	.synopsis = "[--replace NAME] [--dry-run] set NAME | show",
	.summary = "say which environment a database is, or ask it",
	.options = options,
	.writes = "a record with environment, database, system_identifier and status",
	.changes = "changes",
	.category = "operations",
	.example = example,
};

static void
begin(struct rc_session *session, bool read_only)
{
	/* what the server says of a schema that is there already is no news */
	const struct rc_transaction transaction = { .read_only = read_only, .first = read_only ? NULL : "set local client_min_messages = error" };

	rc_transaction_begin(session, &transaction);
}

/* A name that stands already is not written over by mistake. */
static void
check(const struct rc_meta *meta, const char *name, const char *replaced)
{
	if (meta->row != RC_META_HERE || strcmp(meta->environment, name) == 0)
		return;
	if (replaced == NULL)
		rc_die(RC_FATAL, "database %s says that it is %s; --replace %s gives it another name", meta->database, meta->environment, meta->environment);
	if (strcmp(replaced, meta->environment) != 0)
		rc_die(RC_FATAL, "database %s says that it is %s, not %s", meta->database, meta->environment, replaced);
}

/* Writes the row and reads it back; the status. */
static const char *
set_environment(struct rc_session *session, struct rc_meta *meta, const char *name, bool dry_run)
{
	bool same = meta->row == RC_META_HERE && strcmp(meta->environment, name) == 0;
	PGresult *failed;

	if (same) {
		rc_transaction_rollback(session);
		return "unchanged";
	}
	rc_meta_write(session, name, meta);
	rc_meta_free(meta);
	rc_meta_read(session, meta);
	if (meta->row != RC_META_HERE || strcmp(meta->environment, name) != 0)
		rc_die(RC_FATAL, "rc.meta does not have what was written to it");
	if ((failed = rc_transaction_settle(session)) != NULL)
		rc_session_die(session, failed, "the end of the transaction");
	if (dry_run)
		rc_transaction_rollback(session);
	else if (!rc_transaction_commit(session))
		rc_die(RC_RETRY, "%s", rc_transaction_unknown(session));
	return dry_run ? "would_set" : "set";
}

static const char *
shown(const struct rc_meta *meta)
{
	switch (meta->row) {
	case RC_META_HERE: return "set";
	case RC_META_ELSEWHERE: return "of_another_database";
	case RC_META_NONE: break;
	}
	return "none";
}

int
main(int argc, char *argv[])
{
	const char *replaced = NULL, *name = NULL, *status;
	struct rc_session session = {0};
	struct rc_meta meta = {0};
	struct rc_output out;
	struct rc_buf line = {0};
	bool dry_run = false;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_REPLACE: replaced = optarg; break;
		case OPT_DRY_RUN: dry_run = true; break;
		}
	}
	if (argc - optind == 2 && strcmp(argv[optind], "set") == 0)
		name = argv[optind + 1];
	else if (argc - optind != 1 || strcmp(argv[optind], "show") != 0)
		rc_usage("either set with a name, or show, is needed");
	if (name != NULL && !rc_meta_is_name(name))
		rc_usage("an environment's name is of letters, digits, '.', '_' and '-', 63 at most");
	if (name == NULL && replaced != NULL)
		rc_usage("--replace belongs to set");

	rc_output_open(&out, NULL);
	rc_session_open(&session);
	begin(&session, name == NULL);
	if (name != NULL)
		rc_meta_lock(&session);	/* or the name that another one has just written would be written over */
	rc_meta_read(&session, &meta);
	if (name == NULL) {
		rc_transaction_rollback(&session);
		status = shown(&meta);
	} else {
		check(&meta, name, replaced);
		status = set_environment(&session, &meta, name, dry_run);
	}
	rc_json_open(&line);
	rc_json_add_text(&line, "environment", meta.environment);
	rc_json_add_text(&line, "database", meta.row == RC_META_NONE ? meta.database : meta.row_database);
	rc_json_add_text(&line, "system_identifier", meta.system);
	rc_json_add_text(&line, "status", status);
	rc_json_close(&line);
	rc_output_line(&out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_session_close(&session);
	rc_meta_free(&meta);
	return rc_finish(NULL, &out);
}

/*
 * rc-snapshot - run a command whose readers all see one moment
 *
 * The moment is a snapshot that a transaction exports, and keeps as long as the
 * command runs; its name is in RC_SNAPSHOT.  Tables that are named are locked
 * first, as a reader locks them: what a snapshot sees of a table is gone once
 * that is truncated, so it must not be from here on.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_guard.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_relation.h"
#include "rc_session.h"
#include "rc_transaction.h"
#include "rc_utf8.h"

static const struct rc_option options[] = {
	{ 't', "table", "TABLE", "keep the table from being emptied or changed in form meanwhile; may be repeated" },
	RC_OPTION_END
};

static const char *const example[] = { "--", "true", NULL };

static const struct rc_program program = {
	.name = "rc-snapshot",
	.synopsis = "[--table TABLE ...] -- COMMAND [ARGUMENT ...]",
	.summary = "run a command whose readers all see one moment",
	.options = options,
	.writes = "what the command writes",
	.example = example,
};

struct snapshot {
	struct rc_session session;
	const char **tables;	/* as the user names them */
	size_t table_count;
	char *name;		/* of the exported snapshot */
};

/* LOCK takes no materialized view and no foreign table; there a SELECT that reads nothing takes the same lock. */
static PGresult *
lock_table(struct snapshot *snapshot, const char *name)
{
	struct rc_relation table = {0};
	struct rc_buf sql = {0};
	PGresult *result;

	rc_relation_find(&table, &snapshot->session, name);
	rc_buf_printf(&sql, strchr("mf", table.kind) != NULL ? "select from %s limit 0" : "lock table %s in access share mode", table.sql);
	result = rc_session_exec(&snapshot->session, rc_buf_text(&sql), NULL);
	rc_relation_free(&table);
	rc_buf_free(&sql);
	return result;
}

/* The error of the first that can't be locked, or NULL. */
static PGresult *
lock_tables(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->table_count; i++) {
		PGresult *result = lock_table(snapshot, snapshot->tables[i]);

		if (!rc_result_is_good(result))
			return result;
		PQclear(result);
	}
	return NULL;
}

/*
 * Begins, locks the tables, and exports what is seen from then on.  Each
 * statement must see its own moment, or that of the export would be the begin.
 */
static PGresult *
begin(struct rc_session *session, void *context)
{
	static const struct rc_transaction transaction = { .read_only = true, .many_moments = true, .patience = RC_NO_LIMIT };
	static const char what[] = "the snapshot";
	struct snapshot *snapshot = context;
	PGresult *result;

	rc_transaction_begin(session, &transaction);
	if ((result = lock_tables(snapshot)) != NULL) {
		if (!rc_result_is_locked(result))
			rc_session_die(session, result, "the tables");
		rc_transaction_rollback(session);
		return result;
	}
	result = rc_session_query(session, what, "select pg_catalog.pg_export_snapshot()", NULL);
	if (PQntuples(result) != 1)
		rc_session_misled(what);
	snapshot->name = rc_strndup(rc_result_text(result, 0, 0), strlen(rc_result_text(result, 0, 0)));
	PQclear(result);
	return NULL;
}

int
main(int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	struct snapshot snapshot = {0};
	int opt;

	snapshot.tables = rc_alloc(rc_size_mul((size_t)argc + 1, sizeof *snapshot.tables));
	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		if (opt == 't')
			snapshot.tables[snapshot.table_count++] = optarg;
	if (optind < argc)
		rc_usage("unexpected argument '%s'; a command stands after --", argv[optind]);
	if (command == NULL)
		rc_usage("a command is needed after --");
	for (size_t i = 0; i < snapshot.table_count; i++)
		if (!rc_utf8_valid(snapshot.tables[i], strlen(snapshot.tables[i])))
			rc_usage("--table is not UTF-8");
	rc_session_open(&snapshot.session);
	rc_transaction_retry(&snapshot.session, "the tables", begin, &snapshot);
	if (setenv("RC_SNAPSHOT", snapshot.name, 1) != 0)
		rc_die(RC_RETRY, "out of memory");
	free(snapshot.name);
	free(snapshot.tables);
	rc_event_set_counts("{}");
	return rc_leave(rc_guard_run(&snapshot.session, command, "the snapshot"));
}

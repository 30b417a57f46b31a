/*
 * rc-owner-assign - give the rows without an owner to one
 *
 * All targets in one transaction.  First every target is looked at: does its
 * column exist, would two rows clash in a unique index?  Only if all are well
 * do the updates run, one for each target.  Nothing is printed before COMMIT.
 * The look groups the rows that would change once for each unique index that
 * the column has a part in.
 *
 * Two calls at once wait for one another (an advisory lock of the
 * transaction), so the second finds nothing left to do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_clash.h"
#include "rc_db.h"
#include "rc_digest.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_sql.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_USER = RC_OPT_LONG, OPT_OWNER_SQL, OPT_DRY_RUN, OPT_SCOPE, OPT_LOCK_TIMEOUT, OPT_REQUIRE_END };
enum { SCOPES_MAX = 16 };

static const struct rc_option options[] = {
	{ OPT_USER, "user", "NAME", "who becomes the owner (required)" },
	{ OPT_OWNER_SQL, "owner-sql", "FILE", "the query that finds {\"id\",\"name\"} by {\"user\"} in $1 (required)" },
	{ OPT_DRY_RUN, "dry-run", NULL, "count what would change and change nothing" },
	{ OPT_SCOPE, "scope", "NAME:=JSON", "only rows whose column NAME has that value; may be repeated" },
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", "wait that long for a lock, three times (default: 5s)" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "change nothing unless the targets end with an end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--user", "alice", "--owner-sql", "user-by-name.sql", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-owner-assign",
	.synopsis = "--user NAME --owner-sql FILE [--dry-run] [--scope NAME:=JSON] ... [--lock-timeout DURATION] "
	    "[--require-end-record] [FILE ...]",
	.summary = "give the rows without an owner to one",
	.options = options,
	.reads = "targets: {\"table\",\"column\",\"label\"}",
	.writes = "the same with \"owner\", \"owner_id\", \"count\", \"status\" (assigned, would_assign, unchanged, out_of_scope, "
	    "error) and \"error\"",
	.changes = "changes",
	.risk = "medium",
	.example = example,
	.example_input = "{\"table\":\"api_project\",\"column\":\"owner_id\",\"label\":\"Project\"}\n",
};

/* A condition on the rows: NAME = VALUE, or NAME is null where VALUE is NULL. */
struct scope {
	const char *name, *value;
};

/* Where rows are without an owner, and what became of it. */
struct target {
	struct rc_record record;	/* as it was read; the results are added to it */
	const char *table, *column;
	char *type;			/* of the column, as SQL */
	char *rows;			/* SQL condition of the rows that would change; $1 is the owner's id, scopes follow */
	const char *status;
	unsigned long long count;
};

struct assignment {
	const char *user, *owner_sql;
	bool dry_run;
	struct scope scopes[SCOPES_MAX];
	int scope_count;
	struct target *targets;
	size_t target_count;
	char *owner_id, *owner_id_json, *owner_name;
	int errors;
	struct target *in_the_way;	/* the target at which a try ended */
	struct rc_arena arena;
};

/* How a try to do all of it ended. */
enum outcome { FINISHED, REFUSED, LOCKED, CLASHED };

/* ---- what the user says ---- */

static void
add_scope(struct assignment *work, const char *text)
{
	const char *mark = strstr(text, ":=");
	const char *value = mark == NULL ? NULL : rc_json_pad(&work->arena, mark + 2, strlen(mark + 2));
	struct rc_json_error error;
	struct scope *scope;
	size_t length;

	if (!rc_utf8_valid(text, strlen(text)))
		rc_die(RC_FATAL, "--scope is not UTF-8");
	if (mark == NULL || mark == text)
		rc_usage("--scope takes NAME:=JSON, not '%s'", text);
	if (!rc_json_check(value, strlen(value), &error))
		rc_usage("--scope %s: %s", text, error.reason);
	if (work->scope_count == SCOPES_MAX)
		rc_usage("more than %d --scope", SCOPES_MAX);
	scope = &work->scopes[work->scope_count++];
	scope->name = rc_json_pad(&work->arena, text, (size_t)(mark - text));
	value += strspn(value, " \t\r\n");
	switch (rc_json_type(value)) {
	case RC_JSON_NULL:
		break;
	case RC_JSON_STRING:
		length = strlen(value);
		while (value[length - 1] != '"')
			length--;
		if ((scope->value = rc_json_decode(&work->arena, value, length, &length)) == NULL)
			rc_usage("--scope %s: a lone surrogate", text);
		if (strlen(scope->value) != length)
			rc_usage("--scope %s: U+0000 in it", text);
		break;
	case RC_JSON_NUMBER:
	case RC_JSON_BOOL:
		scope->value = rc_arena_copy(&work->arena, value, strcspn(value, " \t\r\n"));
		break;
	default:
		rc_usage("--scope %s: a string, a number, true, false or null", text);
	}
}

static void
read_targets(struct assignment *work, struct rc_input *in)
{
	struct rc_record record = {0};
	size_t room = 0;

	while (rc_input_next(in, &record)) {
		struct target *target;

		if (work->target_count == room) {
			room = room == 0 ? 16 : rc_size_mul(room, 2);
			work->targets = rc_realloc(work->targets, rc_size_mul(room, sizeof *work->targets));
		}
		target = &work->targets[work->target_count++];
		*target = (struct target){0};
		rc_record_copy(&target->record, &record);	/* all targets are needed together */
		target->table = rc_input_need_string(in, &target->record, "table");
		target->column = rc_input_need_string(in, &target->record, "column");
		rc_input_need_string(in, &target->record, "label");
	}
	rc_record_free(&record);
}

/* ---- results ---- */

static void
set_status(const struct assignment *work, struct target *target, const char *status)
{
	struct rc_record *record = &target->record;

	target->status = status;
	rc_record_set_text(record, "owner", work->owner_name);
	rc_record_set_json(record, "owner_id", work->owner_id_json, strlen(work->owner_id_json));
	rc_record_set_integer(record, "count", (long long)target->count);
	rc_record_set_text(record, "status", status);
}

/* Notes that TARGET is in a bad state; CONSTRAINT and ROWS (JSON) may be NULL. */
static void
set_error(struct assignment *work, struct target *target, const char *code, const char *message,
    const char *constraint, const char *rows)
{
	struct rc_buf error = {0};

	work->errors++;
	target->count = 0;
	set_status(work, target, "error");
	rc_json_open(&error);
	rc_json_add_text(&error, "code", code);
	rc_json_add_text(&error, "message", message);
	if (constraint != NULL)
		rc_json_add_text(&error, "constraint", constraint);
	if (rows != NULL)
		rc_json_add_value(&error, "rows", rows);
	rc_json_close(&error);
	rc_record_set_json(&target->record, "error", error.bytes, error.length);
	rc_buf_free(&error);
}

/* ---- looking ---- */

/* Finds the owner by the user's query; REFUSED, with the record written, where there is none. */
static enum outcome
find_owner(struct rc_db *db, struct assignment *work, struct rc_output *out, PGresult **failed)
{
	static const Oid types[] = { RC_DB_JSONB };
	struct rc_buf sql = {0}, parameter = {0}, message = {0};
	char *statement = rc_sql_read(work->owner_sql);
	const char *values[1];
	PGresult *result;
	int rows;

	rc_json_open(&parameter);
	rc_json_add_text(&parameter, "user", work->user);
	rc_json_close(&parameter);
	values[0] = rc_buf_text(&parameter);
	rc_buf_printf(&sql, "select to_jsonb(rc_owner)->'id', to_jsonb(rc_owner)->>'id', to_jsonb(rc_owner)->>'name'"
	    " from (\n%s\n) as rc_owner limit 2", statement);
	result = rc_db_exec(db, rc_buf_text(&sql), 1, types, values);
	if (rc_db_is_locked(result)) {
		*failed = result;
		free(statement);
		rc_buf_free(&sql);
		rc_buf_free(&parameter);
		return LOCKED;
	}
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		rc_db_die(db, result, work->owner_sql);
	rows = PQntuples(result);
	if (rows > 1)
		rc_die(RC_FATAL, "%s: more than one owner for '%s'", work->owner_sql, work->user);
	if (rows == 1 && (PQgetisnull(result, 0, 1) || PQgetisnull(result, 0, 2)))
		rc_die(RC_FATAL, "%s: must give the columns id and name, neither of them null", work->owner_sql);
	free(work->owner_id);
	free(work->owner_id_json);
	free(work->owner_name);
	work->owner_id_json = rows == 0 ? NULL : rc_strndup(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0));
	work->owner_id = rows == 0 ? NULL : rc_strndup(PQgetvalue(result, 0, 1), (size_t)PQgetlength(result, 0, 1));
	work->owner_name = rows == 0 ? NULL : rc_strndup(PQgetvalue(result, 0, 2), (size_t)PQgetlength(result, 0, 2));
	if (rows == 0) {
		struct rc_record answer = {0};
		struct rc_buf error = {0};

		rc_buf_printf(&message, "there is no user '%s'", work->user);
		rc_json_open(&error);
		rc_json_add_text(&error, "code", "no_owner");
		rc_json_add_bytes(&error, "message", message.bytes, message.length);
		rc_json_close(&error);
		rc_record_clear(&answer);
		rc_record_set_text(&answer, "user", work->user);
		rc_record_set_text(&answer, "status", "error");
		rc_record_set_json(&answer, "error", error.bytes, error.length);
		rc_output_put(out, &answer);
		rc_record_free(&answer);
		rc_buf_free(&error);
	}
	PQclear(result);
	free(statement);
	rc_buf_free(&sql);
	rc_buf_free(&parameter);
	rc_buf_free(&message);
	return rows == 1 ? FINISHED : REFUSED;
}

/* The parameters of a target's statements: the owner's id, then the scopes' values. */
static int
parameters(const struct assignment *work, const char **values)
{
	int count = 0;

	values[count++] = work->owner_id;
	for (int i = 0; i < work->scope_count; i++)
		if (work->scopes[i].value != NULL)
			values[count++] = work->scopes[i].value;
	return count;
}

/* The column's type in the table that search_path finds; false where it is not there.  TYPE may be NULL. */
static bool
find_column(struct rc_db *db, const char *table, const char *column, char **type)
{
	static const char sql[] =
	    "select format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid"
	    " where c.relname = $1 and c.relkind in ('r', 'p') and pg_table_is_visible(c.oid)"
	    " and a.attname = $2 and a.attnum > 0 and not a.attisdropped";
	const char *values[] = { table, column };
	PGresult *result = rc_db_query(db, table, sql, 2, values);
	bool found = PQntuples(result) == 1;

	if (found && type != NULL)
		*type = rc_strndup(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0));
	PQclear(result);
	return found;
}

static bool
table_exists(struct rc_db *db, const char *table)
{
	const char *values[] = { table };
	PGresult *result = rc_db_query(db, table, "select 1 from pg_class c where c.relname = $1"
	    " and c.relkind in ('r', 'p') and pg_table_is_visible(c.oid)", 1, values);
	bool found = PQntuples(result) == 1;

	PQclear(result);
	return found;
}

/* Makes the condition of the rows that would change; false where the target is not in all scopes. */
static bool
make_condition(struct rc_db *db, const struct assignment *work, struct target *target)
{
	struct rc_buf sql = {0};
	int number = 2;

	rc_db_add_identifier(db, &sql, target->column);
	rc_buf_add_text(&sql, " is null");
	for (int i = 0; i < work->scope_count; i++) {
		const struct scope *scope = &work->scopes[i];

		if (!find_column(db, target->table, scope->name, NULL)) {
			rc_buf_free(&sql);
			return false;
		}
		rc_buf_add_text(&sql, " and ");
		rc_db_add_identifier(db, &sql, scope->name);
		if (scope->value == NULL)
			rc_buf_add_text(&sql, " is null");
		else
			rc_buf_printf(&sql, " = $%d", number++);
	}
	target->rows = rc_buf_text(&sql);
	return true;
}

/* Says which part of a target is not there. */
static void
report_missing(struct rc_db *db, struct assignment *work, struct target *target)
{
	struct rc_buf message = {0};
	const char *code = table_exists(db, target->table) ? "no_column" : "no_table";

	if (strcmp(code, "no_column") == 0)
		rc_buf_printf(&message, "the table '%s' has no column '%s': has every migration run?",
		    target->table, target->column);
	else
		rc_buf_printf(&message, "there is no table '%s': is this the right database, and has every migration run?",
		    target->table);
	set_error(work, target, code, rc_buf_text(&message), NULL, NULL);
	rc_buf_free(&message);
}

/* Runs SQL on the target's rows; where a lock or a clash is in the way, RESULT says so. */
static enum outcome
run_on_rows(struct rc_db *db, const struct assignment *work, const struct target *target, const char *sql, PGresult **result)
{
	const char *values[SCOPES_MAX + 1], *sqlstate;
	int count = parameters(work, values);

	*result = rc_db_exec(db, sql, count, NULL, values);
	sqlstate = rc_db_sqlstate(*result);
	if (rc_db_is_locked(*result))
		return LOCKED;
	if (strcmp(sqlstate, "23505") == 0)
		return CLASHED;
	if (*sqlstate != '\0')
		rc_db_die(db, *result, target->table);
	return FINISHED;
}

/* Counts the target's rows, up to LIMIT. */
static enum outcome
count_rows(struct rc_db *db, const struct assignment *work, struct target *target, const char *limit, PGresult **result)
{
	struct rc_buf sql = {0};
	enum outcome outcome;

	rc_buf_add_text(&sql, "select count(*) from (select from ");
	rc_db_add_identifier(db, &sql, target->table);
	/* $1 must have a type even where the statement only counts. */
	rc_buf_printf(&sql, " where %s and $1::%s is not null limit %s) as rc_rows", target->rows, target->type, limit);
	outcome = run_on_rows(db, work, target, rc_buf_text(&sql), result);
	if (outcome == FINISHED) {
		target->count = strtoull(PQgetvalue(*result, 0, 0), NULL, 10);
		PQclear(*result);
	}
	rc_buf_free(&sql);
	return outcome;
}

/*
 * Looks at one target: its column, its scopes, whether it has rows to change.
 * A status is set where nothing is to be done.
 */
static enum outcome
look_at(struct rc_db *db, struct assignment *work, struct target *target, PGresult **failed)
{
	enum outcome outcome = FINISHED;

	free(target->type);	/* of an earlier try */
	free(target->rows);
	target->type = target->rows = NULL;
	target->status = NULL;
	target->count = 0;
	if (!find_column(db, target->table, target->column, &target->type))
		report_missing(db, work, target);
	else if (!make_condition(db, work, target))
		set_status(work, target, "out_of_scope");
	else if ((outcome = count_rows(db, work, target, "1", failed)) == FINISHED && target->count == 0)
		set_status(work, target, "unchanged");
	return outcome;
}

/* Looks at the rows of a target that has some: would two of them clash? */
static void
look_at_rows(struct rc_db *db, struct assignment *work, struct target *target)
{
	const char *values[SCOPES_MAX + 1];
	struct rc_change change = { .table = target->table, .column = target->column, .type = target->type,
	    .rows = target->rows, .values = values, .value_count = parameters(work, values) };
	struct rc_clash clash = {0};
	struct rc_buf message = {0};

	if (rc_clash_find(db, &change, &clash)) {
		rc_buf_printf(&message, "%s: two rows would have the same (%s) = %s, which %s forbids: %s", target->table,
		    clash.keys.bytes, clash.key.bytes, clash.index.bytes, clash.rows.bytes);
		set_error(work, target, "unique_clash", rc_buf_text(&message), clash.index.bytes, clash.rows.bytes);
	}
	rc_clash_free(&clash);
	rc_buf_free(&message);
}

/* ---- doing ---- */

static enum outcome
update_rows(struct rc_db *db, const struct assignment *work, struct target *target, PGresult **result)
{
	struct rc_buf sql = {0};
	enum outcome outcome;

	rc_buf_add_text(&sql, "update ");
	rc_db_add_identifier(db, &sql, target->table);
	rc_buf_add_text(&sql, " set ");
	rc_db_add_identifier(db, &sql, target->column);
	rc_buf_printf(&sql, " = $1::%s where %s", target->type, target->rows);
	outcome = run_on_rows(db, work, target, rc_buf_text(&sql), result);
	if (outcome == FINISHED) {
		target->count = strtoull(PQcmdTuples(*result), NULL, 10);
		PQclear(*result);
	}
	rc_buf_free(&sql);
	return outcome;
}

/* Looks at all targets; the number of those that have rows to change goes to WITH_ROWS. */
static enum outcome
look_at_all(struct rc_db *db, struct assignment *work, size_t *with_rows, PGresult **failed)
{
	enum outcome outcome;

	*with_rows = 0;
	for (size_t i = 0; i < work->target_count; i++) {
		if ((outcome = look_at(db, work, &work->targets[i], failed)) != FINISHED)
			return outcome;
		*with_rows += work->targets[i].status == NULL;
	}
	if (*with_rows == 0)
		return FINISHED;
	PQclear(rc_db_query(db, "settings", "set local enable_seqscan = on", 0, NULL));
	for (size_t i = 0; i < work->target_count; i++)
		if (work->targets[i].status == NULL)
			look_at_rows(db, work, &work->targets[i]);
	return FINISHED;
}

/* Changes the target's rows, or only counts them where that is wanted or another target is in a bad state. */
static enum outcome
change(struct rc_db *db, struct assignment *work, struct target *target, PGresult **failed)
{
	bool real = !work->dry_run && work->errors == 0;
	enum outcome outcome = real ? update_rows(db, work, target, failed)
	    : count_rows(db, work, target, "all", failed);

	if (outcome == FINISHED)
		set_status(work, target, target->count == 0 ? "unchanged" : real ? "assigned" : "would_assign");
	else
		work->in_the_way = target;
	return outcome;
}

/* A clash that only the server sees, such as one of two targets together: its words are the target's error. */
static void
report_clash(struct assignment *work, const PGresult *failed)
{
	const char *words = PQresultErrorField(failed, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(failed, PG_DIAG_MESSAGE_DETAIL);
	struct rc_buf message = {0};

	rc_buf_printf(&message, "%s: %s%s%s", work->in_the_way->table, words, detail == NULL ? "" : ": ",
	    detail == NULL ? "" : detail);
	for (size_t i = 0; i < work->target_count; i++)
		if (work->targets[i].status == NULL || strcmp(work->targets[i].status, "assigned") == 0)
			set_status(work, &work->targets[i], "would_assign");	/* it was rolled back */
	set_error(work, work->in_the_way, "unique_clash", rc_buf_text(&message),
	    PQresultErrorField(failed, PG_DIAG_CONSTRAINT_NAME), NULL);
	rc_buf_free(&message);
}

/*
 * One transaction; AGAIN where an earlier try was in vain.  FAILED gets the
 * result that stood in the way where it is LOCKED or CLASHED.
 */
static enum outcome
try_all(struct rc_db *db, struct assignment *work, struct rc_output *out, bool again, PGresult **failed)
{
	struct rc_buf begin = {0};
	enum outcome outcome;
	size_t with_rows = 0;

	work->errors = 0;
	/*
	 * Whether there are rows at all is asked of an index where there is one:
	 * after a large change the planner's statistics are old, and it would read
	 * the whole table.
	 */
	rc_buf_add_text(&begin, "set local enable_seqscan = off;");
	if (!work->dry_run)	/* another rc-owner-assign is waited for as long as it takes, and named after a second */
		rc_buf_printf(&begin, "set local lock_timeout = 0;"
		    "select pg_advisory_xact_lock(hashtext('rc-owner-assign'));"
		    "set local lock_timeout = %ld", db->lock_timeout);
	db->tell = !work->dry_run;
	db->watch = true;
	rc_db_begin(db, work->dry_run ? RC_DB_READ_ONLY : RC_DB_READ_WRITE, rc_buf_text(&begin));
	db->tell = false;
	db->watch = again;
	rc_buf_free(&begin);
	if ((outcome = find_owner(db, work, out, failed)) == FINISHED)
		outcome = look_at_all(db, work, &with_rows, failed);
	for (size_t i = 0; i < work->target_count && outcome == FINISHED; i++)
		if (work->targets[i].status == NULL)
			outcome = change(db, work, &work->targets[i], failed);
	if (outcome != FINISHED || work->errors > 0 || work->dry_run || with_rows == 0) {
		rc_db_rollback(db);
		return outcome == FINISHED && work->errors > 0 ? REFUSED : outcome;
	}
	/* Django's foreign keys are deferred: here they can still be reported, at COMMIT the cause would be lost. */
	*failed = rc_db_settle(db);
	if (rc_db_is_locked(*failed)) {
		rc_db_rollback(db);
		return LOCKED;
	}
	if (*rc_db_sqlstate(*failed) != '\0')
		rc_db_die(db, *failed, "foreign keys");
	PQclear(*failed);
	if (!rc_db_commit(db))
		rc_die(RC_RETRY, RC_DB_UNKNOWN);
	return FINISHED;
}

int
main(int argc, char *argv[])
{
	struct assignment work = {0};
	bool require_end = false;
	long lock_timeout = RC_DB_LOCK_TIMEOUT;
	enum outcome outcome;
	PGresult *failed = NULL;
	struct rc_db db;
	struct rc_input in;
	struct rc_output out;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_USER: work.user = optarg; break;
		case OPT_OWNER_SQL: work.owner_sql = optarg; break;
		case OPT_DRY_RUN: work.dry_run = true; break;
		case OPT_SCOPE: add_scope(&work, optarg); break;
		case OPT_LOCK_TIMEOUT: lock_timeout = rc_opt_duration("lock-timeout", optarg); break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	if (work.user == NULL || work.owner_sql == NULL)
		rc_usage("--user and --owner-sql are needed");
	if (!rc_utf8_valid(work.user, strlen(work.user)))
		rc_die(RC_FATAL, "the user's name is not UTF-8");
	rc_input_open(&in, argc - optind, argv + optind);
	if (require_end)
		in.digest = rc_digest_new();
	read_targets(&work, &in);
	if (require_end)
		rc_input_require_end(&in);
	rc_db_open(&db);
	db.lock_timeout = lock_timeout;
	rc_output_open(&out, NULL);

	/* A lock may be released, a clash come from a row inserted meanwhile: look again. */
	for (int tries = 1;; tries++) {
		outcome = try_all(&db, &work, &out, tries > 1, &failed);
		if (outcome == FINISHED || outcome == REFUSED)
			break;
		if (tries == RC_DB_LOCK_TRIES && outcome == LOCKED)
			rc_db_die(&db, failed, "nothing was changed");
		if (tries == RC_DB_LOCK_TRIES) {
			report_clash(&work, failed);
			outcome = REFUSED;
		}
		PQclear(failed);
		if (outcome == REFUSED)
			break;
	}
	rc_db_close(&db);

	for (size_t i = 0; i < work.target_count; i++) {
		if (work.owner_id != NULL)
			rc_output_put(&out, &work.targets[i].record);
		free(work.targets[i].type);
		free(work.targets[i].rows);
		rc_record_free(&work.targets[i].record);
	}
	rc_output_pass_end(&out, &in);
	free(work.targets);
	free(work.owner_id);
	free(work.owner_id_json);
	free(work.owner_name);
	rc_arena_free(&work.arena);
	out.answer = outcome == REFUSED ? RC_NO : RC_OK;
	return rc_finish(&in, &out);
}

#include "rc_transaction.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_json_write.h"
#include "rc_schema.h"
#include "rc_signal.h"

/* ---- the begin ---- */

/* A script, and where in it the wishes stand. */
struct script {
	struct rc_buf sql;
	struct rc_wishes wishes;
};

static void
add_needed(struct script *script, const char *sql)
{
	rc_buf_printf(&script->sql, "%s;", sql);
	script->wishes.before++;
}

static void
add_settings(struct rc_session *session, struct script *script)
{
	add_needed(script, "set local timezone = 'UTC'");
	add_needed(script, "set local standard_conforming_strings = on");
	rc_buf_printf(&script->sql, "set local lock_timeout = %ld;", session->lock_timeout);
	script->wishes.before++;
	if (rc_schema_add(&script->sql, session->connection.libpq, "set local"))
		add_needed(script, "");
}

/* Runs the script; where it ended at a wish, notes that it is refused and is false. */
static bool
run_script(struct rc_session *session, const struct script *script)
{
	static const char what[] = "cannot begin a transaction";
	struct rc_answer answer = {0};
	bool begun;

	rc_session_run_script(session, what, script->sql.bytes, &answer);
	begun = rc_result_is_good(answer.result);
	if (begun) {
		if (PQntuples(answer.result) != 1 || PQnfields(answer.result) != 1)
			rc_session_misled(what);
		session->pooled = atoi(PQgetvalue(answer.result, 0, 0)) != PQbackendPID(session->connection.libpq);
	} else if (!rc_wishes_refuse(&script->wishes, &answer, &session->refused)) {
		rc_session_die(session, answer.result, what);
	}
	PQclear(answer.result);
	return begun;
}

void
rc_transaction_begin(struct rc_session *session, const struct rc_transaction *transaction)
{
	bool begun, again = false;

	session->settled = false;
	session->mark = (struct rc_fate_mark){0};
	session->read_only = transaction->read_only;
	do {
		struct script script = {0};

		if (again)
			add_needed(&script, "rollback");
		add_needed(&script, !transaction->read_only ? "begin isolation level read committed read write" :
		    transaction->many_moments ? "begin isolation level read committed read only" : "begin isolation level repeatable read read only");
		add_settings(session, &script);
		if (!transaction->visible_rows)	/* as pg_dump has it: an answer about all rows must not come from some */
			add_needed(&script, "set local row_security = off");
		rc_wishes_add(&script.wishes, &script.sql, "set local", PQserverVersion(session->connection.libpq), transaction->patience,
		    session->refused);
		if (transaction->first != NULL)
			rc_buf_printf(&script.sql, "%s;", transaction->first);
		rc_buf_add_text(&script.sql, "select pg_catalog.pg_backend_pid()");
		rc_buf_text(&script.sql);
		begun = run_script(session, &script);
		again = true;
		rc_buf_free(&script.sql);
	} while (!begun);
}

/* ---- the end ---- */

PGresult *
rc_transaction_settle(struct rc_session *session)
{
	struct rc_answer answer = {0};
	const char *number;

	rc_session_run_script(session, NULL, "set constraints all immediate;" RC_FATE_MARK_SQL, &answer);
	if (!rc_result_is_good(answer.result))
		return answer.result;
	number = rc_result_text(answer.result, 0, 0);
	if (PQntuples(answer.result) != 1 || PQnfields(answer.result) != 2 || strspn(number, "0123456789") != strlen(number))
		rc_session_misled("deferred constraints");
	snprintf(session->mark.transaction, sizeof session->mark.transaction, "%s", number);
	snprintf(session->mark.timeline, sizeof session->mark.timeline, "%s", rc_result_text(answer.result, 0, 1));
	session->settled = true;
	PQclear(answer.result);
	return NULL;
}

#define BROKEN "the connection broke during COMMIT"
#define UNCLEAR "the server's answer to COMMIT is not clear"
#define UNKNOWN ", and whether it took place is not known: look before you run it again"

const char *
rc_transaction_unknown(const struct rc_session *session)
{
	return session->unclear ? UNCLEAR UNKNOWN : BROKEN UNKNOWN;
}

void
rc_transaction_tell_unknown(const struct rc_session *session, struct rc_output *output)
{
	const char *unknown = rc_transaction_unknown(session);
	struct rc_buf line = {0};

	rc_warn("%s", unknown);
	rc_output_take_back(output);
	rc_json_open_refusal(&line, "commit_unknown", unknown);
	rc_json_close(&line);
	rc_output_line(output, line.bytes, line.length);
	rc_buf_free(&line);
	output->answer = RC_RETRY;
}

/* A failure from here on: 111 alone would be taken for "nothing happened". */
static void
tell_committed(int code)
{
	if (code >= RC_FATAL)
		rc_warn("the changes were committed before that");
}

enum verdict { COMMITTED, ABORTED, NOT_CLEAR, NO_ANSWER };

/* What the answer to COMMIT says. */
static enum verdict
judge(enum rc_progress progress, const struct rc_answer *answer)
{
	const char *sqlstate = rc_result_sqlstate(answer->result);
	const char *status = rc_result_is_good(answer->result) ? PQcmdStatus(answer->result) : "";

	if (progress != RC_READY || strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0)
		return NO_ANSWER;
	if (strcmp(status, "COMMIT") == 0)
		return COMMITTED;
	/* 40003 is "statement completion unknown"; an error after a COMMIT that was good is beyond all rules. */
	if (strcmp(status, "ROLLBACK") == 0 || (*sqlstate != '\0' && answer->good == 0 && strcmp(sqlstate, "40003") != 0))
		return ABORTED;
	return NOT_CLEAR;
}

/* Asks what became of a COMMIT that has no clear answer; false where that is not known. */
static bool
resolve(struct rc_session *session)
{
	const char *cause = session->unclear ? UNCLEAR : BROKEN;

	if (!session->settled)
		return false;
	if (*session->mark.transaction == '\0')
		return true;	/* it had changed nothing */
	switch (rc_fate_ask(&session->settings, &session->mark)) {
	case RC_FATE_COMMITTED:
		rc_warn("%s; the server says that it took place", cause);
		return true;
	case RC_FATE_ABORTED:
		rc_die(RC_RETRY, "%s; the server says that nothing was changed", cause);
	case RC_FATE_UNKNOWN:
		break;
	}
	return false;
}

bool
rc_transaction_commit(struct rc_session *session)
{
	static bool told;	/* a long piece of work commits part by part */
	struct rc_answer answer = {0};
	enum verdict verdict;
	bool known = true;

	rc_signal_hold();
	signal(SIGPIPE, SIG_IGN);	/* a reader that is gone is a failure to tell, too */
	verdict = judge(rc_session_try_script(session, "commit", &answer), &answer);
	if (verdict == ABORTED && !rc_result_is_good(answer.result))
		rc_session_die(session, answer.result, "cannot commit, nothing was changed");
	if (verdict == ABORTED)
		rc_die(RC_FATAL, "the server answered COMMIT with %s, nothing was changed", PQcmdStatus(answer.result));
	PQclear(answer.result);
	session->unclear = verdict == NOT_CLEAR;
	if (verdict != COMMITTED)
		known = resolve(session);
	if (known && !told && !session->tells_commits && (!session->settled || *session->mark.transaction != '\0')) {
		rc_at_exit(tell_committed);
		told = true;
	}
	return known;
}

void
rc_transaction_rollback(struct rc_session *session)
{
	static const char what[] = "cannot roll back";
	struct rc_answer answer = {0};

	rc_session_run_script(session, what, "rollback", &answer);
	if (!rc_result_is_good(answer.result))
		rc_session_die(session, answer.result, what);
	PQclear(answer.result);
}

PGresult *
rc_transaction_retry(struct rc_session *session, const char *what,
    PGresult *(*attempt)(struct rc_session *session, void *context), void *context)
{
	PGresult *failed = NULL;

	for (int tries = 1; tries <= RC_LOCK_TRIES; tries++) {
		PQclear(failed);
		if (tries == 2)
			session->find_blocker = true;
		if ((failed = attempt(session, context)) == NULL)
			return NULL;
	}
	if (rc_result_is_locked(failed))
		rc_session_die(session, failed, what);
	return failed;
}

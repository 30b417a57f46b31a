#include "rc_apply_batches.h"

#include <string.h>

#include "rc_digest.h"
#include "rc_err.h"

enum { NAME_DIGITS = 16 };	/* of the first record's digest */

/* ---- the begin ---- */

/* A fault in the statement is found before a record is read. */
static void
prepare(struct rc_apply_batches *work)
{
	struct rc_session *session = work->steps->session;

	session->tells_commits = true;
	rc_transaction_begin(session, work->transaction);
	rc_steps_prepare(work->steps, &work->statement, work->file, false);
	rc_transaction_rollback(session);
	work->steps->blame = work->in;
}

/* Reads one more, without its local fields. */
static bool
read_record(struct rc_apply_batches *work)
{
	work->has_record = rc_input_next(work->in, &work->record);
	if (work->has_record)
		rc_sent_strip(work->sent, &work->record);
	return work->has_record;
}

/* The same call has the same file, from wherever it is called, and the same first record. */
static void
make_name(struct rc_apply_batches *work)
{
	const char *slash = strrchr(work->file, '/');
	struct rc_digest *digest = rc_digest_new();
	char hex[RC_DIGEST_HEX + 1];
	struct rc_buf text = {0};

	rc_sent_write(work->sent, &work->record, &text);
	digest->add(digest, text.bytes, text.length);
	digest->finish(digest, hex);
	digest->free(digest);
	rc_buf_wipe(&text);
	rc_buf_printf(&work->made_name, "%s %.*s", slash != NULL ? slash + 1 : work->file, NAME_DIGITS, hex);
	work->name = rc_buf_text(&work->made_name);
}

/* Finds where an earlier run of this call has ended, and reads up to there. */
static void
go_on(struct rc_apply_batches *work)
{
	struct rc_resume *resume = &work->resume;
	struct rc_buf text = {0};

	if (!read_record(work) && work->name == NULL)
		return;
	if (work->name == NULL)
		make_name(work);
	*resume = (struct rc_resume){ .session = work->steps->session, .name = work->name };
	rc_resume_find(resume);
	if (resume->records == 0)
		return;
	while (rc_resume_skip(resume, work->in, &work->record))
		;
	rc_sent_strip(work->sent, &work->record);
	rc_sent_write(work->sent, &work->record, &text);
	rc_resume_check(resume, work->in, text.bytes, text.length);
	rc_buf_wipe(&text);
	work->has_record = false;
	rc_warn("goes on behind record %llu, up to which an earlier run of '%s' has committed", resume->records, resume->name);
}

/* ---- a batch ---- */

/* Takes records for the next batch, of which there may be none. */
static bool
fill(struct rc_apply_batches *work)
{
	rc_batch_clear(&work->batch);
	while (work->batch.count < work->pace.size && (work->has_record || read_record(work))) {
		if (!rc_batch_add(&work->batch, work->sent, &work->record))
			break;
		work->has_record = false;
	}
	if (work->require_end && work->batch.count < work->pace.size && !work->has_record && !work->in->whole)
		rc_die(RC_FATAL, "%s: cut short: no end record after %llu records", work->in->name, work->in->records);
	return work->batch.count > 0;
}

/* The transaction is over for its statement: whether it was committed. */
static bool
commit(struct rc_apply_batches *work)
{
	struct rc_steps *steps = work->steps;
	PGresult *failed;

	if (steps->refusals.records > 0) {
		rc_transaction_rollback(steps->session);
		rc_spool_write(&steps->refusals, work->out);
		work->out->answer = RC_NO;
		return false;
	}
	if ((failed = rc_transaction_settle(steps->session)) != NULL)
		rc_session_die(steps->session, failed, "deferred constraints, this batch was rolled back");
	if (rc_transaction_commit(steps->session))
		return true;
	rc_transaction_tell_unknown(steps->session, work->out);
	return false;
}

static bool
run(struct rc_apply_batches *work)
{
	struct rc_steps *steps = work->steps;
	unsigned long long rows = steps->rows;
	size_t length;
	const char *last = rc_batch_last(&work->batch, &length);

	rc_transaction_begin(steps->session, work->transaction);
	rc_resume_keep(&work->resume, work->in->records - work->has_record, last, length);	/* first: another run waits here */
	rc_steps_keep(steps, &work->statement, rc_batch_close(&work->batch));
	if (!commit(work))
		return false;
	rc_spool_write(&steps->results, work->out);
	rc_output_flush(work->out);
	rc_spool_free(&steps->results);
	rc_pace_done(&work->pace, (unsigned long long)work->batch.count, steps->rows - rows);
	return true;
}

void
rc_apply_batches(struct rc_apply_batches *work)
{
	bool good = true;

	prepare(work);
	rc_pace_start(&work->pace, work->steps->session);
	go_on(work);
	while (good && fill(work)) {
		rc_pace_wait(&work->pace);
		good = run(work);
	}
	if (good) {
		rc_output_pass_end(work->out, work->in);
		rc_output_flush(work->out);
		rc_resume_forget(&work->resume);
		rc_pace_end(&work->pace);
	}
	rc_statement_free(&work->statement);
	rc_batch_free(&work->batch);
	rc_arena_wipe(&work->record.arena);
	rc_record_free(&work->record);
}

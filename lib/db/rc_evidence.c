#include "rc_evidence.h"

#include "rc_opt.h"
#include "rc_pending.h"

bool
rc_evidence_is_wanted(const struct rc_evidence *evidence)
{
	return evidence->undo.path != NULL || evidence->plan.write != NULL || evidence->plan.apply != NULL;
}

void
rc_evidence_check(const struct rc_evidence *evidence, bool dry_run)
{
	bool undo = evidence->undo.path != NULL, plan = evidence->plan.write != NULL, apply = evidence->plan.apply != NULL;

	if (plan && apply)
		rc_usage("--plan and --apply exclude one another");
	if (evidence->plan.rows_alone && !plan)
		rc_usage("--rows-alone goes with --plan");
	if (undo && (dry_run || plan))
		rc_usage("--undo-log and --%s exclude one another", plan ? "plan" : "dry-run");
	if (apply && dry_run)
		rc_usage("--apply and --dry-run exclude one another");
}

static void
check_tables(const struct rc_evidence *evidence)
{
	bool undo = evidence->undo.path != NULL, plan = evidence->plan.write != NULL, apply = evidence->plan.apply != NULL;

	if (apply && evidence->capture.count > 0)
		rc_usage("--apply watches the tables of the plan, so it does not go with --watch");
	if ((undo || plan) && !apply && evidence->capture.count == 0)
		rc_usage("--%s needs --watch for each table whose rows are changed", plan ? "plan" : "undo-log");
	if (!undo && !plan && evidence->capture.count > 0)
		rc_usage("--watch is for --undo-log and --plan");
}

void
rc_evidence_open(struct rc_evidence *evidence, bool dry_run)
{
	rc_evidence_check(evidence, dry_run);
	check_tables(evidence);
	rc_plan_open(&evidence->plan, &evidence->capture);
	rc_undo_log_open(&evidence->undo);
}

void
rc_evidence_begin(struct rc_evidence *evidence, struct rc_session *session)
{
	if (!rc_evidence_is_wanted(evidence))
		return;
	rc_identity_read(session, &evidence->identity);
	rc_capture_begin(&evidence->capture, session);
	rc_plan_check(&evidence->plan, &evidence->identity);
}

void
rc_evidence_write(struct rc_evidence *evidence, struct rc_spool *refusals)
{
	if (!rc_evidence_is_wanted(evidence))
		return;
	rc_capture_end(&evidence->capture);
	rc_plan_end(&evidence->plan, &evidence->capture, &evidence->identity, refusals);
	if (refusals == NULL || refusals->records == 0)
		rc_undo_log_write(&evidence->undo, &evidence->capture, &evidence->identity);
}

void
rc_evidence_keep(struct rc_evidence *evidence)
{
	if (rc_evidence_is_wanted(evidence))
		rc_pending_keep();
}

void
rc_evidence_free(struct rc_evidence *evidence)
{
	rc_capture_free(&evidence->capture);
	rc_identity_free(&evidence->identity);
	rc_plan_free(&evidence->plan);
}

#include "rc_undo_log.h"

#include "rc_digest.h"
#include "rc_json_write.h"
#include "rc_log_head.h"
#include "rc_pending.h"

void
rc_undo_log_open(struct rc_undo_log *log)
{
	if (log->path == NULL)
		return;
	rc_output_create(&log->out, log->path, 0600);
	log->out.digest = rc_digest_new();
}

void
rc_undo_log_write(struct rc_undo_log *log, struct rc_capture *capture, const struct rc_identity *identity)
{
	struct rc_buf line = {0};

	if (log->path == NULL)
		return;
	rc_log_head_begin(&line, "undo-log", capture, identity);
	rc_json_close(&line);
	rc_output_line(&log->out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_capture_write(capture, RC_CAPTURE_ROWS, &log->out);
	rc_output_end_record(&log->out);
	rc_pending_add(log->path);	/* first, or a signal could leave the log of a change that did not take place */
	rc_output_keep(&log->out);
}

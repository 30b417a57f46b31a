/*
 * rc_log_head - the first record of an undo log or a plan
 *
 *   {"v":1,"kind","run_id","tool","time","database","database_oid","system_identifier","timeline","tables":[...]}
 *
 * and what else the caller adds.
 */
#ifndef RC_LOG_HEAD_H
#define RC_LOG_HEAD_H

#include <stddef.h>

#include "rc_capture.h"
#include "rc_identity.h"
#include "rc_input.h"
#include "rc_str.h"

/* Opens the object and adds these fields. */
void rc_log_head_begin(struct rc_buf *line, const char *kind, const struct rc_capture *capture, const struct rc_identity *identity);

/* One that was read; {0} before, rc_log_head_free() after. */
struct rc_log_head {
	struct rc_record record;
	const char *tables[RC_CAPTURE_TABLES_MAX];	/* as SQL */
	size_t table_count;
	struct rc_arena arena;
};

/* Reads it as the first record of IN, or ends the process where it is none of that kind. */
void rc_log_head_read(struct rc_log_head *head, struct rc_input *in, const char *kind);
void rc_log_head_free(struct rc_log_head *head);

#endif

/*
 * rc_restore - takes back what an undo log tells, as far as the rows are still as it left them
 *
 * Of the entries for one key the first `before` and the last `after` count.
 * What was changed last is taken back first, as far as foreign keys allow that, each table's insertions, updates
 * and deletions by one statement; a row that differs from `after` by then, to
 * the last moment, is left alone.  All in the transaction that is open.
 */
#ifndef RC_RESTORE_H
#define RC_RESTORE_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_copy_in.h"
#include "rc_session.h"
#include "rc_table.h"

struct rc_restore {
	struct rc_session *session;
	struct rc_restore_table { const char *name; struct rc_table table; } *tables;
	size_t count;
	struct rc_copy_in copy;
	unsigned long long rows;
};

/* JSON texts; a NULL is null. */
struct rc_restore_text {
	const char *bytes;
	size_t length;
};

/* Begins with the log's tables, whose NAMES must outlive it; ends the process where there is one no more. */
void rc_restore_begin(struct rc_restore *restore, struct rc_session *session, const char *const *names, size_t count);

/* The index of a table of that name, or -1. */
int rc_restore_find(const struct rc_restore *restore, const char *name);

/* One entry of the log, in its order. */
void rc_restore_add(struct rc_restore *restore, long long step, int table, const struct rc_restore_text *key,
    const struct rc_restore_text *before, const struct rc_restore_text *after);

/* After the last: takes back what can be. */
void rc_restore_run(struct rc_restore *restore);

/*
 * Gives for each row an object that is not closed yet, {"table","key", and the status: restored; unchanged
 * (it was as before already); changed, missing (it is no more what the log left, or gone); differs (a
 * trigger, a rule or a policy made it something else than it was before).
 */
void rc_restore_report(struct rc_restore *restore, void (*take)(void *context, const char *line, size_t length, const char *status), void *context);

void rc_restore_free(struct rc_restore *restore);

#endif

/*
 * rc_event - the run id, and the trace that every process leaves
 *
 * One JSON line in one write(2) for each event, appended to the events file:
 * $RC_EVENTS, else $XDG_STATE_HOME/rc/events.ndjson, else
 * ~/.local/state/rc/events.ndjson.  An empty RC_EVENTS switches it off; a file
 * that can't be written is passed over in silence, for a trace must not stop
 * the work it traces.  LOG_LEVEL (debug, info, warning, error) filters.
 * At 10 MB a file of our own place becomes events.ndjson.old, instead of the
 * one that was that before; a file that RC_EVENTS names is its user's to rotate.
 *
 *   {"v":1,"time","run_id","parent","tool","pid","event","message","exit","counts"}
 *
 * `parent` is the pid of the rc command that started this one, or null.
 */
#ifndef RC_EVENT_H
#define RC_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

enum { RC_RUN_ID_LENGTH = 36 };

/*
 * The run id: RC_RUN_ID where it holds a UUID, else a new UUIDv7 (RFC 9562),
 * put into the environment for the processes that this one starts.
 */
const char *rc_run_id(void);

/* Whether the text can be one: a UUID, in lower case. */
bool rc_run_id_is_one(const char *text);

/* The run's start; from here on rc_warn() and rc_die() are events too, and the end is one. */
void rc_event_start(void);

/* Adds the path of the events file, ended by a NUL; false where there is none. */
bool rc_event_path(struct rc_buf *path);

/* The counts that the final event will tell, as a JSON object's text; copied. */
void rc_event_set_counts(const char *json);

/* Appends one event, in any thread; of another program where rc-event does.  EXIT_CODE -1 is null, COUNTS NULL is null. */
void rc_event_append(const char *tool, long pid, const char *event, const char *message, int exit_code, const char *counts);

#endif

/*
 * rc_feed - a command that is run once, with records for its standard input
 *
 * What it writes passes on to an output of ours.  It is a process group of its
 * own and ends with us (rc_coprocess.h).
 */
#ifndef RC_FEED_H
#define RC_FEED_H

#include <stdbool.h>

#include "rc_output.h"
#include "rc_str.h"

enum rc_fed {
	RC_FED_DONE,	/* it has ended with 0 */
	RC_FED_RETRY,	/* with 111, or by a signal that is not ours: the same may pass later */
	RC_FED_FAILED,	/* with another code, or it took too long */
	RC_FED_ENDED,	/* we were told to end it */
};

/*
 * Runs COMMAND with RECORDS, which are empty then.  LIMIT is in milliseconds, 0
 * for none.  Where the descriptor SIGNALS is readable, TOLD is called, and true
 * ends the command.  WORDS tell how it ended.
 */
enum rc_fed rc_feed(char *const command[], struct rc_buf *records, struct rc_output *output, long limit,
    int signals, bool (*told)(void), struct rc_buf *words);

#endif

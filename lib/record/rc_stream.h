/*
 * rc_stream - records in, records out
 *
 * A record is one JSON object on one line, in UTF-8, ended by a newline.  What
 * a filter does not change passes through byte for byte, but for a byte order
 * mark at the start of a file, which is passed over.  The last record of a
 * whole stream may be the end record, {"rc_end":{"v":1,"records":N,"sha256":HEX}}
 * (the two last where the source knew them): the reader takes it out, checks
 * it, and rc_input.whole tells that every file had one.
 *
 * All of it ends the process where a stream can't be read, written or
 * understood: RC_FATAL with file:line for bad input, RC_RETRY for a write.
 */
#ifndef RC_STREAM_H
#define RC_STREAM_H

#include "rc_input.h"
#include "rc_output.h"

/* Where the input had an end record and has been read to its end, writes one. */
void rc_output_pass_end(struct rc_output *output, const struct rc_input *input);

/* Writes out what waits in OUTPUT and clears both buffers, where they held secrets; before rc_finish(). */
void rc_stream_wipe(struct rc_input *input, struct rc_output *output);

/*
 * The end of a main(): flushes and closes the output, notes the counts for the
 * events, runs the exit hooks, and gives the exit code: OUTPUT's answer, RC_OK
 * unless the filter set it to RC_NO.  INPUT may be NULL.
 */
int rc_finish(struct rc_input *input, struct rc_output *output);

#endif

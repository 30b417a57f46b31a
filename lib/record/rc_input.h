/*
 * rc_input - records in
 *
 * The reader takes the end record out of the stream, checks it, and
 * rc_input.whole tells that every file had one; see rc_stream.h.  It ends the
 * process where a stream can't be read or understood: RC_FATAL with file:line
 * for bad input.
 */
#ifndef RC_INPUT_H
#define RC_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_err.h"
#include "rc_record.h"
#include "rc_str.h"

/* A record's longest text in bytes; beyond it RC_FATAL. */
#define RC_RECORD_MAX ((size_t)1 << 30)

/* Watches the bytes of a stream go by (rc_digest.h); NULL where no one asked. */
struct rc_digest;

struct rc_input {
	char *const *files;	/* still to be opened */
	int file_count;
	int fd;
	const char *name;	/* of the file that is read, for messages */
	unsigned long line;	/* of the record that was read last */
	unsigned long long records;	/* read so far, the end record not counted */
	unsigned long long file_records;	/* the same of the current file */
	unsigned long long bytes;	/* read so far; the last of them may still wait in the buffer */
	bool ended;		/* the current file had its end record */
	bool whole;		/* all files that were read to their end had one */
	struct rc_digest *digest;
	struct rc_buf buffer;
	size_t start, scanned;	/* the next record; up to here there is no newline */
	bool at_end;		/* of the current file */
};

/* Reads the COUNT files one after another; none, or "-", is standard input. */
void rc_input_open(struct rc_input *input, int count, char *const files[]);

/*
 * The next record, or false at the end of the last file.  Before it waits for
 * more input it writes out every rc_output, so that a slow source's records
 * are seen at once.
 */
bool rc_input_next(struct rc_input *input, struct rc_record *record);

/*
 * Whether rc_input_next() would not wait: reads what can be had at once, and is
 * true where that holds a whole line or the end of the last file.  The record
 * before is no longer valid then.
 */
bool rc_input_ready(struct rc_input *input);

/* Ends the process with RC_FATAL and a message that names the file and line of the current record. */
_Noreturn void rc_input_fail(const struct rc_input *input, const char *format, ...) RC_PRINTF(2, 3);

/* Like rc_record_string() where the field must be there, hold a string, and no U+0000; else rc_input_fail(). */
const char *rc_input_need_string(const struct rc_input *input, struct rc_record *record, const char *name);

/* The same for a whole number of 0 or more. */
long rc_input_need_number(const struct rc_input *input, struct rc_record *record, const char *name);

/* For a sink's --require-end-record: RC_FATAL unless the stream was ended by one. */
void rc_input_require_end(const struct rc_input *input);

#endif

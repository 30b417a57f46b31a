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
	bool ended;		/* the current file had its end record */
	bool whole;		/* all files that were read to their end had one */
	struct rc_digest *digest;
	struct rc_buf buffer;
	size_t start, scanned;	/* the next record; up to here there is no newline */
	bool at_end;		/* of the current file */
};

struct rc_output {
	int fd;
	const char *name;
	unsigned long long records;
	struct rc_digest *digest;
	struct rc_buf buffer;
	size_t line;		/* where in the buffer the line begins that the digest does not have yet */
	struct rc_file *file;	/* where a file is replaced by it, else NULL */
	enum rc_exit answer;	/* what the program will end with */
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

/* For a sink's --require-end-record: RC_FATAL unless the stream was ended by one. */
void rc_input_require_end(const struct rc_input *input);

/* Writes to standard output, or with PATH not NULL to a file that is replaced as a whole by rc_finish(). */
void rc_output_open(struct rc_output *output, const char *path);
void rc_output_put(struct rc_output *output, const struct rc_record *record);

/* Writes one line that is a record's text already; it may come in parts, which need not stand in memory twice. */
void rc_output_line(struct rc_output *output, const char *line, size_t length);
void rc_output_part(struct rc_output *output, const char *bytes, size_t length);
void rc_output_end_line(struct rc_output *output);

/* Writes any text as it is; it is no record. */
void rc_output_text(struct rc_output *output, const char *text, size_t length);
void rc_output_flush(struct rc_output *output);

/*
 * A line that is written in place: room for MORE bytes behind buffer.length,
 * which the caller raises by what it used.  The line may be of any length, for
 * what waits is written out when it is much.  rc_output_end_line() ends it.
 */
char *rc_output_reserve(struct rc_output *output, size_t more);

/* Writes the end record, with the count of records and, where a digest was kept, the SHA-256 of all lines before it. */
void rc_output_end_record(struct rc_output *output);

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

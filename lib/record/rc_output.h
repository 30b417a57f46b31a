/*
 * rc_output - records out
 *
 * Lines wait in a buffer until it is full, the reader is about to wait, or the
 * process ends.  A failed write ends the process with RC_RETRY.
 */
#ifndef RC_OUTPUT_H
#define RC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rc_err.h"
#include "rc_record.h"
#include "rc_str.h"

/* Watches the bytes of a stream go by (rc_digest.h); NULL where no one asked. */
struct rc_digest;

struct rc_output {
	int fd;
	const char *name;
	unsigned long long records, bytes;	/* bytes: written out, without what waits in the buffer */
	struct rc_digest *digest;
	struct rc_buf buffer;
	size_t line;		/* where in the buffer the line begins that the digest does not have yet */
	struct rc_file *file;	/* where a file is replaced by it, else NULL */
	off_t begun;		/* so much of it the disk was told of (rc_writeback.h) */
	enum rc_exit answer;	/* what the program will end with */
};

/* Writes to standard output, or with PATH not NULL to a file that is replaced as a whole by rc_finish(). */
void rc_output_open(struct rc_output *output, const char *path);

/* The same to a new file of that mode, which must not exist; rc_output_keep() ends it, and what ends the process before that takes it away. */
void rc_output_create(struct rc_output *output, const char *path, unsigned mode);

/* One whose lines no one has but DIGEST, which sees them go by; rc_output_end_watch() ends it. */
void rc_output_watch(struct rc_output *output, struct rc_digest *digest);
void rc_output_end_watch(struct rc_output *output);

/* Writes out all of a file, which is on the disk and in its place then; the process ends where that fails. */
void rc_output_keep(struct rc_output *output);
void rc_output_put(struct rc_output *output, const struct rc_record *record);

/* Writes one line that is a record's text already; it may come in parts, which need not stand in memory twice. */
void rc_output_line(struct rc_output *output, const char *line, size_t length);
void rc_output_part(struct rc_output *output, const char *bytes, size_t length);
void rc_output_end_line(struct rc_output *output);

/* Writes COUNT lines, each a record's text and its newline. */
void rc_output_lines(struct rc_output *output, const char *lines, size_t length, size_t count);

/* Writes any text as it is; it is no record. */
void rc_output_text(struct rc_output *output, const char *text, size_t length);
void rc_output_flush(struct rc_output *output);

/* Where a file is replaced, takes back what was written to it, or ends the process with RC_RETRY; nothing happens to standard output. */
void rc_output_take_back(struct rc_output *output);

/*
 * A line that is written in place: room for MORE bytes behind buffer.length,
 * which the caller raises by what it used.  The line may be of any length, for
 * what waits is written out when it is much.  rc_output_end_line() ends it.
 */
char *rc_output_reserve(struct rc_output *output, size_t more);

/* Writes the end record, with the count of records and, where a digest was kept, the SHA-256 of all lines before it. */
void rc_output_end_record(struct rc_output *output);

/* Writes out what waits in all outputs that are open; whether any has something that waits. */
void rc_output_flush_all(void);
bool rc_output_waits(void);

/* After an output was closed, none is open any more. */
void rc_output_forget_all(void);

#endif

/*
 * rc_job - a job that is in hand, lists of such, and all of them by id
 *
 * A job stands in one list at a time.  It is made from a row and freed when its
 * verdict is in the table.
 */
#ifndef RC_JOB_H
#define RC_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rc_verdict {
	RC_VERDICT_NONE,
	RC_VERDICT_DONE,
	RC_VERDICT_RETRY,	/* counts an attempt; later again, or at the limit never */
	RC_VERDICT_FAILED,	/* counts an attempt; never again */
	RC_VERDICT_BACK,	/* was not tried, or that does not count: as if it had not been claimed */
};

struct rc_job {
	const char *id, *type;	/* as text, ended by a NUL */
	const char *line;	/* the record for the handler, with its newline */
	size_t line_length;
	int attempts;		/* before this one */
	long long moment;	/* of its claim (rc_job_queue.h) */
	bool alone;		/* a handler that had it died: its next one gets nothing beside it */
	bool held, orphan;	/* by a row lock of ours, at this place; one was lost */
	char place[24];
	bool doubtful;		/* its verdict may be in the table already: the answer to that was lost */
	long long given;	/* ms of rc_clock_ms(): when a handler got it, or before that when it was claimed */

	enum rc_verdict verdict;
	double after;		/* seconds until the next try; below 0: as the attempts say */
	char *error;		/* or NULL; freed with the job */

	struct rc_job *next, *previous, *chain;
	uint64_t hash;
};

struct rc_job_list {
	struct rc_job *first, *last;
	long count;
};

void rc_job_append(struct rc_job_list *list, struct rc_job *job);
void rc_job_prepend(struct rc_job_list *list, struct rc_job *job);
void rc_job_remove(struct rc_job_list *list, struct rc_job *job);
struct rc_job *rc_job_take_first(struct rc_job_list *list);	/* NULL where there is none */
void rc_job_move_all(struct rc_job_list *to, struct rc_job_list *from);

/* Sets the verdict and the error, which is copied, cut to RC_JOB_ERROR_MAX bytes (NULL: none). */
enum { RC_JOB_ERROR_MAX = 10000 };
void rc_job_judge(struct rc_job *job, enum rc_verdict verdict, const char *error);

/* Has a question mark in the error for each character that is not ASCII: not every database can hold them. */
void rc_job_plain_error(struct rc_job *job);

/* Cuts the error to so many characters. */
void rc_job_cut_error(struct rc_job *job, long most);

/* All jobs in hand. */
struct rc_job_index {
	struct rc_job **buckets;
	long count;
	size_t bytes;		/* of their records */
};

/* A column of the row that a claim gives, ended by a NUL. */
struct rc_job_text {
	const char *bytes;
	size_t length;
};

/* Makes a job that is in hand; the record has `id` as a number or, where it is not NUMERIC, as a string. */
struct rc_job *rc_job_new(struct rc_job_index *index, struct rc_job_text id, bool numeric, struct rc_job_text type,
    struct rc_job_text key, struct rc_job_text payload, int attempts);
void rc_job_free(struct rc_job_index *index, struct rc_job *job);

/* The job of that id, or NULL. */
struct rc_job *rc_job_find(const struct rc_job_index *index, const char *id, size_t length);

/* The earliest moment of the claims that jobs in hand are of, or NONE where there are none. */
long long rc_job_index_oldest(const struct rc_job_index *index, long long none);

/* The job after that one, in any order; NULL is before the first and behind the last. */
struct rc_job *rc_job_index_next(const struct rc_job_index *index, const struct rc_job *job);

/* Calls ADD(OUT, id) for each job in hand. */
struct rc_buf;
void rc_job_index_each(const struct rc_job_index *index, struct rc_buf *out, void (*add)(struct rc_buf *out, const char *id));

#endif

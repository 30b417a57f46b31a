/*
 * rc_job_answer - a round of a queue of jobs: what the server's answer means
 *
 * For rc_job_queue.c alone.
 */
#ifndef RC_JOB_ANSWER_H
#define RC_JOB_ANSWER_H

#include "rc_err.h"
#include "rc_job_queue.h"

/* Takes the next result of the round, and frees it. */
void rc_job_answer_take(struct rc_job_queue *queue, PGresult *result);

/* The round has ended; false where it failed and is to be tried again, or the end of the process where that is of no use. */
bool rc_job_answer_end(struct rc_job_queue *queue);

/* The verdicts that are not committed are with the caller again, DOUBTFUL where they may be after all. */
void rc_job_answer_give_up(struct rc_job_queue *queue, bool doubtful);

/* Notes the error of a result, unless there was one before; then tells it, or ends the process where the same will come again. */
void rc_job_answer_note_error(struct rc_job_queue *queue, const PGresult *result);
void rc_job_answer_judge(struct rc_job_queue *queue, const char *what);

/* RC_RETRY where a worker may try again after an error of this SQLSTATE, else RC_FATAL. */
enum rc_exit rc_job_answer_class(const char *sqlstate);

#endif

/*
 * rc_job_round - a round of a queue of jobs: what is sent
 *
 * For rc_job_queue.c alone.
 */
#ifndef RC_JOB_ROUND_H
#define RC_JOB_ROUND_H

#include "rc_job_queue.h"

/* The statements: their files, names and numbers of parameters. */
struct rc_job_kind {
	const char *file, *name;
	int parameters;
};
extern const struct rc_job_kind rc_job_kinds[RC_STATEMENTS];

/* Sends a round, as rc_job_queue_round() has it; false where the connection is gone. */
bool rc_job_round_send(struct rc_job_queue *queue, struct rc_job_list *list, long most, const char *except, bool close);

/* Whether nothing but a claim is due; sends the question whether there is a job for one. */
bool rc_job_round_may_look(const struct rc_job_queue *queue);
bool rc_job_round_look(struct rc_job_queue *queue, const char *except);

#endif

/*
 * rc_handler_copy - one running copy of a handler: its start, its verdicts, its faults and its end
 *
 * For rc_handlers.c alone.
 */
#ifndef RC_HANDLER_COPY_H
#define RC_HANDLER_COPY_H

#include "rc_err.h"
#include "rc_handlers.h"

/* Starts a copy that belongs to the handler; where that fails, but for want of room, the first job that waits pays for it, and NULL is given. */
struct rc_copy *rc_copy_start(struct rc_handlers *handlers, struct rc_handler *handler);

/* It gets no more jobs. */
void rc_copy_stop_using(struct rc_copy *copy);

/* Ends a copy for what it did wrong; rc_handlers_reap() sees its end. */
void rc_copy_end(struct rc_copy *copy, const char *format, ...) RC_PRINTF(2, 3);

/* The copy has ended and all that it wrote was read: judges the jobs that it still has, and frees it. */
void rc_copy_finish(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy);

/* Reads once, and takes the verdicts; whether there may be more. */
bool rc_copy_read(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy);

/* Writes, and ends the input where no more will come. */
void rc_copy_write(struct rc_copy *copy);

/* Takes a job from a copy with its verdict and error, which is copied. */
void rc_copy_answer(struct rc_handlers *handlers, struct rc_copy *copy, struct rc_job *job, enum rc_verdict verdict, const char *error);

/* What waits for a handler goes back to the table. */
void rc_handler_give_back(struct rc_handlers *handlers, struct rc_handler *handler);

#endif

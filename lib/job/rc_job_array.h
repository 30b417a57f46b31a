/*
 * rc_job_array - moments, and arrays of ids, as the text that the server reads
 */
#ifndef RC_JOB_ARRAY_H
#define RC_JOB_ARRAY_H

#include "rc_str.h"

/* Adds an element; an empty buffer is an array without any. */
void rc_job_array_add(struct rc_buf *array, const char *text);

/* The array is whole; its text belongs to the buffer. */
const char *rc_job_array_end(struct rc_buf *array);

/* A moment in microseconds since 1970. */
enum { RC_MOMENT_SIZE = 96 };
void rc_job_moment_text(long long moment, char text[RC_MOMENT_SIZE]);

#endif

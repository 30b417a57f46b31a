#include "rc_job.h"

#include <stdlib.h>
#include <string.h>

#include "rc_clock.h"
#include "rc_json_write.h"
#include "rc_mem.h"
#include "rc_utf8.h"

enum { BUCKETS = 8192 };	/* as many as are in hand at most, by and large */

/* ---- lists ---- */

void
rc_job_append(struct rc_job_list *list, struct rc_job *job)
{
	job->next = NULL;
	job->previous = list->last;
	if (list->last == NULL)
		list->first = job;
	else
		list->last->next = job;
	list->last = job;
	list->count++;
}

void
rc_job_prepend(struct rc_job_list *list, struct rc_job *job)
{
	job->previous = NULL;
	job->next = list->first;
	if (list->first == NULL)
		list->last = job;
	else
		list->first->previous = job;
	list->first = job;
	list->count++;
}

void
rc_job_remove(struct rc_job_list *list, struct rc_job *job)
{
	if (job->previous == NULL)
		list->first = job->next;
	else
		job->previous->next = job->next;
	if (job->next == NULL)
		list->last = job->previous;
	else
		job->next->previous = job->previous;
	job->next = job->previous = NULL;
	list->count--;
}

struct rc_job *
rc_job_take_first(struct rc_job_list *list)
{
	struct rc_job *job = list->first;

	if (job != NULL)
		rc_job_remove(list, job);
	return job;
}

void
rc_job_move_all(struct rc_job_list *to, struct rc_job_list *from)
{
	if (from->count == 0)
		return;
	from->first->previous = to->last;
	if (to->last == NULL)
		to->first = from->first;
	else
		to->last->next = from->first;
	to->last = from->last;
	to->count += from->count;
	*from = (struct rc_job_list){0};
}

void
rc_job_judge(struct rc_job *job, enum rc_verdict verdict, const char *error)
{
	size_t length = error == NULL ? 0 : strlen(error);

	if (length > RC_JOB_ERROR_MAX) {
		length = RC_JOB_ERROR_MAX;
		while (length > 0 && ((unsigned char)error[length] & 0xc0) == 0x80)
			length--;	/* not in the middle of a character */
	}
	job->verdict = verdict;
	free(job->error);
	job->error = error == NULL ? NULL : rc_strndup(error, length);
}

void
rc_job_plain_error(struct rc_job *job)
{
	char *to = job->error;

	for (const char *from = job->error; from != NULL && *from != '\0'; from++)
		if (((unsigned char)*from & 0xc0) != 0x80)
			*to++ = (unsigned char)*from < 0x80 ? *from : '?';
	if (to != NULL)
		*to = '\0';
}

void
rc_job_cut_error(struct rc_job *job, long most)
{
	char *end = job->error;

	for (; end != NULL && *end != '\0'; end++)
		if (((unsigned char)*end & 0xc0) != 0x80 && most-- == 0) {
			*end = '\0';
			return;
		}
}

/* ---- all of them ---- */

/* One piece of memory for the job and its texts. */
struct rc_job *
rc_job_new(struct rc_job_index *index, struct rc_job_text id, bool numeric, struct rc_job_text type,
    struct rc_job_text key, struct rc_job_text payload, int attempts)
{
	static struct rc_buf line;	/* kept from job to job, unless it got large */
	struct rc_job *job, **bucket;
	char *texts;

	line.length = 0;
	rc_buf_add_text(&line, "{\"id\":");
	if (numeric)
		rc_buf_add(&line, id.bytes, id.length);
	else
		rc_json_write_string(&line, id.bytes, id.length);
	rc_json_add_bytes(&line, "job_type", type.bytes, type.length);
	if (key.bytes != NULL)
		rc_json_add_bytes(&line, "dedup_key", key.bytes, key.length);
	rc_buf_add_text(&line, ",\"payload\":");
	rc_json_write_value(&line, payload.bytes, payload.length);
	rc_json_add_integer(&line, "attempts", attempts);
	rc_buf_add_text(&line, "}\n");

	job = rc_alloc(rc_size_add(sizeof *job + id.length + type.length + 2, line.length));
	*job = (struct rc_job){ .attempts = attempts, .after = -1, .given = rc_clock_ms(), .line_length = line.length };
	texts = (char *)(job + 1);
	job->line = memcpy(texts, line.bytes, line.length);
	job->id = memcpy(texts + line.length, id.bytes, id.length + 1);
	job->type = memcpy(texts + line.length + id.length + 1, type.bytes, type.length + 1);
	if (line.room > RC_WIPED_ROOM)
		rc_buf_free(&line);

	if (index->buckets == NULL) {
		index->buckets = rc_alloc(BUCKETS * sizeof *index->buckets);
		memset(index->buckets, 0, BUCKETS * sizeof *index->buckets);
	}
	job->hash = rc_str_hash(id.bytes, id.length);
	bucket = &index->buckets[job->hash % BUCKETS];
	job->chain = *bucket;
	*bucket = job;
	index->count++;
	index->bytes += job->line_length;
	return job;
}

void
rc_job_free(struct rc_job_index *index, struct rc_job *job)
{
	struct rc_job **link = &index->buckets[job->hash % BUCKETS];

	while (*link != job)
		link = &(*link)->chain;
	*link = job->chain;
	index->count--;
	index->bytes -= job->line_length;
	free(job->error);
	free(job);
}

struct rc_job *
rc_job_find(const struct rc_job_index *index, const char *id, size_t length)
{
	uint64_t hash = rc_str_hash(id, length);
	struct rc_job *job = index->buckets == NULL ? NULL : index->buckets[hash % BUCKETS];

	while (job != NULL && (job->hash != hash || strlen(job->id) != length || memcmp(job->id, id, length) != 0))
		job = job->chain;
	return job;
}

struct rc_job *
rc_job_index_next(const struct rc_job_index *index, const struct rc_job *job)
{
	uint64_t bucket = job == NULL ? 0 : job->hash % BUCKETS + 1;

	if (job != NULL && job->chain != NULL)
		return job->chain;
	for (; index->buckets != NULL && bucket < BUCKETS; bucket++)
		if (index->buckets[bucket] != NULL)
			return index->buckets[bucket];
	return NULL;
}

void
rc_job_index_each(const struct rc_job_index *index, struct rc_buf *out, void (*add)(struct rc_buf *out, const char *id))
{
	for (int i = 0; index->buckets != NULL && i < BUCKETS; i++)
		for (const struct rc_job *job = index->buckets[i]; job != NULL; job = job->chain)
			add(out, job->id);
}

long long
rc_job_index_oldest(const struct rc_job_index *index, long long none)
{
	for (int i = 0; index->buckets != NULL && i < BUCKETS; i++)
		for (const struct rc_job *job = index->buckets[i]; job != NULL; job = job->chain)
			if (job->moment < none)
				none = job->moment;
	return none;
}

#define _GNU_SOURCE	/* memmem(3) */
#include "rc_event_counts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_event.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_record.h"

enum { WORD_MAX = 50 };

/* The file of that path for reading, if it is a regular one; else NULL. */
static FILE *
open_events(const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *file = NULL;

	if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		file = fdopen(fd, "r");
	if (fd >= 0 && file == NULL)
		close(fd);
	return file;
}

void
rc_event_counts_begin(struct rc_event_counts *counts)
{
	struct rc_buf path = {0};
	struct stat status;

	if (rc_event_path(&path) && stat(path.bytes, &status) == 0) {
		counts->device = status.st_dev;
		counts->inode = status.st_ino;
		counts->size = status.st_size;
	}
	rc_buf_free(&path);
}

/* Whether it can be a label of Prometheus as it is. */
static bool
is_word(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", text[i]) == NULL || text[i] == '\0')
			return false;
	return length > 0 && length <= WORD_MAX;
}

static void
add(struct rc_event_counts *counts, const char *tool, const struct rc_json_field *field)
{
	char *end;
	long long value = strtoll(field->value, &end, 10);
	size_t at;

	/* A time is no count. */
	if (end != field->value + field->value_length || !is_word(field->name, field->name_length) ||
	    (field->name_length > 3 && memcmp(field->name + field->name_length - 3, "_ms", 3) == 0))
		return;
	for (at = 0; at < counts->length; at++)
		if (strcmp(counts->list[at].tool, tool) == 0 && strlen(counts->list[at].name) == field->name_length &&
		    memcmp(counts->list[at].name, field->name, field->name_length) == 0)
			break;
	if (at == RC_EVENT_COUNTS_MAX)
		return;
	if (at == counts->length) {
		counts->list[at].tool = rc_strndup(tool, strlen(tool));
		counts->list[at].name = rc_strndup(field->name, field->name_length);
		counts->length++;
	}
	if (__builtin_add_overflow(counts->list[at].sum, value, &counts->list[at].sum))
		counts->list[at].sum = value > 0 ? INT64_MAX : INT64_MIN;
}

static bool
is_value(const char *value, size_t length, const char *text)
{
	return value != NULL && strlen(text) == length && memcmp(value, text, length) == 0;
}

static void
take(struct rc_event_counts *counts, const char *line, size_t length)
{
	struct rc_record record = {0};
	struct rc_json_object numbers = {0};
	struct rc_json_error error;
	const char *run, *tool, *parent, *value, *ours = getenv("RC_PARENT");
	size_t parent_length, value_length;

	record.text = rc_json_pad(&record.arena, line, length);
	record.length = length;
	if (rc_json_read_object(&record.object, record.text, length, &record.arena, &error)) {
		run = rc_record_string(&record, "run_id", NULL);
		tool = rc_record_string(&record, "tool", NULL);
		parent = rc_record_value(&record, "parent", &parent_length);
		value = rc_record_value(&record, "counts", &value_length);
		if (run != NULL && strcmp(run, rc_run_id()) == 0 && is_value(parent, parent_length, ours == NULL ? "null" : ours) && tool != NULL &&
		    is_word(tool, strlen(tool)) && value != NULL && *value == '{' &&
		    rc_json_read_object(&numbers, value, value_length, &record.arena, &error))
			for (size_t i = 0; i < numbers.count; i++)
				add(counts, tool, &numbers.fields[i]);
	}
	rc_json_object_free(&numbers);
	rc_record_free(&record);
}

static void
read_from(struct rc_event_counts *counts, FILE *file, off_t at)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (fseeko(file, at, SEEK_SET) == 0)
		while ((length = getline(&line, &room, file)) > 0 && line[length - 1] == '\n')
			if (memmem(line, (size_t)length, rc_run_id(), RC_RUN_ID_LENGTH) != NULL)
				take(counts, line, (size_t)length - 1);
	free(line);
}

void
rc_event_counts_end(struct rc_event_counts *counts)
{
	struct rc_buf path = {0}, old = {0};
	struct stat status, before;
	FILE *file = NULL, *full = NULL;
	bool same = false;

	if (rc_event_path(&path) && (file = open_events(path.bytes, &status)) != NULL)
		same = status.st_dev == counts->device && status.st_ino == counts->inode && status.st_size >= counts->size;
	/* The file that was may have become the old one meanwhile. */
	if (path.length > 0 && counts->inode != 0 && !same) {
		rc_buf_printf(&old, "%s.old", path.bytes);
		if ((full = open_events(rc_buf_text(&old), &before)) != NULL && before.st_dev == counts->device && before.st_ino == counts->inode)
			read_from(counts, full, counts->size);
	}
	if (file != NULL) {
		read_from(counts, file, same ? counts->size : 0);
		fclose(file);
	}
	if (full != NULL)
		fclose(full);
	rc_buf_free(&path);
	rc_buf_free(&old);
}

/* Whether an earlier one is of the same tool. */
static bool
has_before(const struct rc_event_counts *counts, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(counts->list[i].tool, counts->list[at].tool) == 0)
			return true;
	return false;
}

void
rc_event_counts_json(const struct rc_event_counts *counts, struct rc_buf *text)
{
	rc_json_open(text);
	for (size_t i = 0; i < counts->length; i++) {
		struct rc_buf numbers = {0};

		if (has_before(counts, i))
			continue;
		rc_json_open(&numbers);
		for (size_t k = i; k < counts->length; k++)
			if (strcmp(counts->list[k].tool, counts->list[i].tool) == 0)
				rc_json_add_integer(&numbers, counts->list[k].name, counts->list[k].sum);
		rc_json_close(&numbers);
		rc_json_add_value(text, counts->list[i].tool, rc_buf_text(&numbers));
		rc_buf_free(&numbers);
	}
	rc_json_close(text);
}

void
rc_event_counts_metrics(const struct rc_event_counts *counts, const char *name, struct rc_buf *text)
{
	for (size_t i = 0; i < counts->length; i++)
		rc_buf_printf(text, "rc_run_records{name=\"%s\",tool=\"%s\",status=\"%s\"} %lld\n", name, counts->list[i].tool,
		    counts->list[i].name, counts->list[i].sum);
}

void
rc_event_counts_free(struct rc_event_counts *counts)
{
	for (size_t i = 0; i < counts->length; i++) {
		free(counts->list[i].tool);
		free(counts->list[i].name);
	}
	counts->length = 0;
}

#define _GNU_SOURCE	/* O_PATH */
#include "rc_run_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_digest.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_history.h"
#include "rc_input.h"
#include "rc_json.h"
#include "rc_record.h"
#include "rc_str.h"

static const char *
keep(struct rc_run_facts *facts, const char *text)
{
	return text == NULL ? NULL : rc_arena_copy(&facts->arena, text, strlen(text));
}

static const char *
text_of(struct rc_run_facts *facts, struct rc_record *record, const char *name)
{
	return keep(facts, rc_record_string(record, name, NULL));
}

/* The JSON of a value, or NULL where it is absent or null. */
static const char *
json_of(struct rc_run_facts *facts, struct rc_record *record, const char *name)
{
	size_t length;
	const char *value = rc_record_value(record, name, &length);

	if (value == NULL || rc_json_type(value) == RC_JSON_NULL)
		return NULL;
	return rc_json_pad(&facts->arena, value, length);	/* a NUL follows it */
}

/* ---- lines of our own files ---- */

/* Calls TAKE for each line of the file at PATH that is a record with that run id; one that is absent has none. */
static void
read_lines(struct rc_run_facts *facts, const char *path, void (*take)(struct rc_run_facts *facts, struct rc_record *record))
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (file == NULL) {
		if (errno == ENOENT)
			return;
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
	}
	while ((length = getline(&line, &room, file)) > 0) {
		struct rc_record record = {0};
		struct rc_json_error error;
		const char *id;

		if (memmem(line, (size_t)length, facts->id, strlen(facts->id)) == NULL)
			continue;
		record.length = (size_t)length - (line[length - 1] == '\n');
		record.text = rc_json_pad(&record.arena, line, record.length);
		if (rc_json_read_object(&record.object, record.text, record.length, &record.arena, &error) &&
		    (id = rc_record_string(&record, "run_id", NULL)) != NULL && strcmp(id, facts->id) == 0)
			take(facts, &record);
		rc_record_free(&record);
	}
	if (ferror(file))
		rc_die(rc_err_class(errno), "cannot read %s: %s", path, strerror(errno));
	free(line);
	fclose(file);
}

/* The old file of two, and then the one in use. */
static void
read_both(struct rc_run_facts *facts, const struct rc_buf *path, void (*take)(struct rc_run_facts *facts, struct rc_record *record))
{
	struct rc_buf old = {0};

	rc_buf_printf(&old, "%s.old", path->bytes);
	read_lines(facts, rc_buf_text(&old), take);
	read_lines(facts, path->bytes, take);
	rc_buf_free(&old);
}

static void
take_run(struct rc_run_facts *facts, struct rc_record *record)
{
	facts->name = text_of(facts, record, "name");
	facts->status = text_of(facts, record, "status");
	facts->parent = text_of(facts, record, "parent");
	facts->host = text_of(facts, record, "host");
	facts->user = text_of(facts, record, "user");
	facts->start = text_of(facts, record, "start");
	facts->end = text_of(facts, record, "end");
	facts->message = text_of(facts, record, "message");
	facts->argv = json_of(facts, record, "argv");
	facts->exit = json_of(facts, record, "exit");
	facts->duration = json_of(facts, record, "duration_s");
	facts->counts = json_of(facts, record, "counts");
}

/* Of a run that the history does not have, its first process is the run. */
static void
take_event(struct rc_run_facts *facts, struct rc_record *record)
{
	const char *tool = rc_record_string(record, "tool", NULL), *event = rc_record_string(record, "event", NULL);
	struct rc_buf tools = {0}, name = {0};
	bool in_history = facts->argv != NULL;

	if (tool == NULL || event == NULL)
		return;
	rc_json_write_string(&name, tool, strlen(tool));
	rc_buf_text(&name);
	if (facts->tools == NULL || strstr(facts->tools, name.bytes) == NULL) {
		rc_buf_add(&tools, facts->tools == NULL ? "[" : facts->tools, facts->tools == NULL ? 1 : strlen(facts->tools) - 1);
		rc_buf_printf(&tools, "%s%s]", facts->tools == NULL ? "" : ",", name.bytes);
		facts->tools = keep(facts, rc_buf_text(&tools));
	}
	if (!in_history && facts->start == NULL && strcmp(event, "start") == 0) {
		facts->name = keep(facts, tool);
		facts->start = text_of(facts, record, "time");
	} else if (!in_history && facts->name != NULL && strcmp(tool, facts->name) == 0 &&
	    (strcmp(event, "done") == 0 || strcmp(event, "error") == 0)) {
		facts->end = text_of(facts, record, "time");
		facts->exit = json_of(facts, record, "exit");
		facts->counts = json_of(facts, record, "counts");
		facts->status = facts->exit != NULL && strcmp(facts->exit, "0") == 0 ? "ok" : "failed";
		facts->message = text_of(facts, record, "message");
	}
	rc_buf_free(&tools);
	rc_buf_free(&name);
}

bool
rc_run_facts_find(struct rc_run_facts *facts, const char *id)
{
	struct rc_buf path = {0};

	facts->id = keep(facts, id);
	if (rc_history_path(&path))
		read_both(facts, &path, take_run);
	path.length = 0;
	if (rc_event_path(&path))
		read_both(facts, &path, take_event);
	rc_buf_free(&path);
	return facts->name != NULL && facts->start != NULL;
}

/* ---- files ---- */

static struct rc_run_file *
add_file(struct rc_run_files *files)
{
	if (files->count == files->room) {
		files->room = files->room == 0 ? 64 : rc_size_mul(files->room, 2);
		files->files = rc_realloc(files->files, rc_size_mul(files->room, sizeof *files->files));
	}
	return &files->files[files->count++];
}

static const char *
name_of(struct rc_run_facts *facts, struct rc_input *in, struct rc_record *record)
{
	struct rc_buf name = {0};
	const char *kept;

	if (rc_record_find(record, "path") != NULL)
		return keep(facts, rc_input_need_string(in, record, "path"));
	rc_buf_printf(&name, "hex:%s", rc_input_need_string(in, record, "path_hex"));
	kept = keep(facts, rc_buf_text(&name));
	rc_buf_free(&name);
	return kept;
}

void
rc_run_facts_read_manifest(struct rc_run_facts *facts, struct rc_run_files *files, const char *path)
{
	char *names[] = { rc_strndup(path, strlen(path)) };
	struct rc_record record = {0};
	struct rc_input in;

	rc_input_open(&in, 1, names);
	in.digest = rc_digest_new();
	while (rc_input_next(&in, &record)) {
		struct rc_run_file file = { .name = name_of(facts, &in, &record) };
		size_t length;
		const char *size = rc_record_value(&record, "size", &length);

		if (rc_record_find(&record, "target") != NULL || rc_record_find(&record, "target_hex") != NULL)
			continue;	/* a link has no content of its own */
		file.sha256 = keep(facts, rc_input_need_string(&in, &record, "sha256"));
		if (!rc_digest_is_hex(file.sha256) || size == NULL)
			rc_input_fail(&in, "expected a size and a SHA-256, as rc-manifest writes them");
		file.size = strtoll(size, NULL, 10);
		*add_file(files) = file;
	}
	rc_input_require_end(&in);
	in.digest->free(in.digest);
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
	free(names[0]);
}

void
rc_run_facts_add_file(struct rc_run_facts *facts, struct rc_run_files *files, const char *path)
{
	struct rc_digest *digest = rc_digest_new();
	char bytes[64 * 1024], hex[RC_DIGEST_HEX + 1];
	struct rc_run_file file = { .name = keep(facts, path) };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
	while ((n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc_die(rc_err_class(errno), "cannot read %s: %s", path, strerror(errno));
		digest->add(digest, bytes, (size_t)n);
		file.size += n;
	}
	close(fd);
	digest->finish(digest, hex);
	digest->free(digest);
	file.sha256 = keep(facts, hex);
	*add_file(files) = file;
}

void
rc_run_facts_free(struct rc_run_facts *facts)
{
	free(facts->inputs.files);
	free(facts->outputs.files);
	free(facts->config.files);
	rc_arena_free(&facts->arena);
	*facts = (struct rc_run_facts){0};
}

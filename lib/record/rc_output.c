#include "rc_output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rc_digest.h"
#include "rc_file.h"
#include "rc_writeback.h"

enum {
	WRITE_SIZE = 64 * 1024,
	PARTS_SIZE = RC_WIPED_ROOM - 1,	/* what the buffer holds at most of a line that is not at its end, and so without a copy left behind */
	OUTPUTS_MAX = 4,
	NOWHERE = -2,		/* the descriptor of one that is only watched */
};

static struct rc_output *outputs[OUTPUTS_MAX];
static int output_count;

void
rc_output_flush_all(void)
{
	for (int i = 0; i < output_count; i++)
		rc_output_flush(outputs[i]);
}

/* What was written before a failure is true and still goes out; a failed write must not be tried again. */
static void
flush_at_exit(int code)
{
	(void)code;
	rc_output_flush_all();
}

bool
rc_output_waits(void)
{
	for (int i = 0; i < output_count; i++)
		if (outputs[i]->buffer.length > 0)
			return true;
	return false;
}

void
rc_output_forget_all(void)
{
	output_count = 0;
}

static void
register_output(struct rc_output *output)
{
	if (output_count == OUTPUTS_MAX)
		rc_die(RC_FATAL, "more than %d outputs", OUTPUTS_MAX);
	if (output_count == 0)
		rc_at_exit(flush_at_exit);
	outputs[output_count++] = output;
}

void
rc_output_open(struct rc_output *output, const char *path)
{
	*output = (struct rc_output){ .fd = STDOUT_FILENO, .name = "<stdout>" };
	if (path != NULL) {
		output->file = rc_file_replace(path);
		output->fd = output->file->fd;
		output->name = path;
	}
	register_output(output);
}

void
rc_output_create(struct rc_output *output, const char *path, unsigned mode)
{
	if (strcmp(path, "-") == 0)
		rc_die(RC_FATAL, "-: the name of a new file is needed, and this is standard output's");
	*output = (struct rc_output){ .file = rc_file_create(path, mode), .name = path };
	output->fd = output->file->fd;
	register_output(output);
}

void
rc_output_watch(struct rc_output *output, struct rc_digest *digest)
{
	*output = (struct rc_output){ .fd = NOWHERE, .digest = digest };
}

void
rc_output_end_watch(struct rc_output *output)
{
	rc_output_flush(output);
	rc_buf_free(&output->buffer);
}

void
rc_output_keep(struct rc_output *output)
{
	int kept = 0;

	rc_output_flush(output);
	rc_file_commit(output->file);
	output->file = NULL;
	for (int i = 0; i < output_count; i++)
		if (outputs[i] != output)
			outputs[kept++] = outputs[i];
	output_count = kept;
	rc_buf_free(&output->buffer);
	if (output->digest != NULL)
		output->digest->free(output->digest);
	output->digest = NULL;
}

/* Gives the digest what the buffer has of the line that is being written. */
static void
digest_line(struct rc_output *output)
{
	if (output->digest != NULL && output->buffer.length > output->line)
		output->digest->add(output->digest, output->buffer.bytes + output->line, output->buffer.length - output->line);
	output->line = output->buffer.length;
}

static void
write_out(struct rc_output *output, const char *bytes, size_t length)
{
	if (output->fd != NOWHERE)
		rc_write_all(output->fd, output->name, bytes, length);
	output->bytes += length;
	if (output->file != NULL)
		rc_writeback(output->fd, &output->begun, (off_t)output->bytes);
}

void
rc_output_flush(struct rc_output *output)
{
	size_t length = output->buffer.length;

	digest_line(output);
	output->buffer.length = output->line = 0;	/* first: where the write fails, the exit hook comes here again */
	if (length > 0)
		write_out(output, output->buffer.bytes, length);
}

void
rc_output_part(struct rc_output *output, const char *bytes, size_t length)
{
	if (output->buffer.length + length > PARTS_SIZE)
		rc_output_flush(output);
	if (length <= PARTS_SIZE) {
		rc_buf_add(&output->buffer, bytes, length);
		return;
	}
	if (output->digest != NULL)
		output->digest->add(output->digest, bytes, length);
	write_out(output, bytes, length);
}

char *
rc_output_reserve(struct rc_output *output, size_t more)
{
	if (output->buffer.length >= WRITE_SIZE)
		rc_output_flush(output);
	return rc_buf_reserve(&output->buffer, more);
}

void
rc_output_end_line(struct rc_output *output)
{
	rc_output_part(output, "\n", 1);
	digest_line(output);
	output->records++;
	if (output->buffer.length >= WRITE_SIZE)
		rc_output_flush(output);
}

/* The same for a record whose fields changed; a short one is not worth a call for each field. */
static void
put_fields(struct rc_output *output, const struct rc_record *record)
{
	const struct rc_json_object *object = &record->object;

	if (record->length < WRITE_SIZE) {
		rc_record_write(record, &output->buffer);
		return;
	}
	for (size_t i = 0; i < object->count; i++) {
		const struct rc_json_field *field = &object->fields[i];

		rc_output_part(output, i == 0 ? "{" : ",", 1);
		rc_output_part(output, field->raw, (size_t)(field->value - field->raw) + field->value_length);
	}
	rc_output_part(output, object->count == 0 ? "{}" : "}", object->count == 0 ? 2 : 1);
}

void
rc_output_put(struct rc_output *output, const struct rc_record *record)
{
	if (record->changed)
		put_fields(output, record);
	else
		rc_output_part(output, record->text, record->length);
	rc_output_end_line(output);
}

void
rc_output_line(struct rc_output *output, const char *line, size_t length)
{
	rc_output_part(output, line, length);
	rc_output_end_line(output);
}

void
rc_output_lines(struct rc_output *output, const char *lines, size_t length, size_t count)
{
	output->records += count;
	if (length < WRITE_SIZE) {
		rc_buf_add(&output->buffer, lines, length);
		digest_line(output);
		if (output->buffer.length >= WRITE_SIZE)
			rc_output_flush(output);
		return;
	}
	rc_output_flush(output);
	if (output->digest != NULL)
		output->digest->add(output->digest, lines, length);
	write_out(output, lines, length);
}

void
rc_output_text(struct rc_output *output, const char *text, size_t length)
{
	rc_buf_add(&output->buffer, text, length);
	output->line = output->buffer.length;
	if (output->buffer.length >= WRITE_SIZE)
		rc_output_flush(output);
}

void
rc_output_end_record(struct rc_output *output)
{
	struct rc_buf value = {0}, line = {0};

	rc_json_open(&value);
	rc_json_add_integer(&value, "v", 1);
	rc_json_add_integer(&value, "records", (long long)output->records);
	if (output->digest != NULL) {
		char hex[RC_DIGEST_HEX + 1];

		output->digest->finish(output->digest, hex);
		rc_json_add_text(&value, "sha256", hex);
	}
	rc_json_close(&value);
	rc_json_open(&line);
	rc_json_add_value(&line, "rc_end", rc_buf_text(&value));
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	rc_output_text(output, line.bytes, line.length);
	rc_buf_free(&value);
	rc_buf_free(&line);
}

void
rc_output_take_back(struct rc_output *output)
{
	if (output->file == NULL)
		return;
	output->buffer.length = output->line = 0;
	if (ftruncate(output->fd, 0) != 0 || lseek(output->fd, 0, SEEK_SET) != 0)
		rc_die(RC_RETRY, "cannot write %s: %s", output->name, strerror(errno));
}

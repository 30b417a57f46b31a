/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http_state.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "rc_file.h"
#include "rc_stream.h"

void
rc_http_state_read(struct rc_http_state *state, const char *file, const char *url)
{
	char *const files[] = { (char *)(uintptr_t)file };
	struct rc_record record = {0};
	struct rc_input in;
	const char *its;

	if (access(file, F_OK) != 0)
		return;
	rc_input_open(&in, 1, files);
	while (rc_input_next(&in, &record)) {	/* to its end, which closes it */
		rc_record_free(&state->record);
		state->record = (struct rc_record){0};
		rc_record_copy(&state->record, &record);
	}
	rc_buf_free(&in.buffer);
	rc_record_free(&record);
	its = rc_record_string(&state->record, "url", NULL);
	if (its == NULL || strcmp(its, url) != 0)
		return;
	state->etag = rc_record_string(&state->record, "etag", NULL);
	state->modified = rc_record_string(&state->record, "last_modified", NULL);
}

void
rc_http_state_write(const char *file, const char *url, const struct rc_http_answer *answer, unsigned pages)
{
	struct rc_file *new = rc_file_replace(file);
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "v", 1);
	rc_json_add_text(&line, "url", url);
	rc_json_add_text(&line, "etag", pages == 1 && answer->etag.length > 0 ? answer->etag.bytes : NULL);
	rc_json_add_text(&line, "last_modified", pages == 1 && answer->modified.length > 0 ? answer->modified.bytes : NULL);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	rc_write_all(new->fd, file, line.bytes, line.length);
	rc_file_commit(new);
	rc_buf_free(&line);
}

void
rc_http_state_free(struct rc_http_state *state)
{
	rc_record_free(&state->record);
	*state = (struct rc_http_state){0};
}

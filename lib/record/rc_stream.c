#include "rc_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rc_digest.h"
#include "rc_event.h"
#include "rc_file.h"

void
rc_output_pass_end(struct rc_output *output, const struct rc_input *input)
{
	if (input->whole)
		rc_output_end_record(output);
}

void
rc_stream_wipe(struct rc_input *input, struct rc_output *output)
{
	rc_output_flush(output);
	if (input != NULL && input->buffer.room > 0)
		rc_wipe(input->buffer.bytes, input->buffer.room);
	if (output->buffer.room > 0)
		rc_wipe(output->buffer.bytes, output->buffer.room);
}

int
rc_finish(struct rc_input *input, struct rc_output *output)
{
	struct rc_buf counts = {0};

	rc_json_open(&counts);
	if (input != NULL)
		rc_json_add_integer(&counts, "read", (long long)input->records);
	rc_json_add_integer(&counts, "written", (long long)output->records);
	rc_json_close(&counts);
	rc_event_set_counts(rc_buf_text(&counts));
	rc_buf_free(&counts);

	rc_output_flush(output);
	if (output->file != NULL)
		rc_file_commit(output->file);
	else if (close(output->fd) != 0)
		rc_die(RC_RETRY, "cannot write %s: %s", output->name, strerror(errno));
	rc_buf_free(&output->buffer);
	if (output->digest != NULL)
		output->digest->free(output->digest);
	if (input != NULL) {
		rc_buf_free(&input->buffer);
		if (input->digest != NULL)
			input->digest->free(input->digest);
	}
	rc_output_forget_all();
	return rc_leave(output->answer);
}

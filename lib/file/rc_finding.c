#include "rc_finding.h"

#include <errno.h>
#include <string.h>

#include "rc_json_write.h"

void
rc_finding_set(struct rc_finding *finding, const char *status, const char *code, const char *message, int error)
{
	*finding = (struct rc_finding){ .status = status, .code = code, .message = message, .error = error };
}

void
rc_finding_set_write(struct rc_finding *finding, const char *what, int error)
{
	rc_finding_set(finding, "error", error == ENOSPC || error == EDQUOT ? "no_space" : "cannot_write", what, error);
}

void
rc_finding_set_path(struct rc_finding *finding, enum rc_path_status path, int error)
{
	switch (path) {
	case RC_PATH_OK:
		break;
	case RC_PATH_OUTSIDE:
		rc_finding_set(finding, "outside_root", "outside_root", "the path is absolute or leads out of the root", 0);
		break;
	case RC_PATH_MISSING:
		rc_finding_set(finding, "missing", "missing", "there is no such file", ENOENT);
		break;
	case RC_PATH_SYMLINK:
		rc_finding_set(finding, "error", "symbolic_link", "it or a folder above it is a symbolic link, which is not followed", ELOOP);
		break;
	case RC_PATH_NOT_A_FILE:
		rc_finding_set(finding, "error", "not_a_file", "not a regular file", error);
		break;
	case RC_PATH_FAILED:
		rc_finding_set(finding, "error", "cannot_read", "open", error);
		break;
	}
}

/* The message: what could not be done, and the system's words; a store's own code may look like one of ours. */
static void
add_message(const struct rc_finding *finding, struct rc_buf *message)
{
	if (strcmp(finding->code, "not_synced") == 0)
		rc_buf_printf(message, "it is %s, but cannot %s: %s", finding->status, finding->message, strerror(finding->error));
	else if (finding->request == NULL && (strcmp(finding->code, "no_space") == 0 || rc_str_begins(finding->code, "cannot_")))
		rc_buf_printf(message, "cannot %s: %s", finding->message, strerror(finding->error));
	else
		rc_buf_add_text(message, finding->message);
}

void
rc_finding_write(const struct rc_finding *finding, const char *name, struct rc_buf *line)
{
	struct rc_buf message = {0}, object = {0};

	add_message(finding, &message);
	rc_json_open_error(&object, finding->code, rc_buf_text(&message));
	if (finding->request != NULL)
		rc_json_add_text(&object, "request", finding->request);
	if (finding->error != 0) {
		rc_json_add_integer(&object, "errno", finding->error);
		rc_json_add_text(&object, "reason", strerror(finding->error));
	}
	rc_json_close(&object);
	rc_json_add_value(line, name, rc_buf_text(&object));
	rc_buf_free(&message);
	rc_buf_free(&object);
}

#include "rc_plan_mark.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_event.h"
#include "rc_json_write.h"
#include "rc_pending.h"

/* The mark is beside the file, whichever link leads to it. */
static void
add_path(struct rc_plan_mark *mark, const char *plan)
{
	struct stat file;
	char *target = lstat(plan, &file) == 0 && S_ISLNK(file.st_mode) ? realpath(plan, NULL) : NULL;

	rc_buf_printf(&mark->path, "%s.applied", target == NULL ? plan : target);
	free(target);
}

void
rc_plan_mark_open(struct rc_plan_mark *mark, const char *plan)
{
	add_path(mark, plan);
	if (access(rc_buf_text(&mark->path), F_OK) == 0)
		rc_die(RC_FATAL, "%s: it was applied already, or a run of it was killed on the way: %s is there", plan, mark->path.bytes);
	rc_output_create(&mark->out, mark->path.bytes, 0600);
}

void
rc_plan_mark_write(struct rc_plan_mark *mark)
{
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "v", 1);
	rc_json_add_text(&line, "kind", "applied-plan");
	rc_json_add_text(&line, "run_id", rc_run_id());
	rc_json_close(&line);
	rc_output_line(&mark->out, line.bytes, line.length);
	rc_buf_free(&line);
	rc_pending_add(mark->path.bytes);
	rc_output_keep(&mark->out);
}

void
rc_plan_mark_free(struct rc_plan_mark *mark)
{
	rc_buf_free(&mark->path);
}

#include "rc_pending.h"

#include <stddef.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_signal.h"

enum { FILES_MAX = 4 };

static const char *files[FILES_MAX];
static size_t count;

static void
remove_at_exit(int code)
{
	(void)code;
	for (size_t i = 0; i < count; i++)
		unlink(files[i]);
	count = 0;
}

void
rc_pending_add(const char *path)
{
	static bool asked;

	rc_signal_hold();
	if (count == FILES_MAX)
		rc_die(RC_FATAL, "more than %d files that wait for COMMIT", FILES_MAX);
	files[count++] = path;
	if (!asked)
		rc_at_exit(remove_at_exit);
	asked = true;
}

void
rc_pending_keep(void)
{
	count = 0;
}

#include "rc_tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

const char *
rc_tree_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *
rc_tree_inside(const char *folder, const char *name)
{
	struct rc_buf path = {0};

	rc_buf_printf(&path, "%s/%s", folder, name);
	return rc_buf_text(&path);
}

/* PATH without its last part and the slash before that; owned by the caller. */
static char *
folder_of(const char *path)
{
	size_t length = (size_t)(rc_tree_last_part(path) - path);

	return rc_strndup(path, length > 1 ? length - 1 : length);
}

/* The path by which we were executed, whatever argv[0] is. */
static const char *
executed_as(void)
{
	return (const char *)(size_t)getauxval(AT_EXECFN);
}

const char *
rc_tree_bin(void)
{
	static char *bin;
	char *self;

	if (bin != NULL)
		return bin;
	self = realpath("/proc/self/exe", NULL);
	if (self == NULL && (self = realpath(executed_as(), NULL)) == NULL)
		rc_die(RC_RETRY, "cannot find itself: %s", strerror(errno));
	bin = folder_of(self);
	free(self);
	return bin;
}

const char *
rc_tree_share(void)
{
	static char *share;
	char *prefix;

	if (share != NULL)
		return share;
	prefix = folder_of(rc_tree_bin());
	share = rc_tree_inside(prefix, "share/rc");
	free(prefix);
	return share;
}

const char *
rc_tree_called_as(const char *self)
{
	char *path = rc_strndup(executed_as(), strlen(executed_as()));

	for (;;) {
		char target[PATH_MAX], *folder;
		ssize_t length = readlink(path, target, sizeof target - 1);

		if (length <= 0)
			return rc_tree_last_part(path);
		target[length] = '\0';
		if (strcmp(rc_tree_last_part(target), self) == 0)
			return rc_tree_last_part(path);
		if (target[0] == '/') {
			path = rc_strndup(target, (size_t)length);
		} else {
			folder = strchr(path, '/') == NULL ? rc_strndup(".", 1) : folder_of(path);
			path = rc_tree_inside(folder, target);
			free(folder);
		}
	}
}

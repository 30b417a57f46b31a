#include "rc_state.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the folder is there and belongs to another user, who is not root. */
static bool
is_of_another(const char *path)
{
	struct stat folder;

	return stat(path, &folder) == 0 && folder.st_uid != geteuid() && folder.st_uid != 0;
}

bool
rc_state_path(struct rc_buf *path, const char *name)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state != NULL && *state == '/' && !is_of_another(state)) {
		rc_buf_printf(path, "%s/rc/%s", state, name);
	} else {
		/* In another user's home (sudo) a link of his could lead anywhere. */
		if (home == NULL || *home == '\0' || is_of_another(home)) {
			const struct passwd *entry = getpwuid(geteuid());

			home = entry == NULL ? NULL : entry->pw_dir;
		}
		if (home == NULL || *home != '/')
			return false;
		rc_buf_printf(path, "%s/.local/state/rc/%s", home, name);
	}
	rc_buf_text(path);
	return true;
}

void
rc_state_make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);	/* what fails here shows when the file is opened */
		*slash = '/';
	}
}

bool
rc_state_over_limit(int fd, size_t length)
{
	struct rlimit limit;
	struct stat file;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && fstat(fd, &file) == 0 &&
	    S_ISREG(file.st_mode) && (rlim_t)file.st_size + length > limit.rlim_cur;
}

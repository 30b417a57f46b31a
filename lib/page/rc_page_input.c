#include "rc_page_input.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_sealed.h"
#include "rc_str.h"

enum { PART = 65536 };

static bool
can_be_read_again(void)
{
	struct stat status;

	return isatty(STDIN_FILENO) || (fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0);
}

void
rc_page_input_keep(void)
{
	struct rc_buf input = {0};
	ssize_t n;
	int fd;

	if (can_be_read_again())
		return;
	rc_buf_reserve(&input, RC_WIPED_ROOM);
	do {
		rc_buf_reserve(&input, PART);
		if ((n = read(STDIN_FILENO, input.bytes + input.length, PART)) > 0)
			input.length += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		rc_die(RC_NO, "cannot read <stdin>: %s", strerror(errno));
	fd = rc_sealed("rc-input", input.bytes, input.length);
	rc_buf_wipe(&input);
	if (dup2(fd, STDIN_FILENO) < 0)
		rc_die(RC_NO, "cannot hand over <stdin>: %s", strerror(errno));
	close(fd);
}

#define _GNU_SOURCE	/* sync_file_range */
#include "rc_writeback.h"

#include <fcntl.h>

enum { EVERY = 8 << 20 };

void
rc_writeback(int fd, off_t *begun, off_t written)
{
	if (written - *begun < EVERY)
		return;
	sync_file_range(fd, *begun, written - *begun, SYNC_FILE_RANGE_WRITE);
	*begun = written;
}

/*
 * rc_writeback - has the disk begin with a long file while it is written, so that fsync(2) has little left to wait for
 *
 * A hint, which fails unseen: fsync(2) is what counts.
 */
#ifndef RC_WRITEBACK_H
#define RC_WRITEBACK_H

#include <sys/types.h>

/* After a write to FD, with what was WRITTEN to it so far in bytes; *BEGUN, 0 at first, is how far the disk was told of. */
void rc_writeback(int fd, off_t *begun, off_t written);

#endif

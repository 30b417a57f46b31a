/*
 * rc_state - our own files in the user's folder of states
 *
 * $XDG_STATE_HOME/rc/NAME, else ~/.local/state/rc/NAME, and never in a folder
 * of another user's (sudo).
 */
#ifndef RC_STATE_H
#define RC_STATE_H

#include <stdbool.h>

#include "rc_str.h"

/* Adds the path of NAME, ended by a NUL; false where there is no place for one. */
bool rc_state_path(struct rc_buf *path, const char *name);

/* Makes the folders above PATH, as far as they are missing. */
void rc_state_make_folders(char *path);

/* Whether LENGTH more bytes in FD would end the process by SIGXFSZ. */
bool rc_state_over_limit(int fd, size_t length);

#endif

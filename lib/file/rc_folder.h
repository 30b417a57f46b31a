/*
 * rc_folder - a private folder for one run
 *
 * It is made in $TMPDIR, where that is set, else in /dev/shm, which is memory,
 * $XDG_RUNTIME_DIR or /tmp; the next one where one can't be written or is full.
 * Its name is `rc.`, the PID namespace, our process id and random letters, so
 * that what a killed run has left is found and removed by the next.
 */
#ifndef RC_FOLDER_H
#define RC_FOLDER_H

#include "rc_str.h"

/* Makes it and returns its absolute path, which the caller frees; or NULL, and TRIED tells of each folder why not. */
char *rc_folder_make(struct rc_buf *tried);

/* Removes it with all that is in it. */
void rc_folder_remove(const char *path);

#endif

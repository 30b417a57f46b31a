/*
 * rc_secret - the one way to read a secret
 *
 * A secret NAME comes from the variable NAME, the file that NAME_FILE names
 * (empty: none), or the file NAME in $CREDENTIALS_DIRECTORY (systemd); two of
 * them at once are an error, since one must be a mistake.  Or it comes from a
 * descriptor.  One newline at the end (LF or CRLF) of a file or descriptor is
 * not part of it, since editors and echo put it there; a variable is taken as it
 * is, as the products take theirs.  Empty secrets and those with a NUL are
 * refused.  No message ever shows a secret.
 */
#ifndef RC_SECRET_H
#define RC_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct rc_secret {
	char *bytes;	/* ended by a NUL that LENGTH does not count */
	size_t length;
};

/* False where no source is set; ends the process where one is set and can't be used. */
bool rc_secret_find(const char *name, struct rc_secret *secret);

/* The same for a secret that has no newline in it: one at the end of the variable is taken off, too. */
bool rc_secret_find_line(const char *name, struct rc_secret *secret);

/* The same for a list of secrets, which may be empty. */
bool rc_secret_find_list(const char *name, struct rc_secret *secret);

/* Reads descriptor FD to its end; NAME is for messages. */
void rc_secret_read(int fd, const char *name, struct rc_secret *secret);

/* Clears and frees it. */
void rc_secret_wipe(struct rc_secret *secret);

#endif

/*
 * rc_settings - where the database is, and how to log in
 *
 * DATABASE_URL (read as a secret, so DATABASE_URL_FILE too), as Django's tools
 * write it; what it leaves open, and all without it, is libpq's own (PG*,
 * service file, defaults).  A connection is known by the tool's name and the
 * run's id, speaks UTF-8, and finds out within a minute that the other host is
 * gone (keepalives), unless the URL says otherwise.
 */
#ifndef RC_SETTINGS_H
#define RC_SETTINGS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_mem.h"

enum { RC_SETTINGS_MAX = 64 };

/* libpq's keywords and their values, ended by a NULL keyword; all texts are in the arena.  {0} has none. */
struct rc_settings {
	const char *keywords[RC_SETTINGS_MAX], *values[RC_SETTINGS_MAX];
	int count;
	struct rc_arena arena;
};

/*
 * Fills SETTINGS, which is {0}, from the environment, once for a process: the
 * URL may stand in a pipe.  Ends the process where the URL can't be used, with
 * a warning for what is passed over.  The caller wipes them.
 */
void rc_settings_read(struct rc_settings *settings);

/* Makes TO, which is {0}, a copy; the caller wipes it. */
void rc_settings_copy(struct rc_settings *to, const struct rc_settings *from);

/* Clears the password and all else, and frees. */
void rc_settings_wipe(struct rc_settings *settings);

/* Sets a keyword, a text that outlives SETTINGS, to a copy of VALUE; an empty VALUE leaves it as it is. */
void rc_settings_set(struct rc_settings *settings, const char *keyword, const char *value);

/* The value of KEYWORD, which belongs to SETTINGS, or NULL. */
const char *rc_settings_find(const struct rc_settings *settings, const char *keyword);

/*
 * Takes out all that comes before the address that CONN, which was begun with
 * SETTINGS, is at, and that address itself; false where no other is left.
 * A host's name that has several addresses is tried at each.
 */
bool rc_settings_skip_address(struct rc_settings *settings, PGconn *conn);

#endif

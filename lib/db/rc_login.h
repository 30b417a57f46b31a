/*
 * rc_login - the database and the login that the environment asks for
 *
 * DATABASE_URL (read as a secret, so DATABASE_URL_FILE too), as Django's tools
 * write it; what it leaves open, and all without it, is libpq's own (PG*,
 * service file, defaults), and a failed login says so.  A connection is known by the tool's name and the
 * run's id, speaks UTF-8, and finds out within a minute that the other host is
 * gone (keepalives), unless the URL says otherwise.
 */
#ifndef RC_LOGIN_H
#define RC_LOGIN_H

#include "rc_settings.h"

/*
 * Fills SETTINGS, which is {0}, once for a process: the URL may stand in a
 * pipe.  Ends the process where the URL can't be used, with a warning for what
 * is passed over.  The caller wipes them.
 */
void rc_login_read(struct rc_settings *settings);

#endif

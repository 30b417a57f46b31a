/*
 * rc_url - DATABASE_URL, as Django's tools write it
 *
 * The rules are those of Python's urllib, as dj-database-url and django-environ
 * use it: schemes postgres, postgresql, psql, pgsql, postgis, pgx; the last '@'
 * ends the password; a stray '%' is itself; a name that begins with a slash is
 * a socket's folder and the name.  Parameters are libpq's; Django's
 * own are passed over with a warning, any other is refused, for it may be a
 * protection that this libpq does not know yet.
 */
#ifndef RC_URL_H
#define RC_URL_H

#include "rc_settings.h"

/* Adds what URL says to SETTINGS, or ends the process; no message shows the password. */
void rc_url_parse(const char *url, struct rc_settings *settings);

#endif

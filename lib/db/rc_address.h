/*
 * rc_address - the next of a database's addresses, where one does not answer
 *
 * libpq goes on by itself from an address that refuses, but in a login that does
 * not wait it never gives one up that is silent.
 */
#ifndef RC_ADDRESS_H
#define RC_ADDRESS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_settings.h"

/*
 * Takes out all that comes before the address that CONN, which was begun with
 * SETTINGS, is at, and that address itself; false where no other is left.
 * A host's name that has several addresses is tried at each.
 */
bool rc_address_skip(struct rc_settings *settings, PGconn *conn);

#endif

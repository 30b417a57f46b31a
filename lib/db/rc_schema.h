/*
 * rc_schema - the schema that a product's tables are in: RC_SCHEMA
 */
#ifndef RC_SCHEMA_H
#define RC_SCHEMA_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_str.h"

/*
 * Where RC_SCHEMA names a schema, adds the statement, without a semicolon, by
 * which names are looked for there, then in public, and last among temporary
 * ones; SET is "set" or "set local".  False, and nothing is added, where it does
 * not.  Ends the process where that is no name.
 */
bool rc_schema_add(struct rc_buf *sql, PGconn *libpq, const char *set);

#endif

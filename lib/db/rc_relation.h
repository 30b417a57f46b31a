/*
 * rc_relation - a table by the name that a user gives
 *
 * The one look-up; rc_table has what the catalogue knows of it.
 */
#ifndef RC_RELATION_H
#define RC_RELATION_H

#include <stdbool.h>

#include "rc_session.h"

struct rc_relation {
	char *oid;		/* its digits */
	char *sql;		/* its name with the schema, quoted where that is needed */
	char kind;		/* relkind of pg_class: r, p, v, m, f */
};

/*
 * Looks up NAME as the catalogue has it, of the schemas that are searched or as
 * SCHEMA.NAME, or where that is none and it has a quote, as SQL has it.  RELATION
 * is {0} or from an earlier call.  Ends the process where there is none, with the
 * name of one that differs in case only.
 */
void rc_relation_find(struct rc_relation *relation, struct rc_session *session, const char *name);

/* The same, but false where there is none. */
bool rc_relation_try(struct rc_relation *relation, struct rc_session *session, const char *name);
void rc_relation_free(struct rc_relation *relation);

#endif

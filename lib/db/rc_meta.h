/*
 * rc_meta - what a database says of itself: its name, and which environment it is
 *
 * The environment is a row of rc.meta (rc-environment set) with the name, the
 * server's system identifier and the database's name.  A row that was restored
 * into another server or database does not count.  Where the server keeps its
 * identifier from this role, the database's name alone decides.
 */
#ifndef RC_META_H
#define RC_META_H

#include <stdbool.h>

#include "rc_session.h"

enum rc_meta_row {
	RC_META_NONE,		/* there is no row */
	RC_META_HERE,		/* it is of this database */
	RC_META_ELSEWHERE,	/* it is of another one: a copy */
};

/* All texts are owned; rc_meta_free() frees them. */
struct rc_meta {
	char *database, *user;	/* as the server says */
	char *system;		/* its identifier, or NULL */
	enum rc_meta_row row;
	char *environment, *row_database;	/* what the row has, or NULL */
};

/* Reads it in the open transaction; META is {0}.  Ends the process where there is a row that this role may not read. */
void rc_meta_read(struct rc_session *session, struct rc_meta *meta);

/* Waits until no other transaction is between this and its end; before rc_meta_read() where rc_meta_write() follows. */
void rc_meta_lock(struct rc_session *session);

/* Writes the row in the open transaction, with table and schema where they are not there yet; all roles may read it. */
void rc_meta_write(struct rc_session *session, const char *environment, const struct rc_meta *meta);

/*
 * Whether the name is that of production, in any case; what stands around it in a
 * badly written file of settings (blanks, quotes, a carriage return) does not
 * make it another one.
 */
bool rc_meta_is_production(const char *environment);

/*
 * Says, where the row is that of production and of another server or database,
 * that it does not count: after an upgrade or a move that is a mistake which
 * nobody would see.
 */
void rc_meta_warn_of_copy(const struct rc_meta *meta);

/* Whether the database, which is asked in a transaction of its own, or RC_ENVIRONMENT says production. */
bool rc_meta_says_production(struct rc_session *session);

/* Whether a name can be that of an environment. */
bool rc_meta_is_name(const char *environment);

void rc_meta_free(struct rc_meta *meta);

#endif

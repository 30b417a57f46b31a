/*
 * rc_sequence - a sequence that must not give out numbers that rows have got elsewhere
 *
 * Rows that come with their numbers leave the sequence of the column's default
 * where it is, and the next row that asks it gets a number that is taken.
 */
#ifndef RC_SEQUENCE_H
#define RC_SEQUENCE_H

#include "rc_session.h"

/*
 * In a transaction: moves the sequence that the COLUMN of the table is an
 * identity by, or has its default from (just nextval()), behind HIGHEST; a
 * rollback does not take that back.  A sequence that is there already, one that
 * goes down, and a column without one are left alone.  The process ends where
 * the role may not, or the sequence can't go there.
 */
void rc_sequence_advance(struct rc_session *session, const char *table_oid, const char *column, long long highest);

#endif

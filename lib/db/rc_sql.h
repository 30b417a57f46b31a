/*
 * rc_sql - statements from files
 *
 * A file holds one statement; a semicolon at its end is allowed.  A name with a
 * slash is a path; a bare name is looked for in $RC_SQL, which a porcelain
 * command sets to the folder of its product.  In all files of that folder
 * operators such as ->> are PostgreSQL's own (rc_sql_operators.h).
 */
#ifndef RC_SQL_H
#define RC_SQL_H

#include <stddef.h>

/* The statement without its semicolon; the caller frees. */
char *rc_sql_read(const char *name);

/* The length of a statement from elsewhere without its semicolon. */
size_t rc_sql_length(const char *sql);

#endif

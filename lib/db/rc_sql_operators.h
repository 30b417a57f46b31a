/*
 * rc_sql_operators - PostgreSQL's own operators, whoever may create others
 *
 * In `$1->>'name'` the word has no type yet, so an operator ->> of two jsonb,
 * which a role that may create in a schema of the search_path can make, fits
 * better than PostgreSQL's own.  Those operators are named in full here.  Only
 * operators whose precedence stays the same are: those of comparison and
 * arithmetic need operands of the types that PostgreSQL's own have.
 */
#ifndef RC_SQL_OPERATORS_H
#define RC_SQL_OPERATORS_H

/* SQL with -> ->> #> #>> @> <@ ? ?| ?& || && as operator(pg_catalog....); the caller frees.  Texts, names and comments stay. */
char *rc_sql_operators(const char *sql);

#endif

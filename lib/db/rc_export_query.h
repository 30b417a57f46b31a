/*
 * rc_export_query - the statement whose rows are exported, and its COPY
 *
 * What the user gives as SQL stands in it as it is; names and values are
 * quoted.
 */
#ifndef RC_EXPORT_QUERY_H
#define RC_EXPORT_QUERY_H

#include <stddef.h>

#include "rc_row_decode.h"
#include "rc_session.h"
#include "rc_str.h"

struct rc_export_query {
	struct rc_session *session;
	const char *table;	/* as SQL, or NULL and then QUERY */
	const char *query;
	const char *columns;	/* a list (rc_name_list.h), or NULL: all */
	const char *where, *order_by;	/* SQL, or NULL */
	const char *resume_key, *resume_after;	/* a column and a value, or NULL */
};

/* Adds the query to SQL; RANGE is one more condition, or NULL. */
void rc_export_query_add(const struct rc_export_query *query, const char *range, struct rc_buf *sql);

/* Adds the COPY of its rows, which have these columns; those of types that we don't read come as JSON. */
void rc_export_query_add_copy(const struct rc_export_query *query, const char *range, const struct rc_row_column *columns, size_t count,
    struct rc_buf *sql);

#endif

/*
 * rc_row_types - the types whose binary form rc reads and writes itself
 *
 * The one table for rows out (rc_row_decode) and in (rc_row_encode).  The OIDs
 * are those of PostgreSQL's src/include/catalog/pg_type.dat and never change.
 * A domain stands for its base type: the server's row descriptions have that.
 * Any other type travels as JSON: out wrapped in pg_catalog.to_json(), in as
 * text.
 */
#ifndef RC_ROW_TYPES_H
#define RC_ROW_TYPES_H

#include <libpq-fe.h>
#include <stdbool.h>

enum rc_row_kind {
	RC_ROW_OTHER,	/* not in the table */
	RC_ROW_BOOL,
	RC_ROW_INT2,
	RC_ROW_INT4,
	RC_ROW_INT8,
	RC_ROW_OID,	/* a string in JSON, as to_json has it */
	RC_ROW_FLOAT4,
	RC_ROW_FLOAT8,
	RC_ROW_NUMERIC,
	RC_ROW_TEXT,	/* text, varchar, char(n), name: the same bytes */
	RC_ROW_UUID,
	RC_ROW_DATE,
	RC_ROW_TIMESTAMP,
	RC_ROW_TIMESTAMPTZ,
	RC_ROW_JSON,
	RC_ROW_JSONB,
	RC_ROW_BYTEA,
};

enum { RC_OID_BOOL = 16, RC_OID_INT8 = 20, RC_OID_TEXT = 25 };

struct rc_row_type {
	Oid oid, array;		/* the type, and the type of its arrays */
	enum rc_row_kind kind;
	const char *name;	/* as SQL, without its schema pg_catalog */
};

/* What a column holds: values of KIND, or arrays of them.  TYPE is the element's for arrays, NULL for RC_ROW_OTHER. */
struct rc_row_shape {
	enum rc_row_kind kind;
	bool is_array;
	const struct rc_row_type *type;
};

/* The shape of a type by its OID, that of an array too. */
struct rc_row_shape rc_row_shape_of(Oid oid);

#endif

#include "rc_row_types.h"

#include <stddef.h>

static const struct rc_row_type types[] = {
	{ 16, 1000, RC_ROW_BOOL, "bool" },
	{ 21, 1005, RC_ROW_INT2, "int2" },
	{ 23, 1007, RC_ROW_INT4, "int4" },
	{ 20, 1016, RC_ROW_INT8, "int8" },
	{ 26, 1028, RC_ROW_OID, "oid" },
	{ 700, 1021, RC_ROW_FLOAT4, "float4" },
	{ 701, 1022, RC_ROW_FLOAT8, "float8" },
	{ 1700, 1231, RC_ROW_NUMERIC, "numeric" },
	{ 25, 1009, RC_ROW_TEXT, "text" },
	{ 1043, 1015, RC_ROW_TEXT, "varchar" },
	{ 1042, 1014, RC_ROW_TEXT, "bpchar" },
	{ 19, 1003, RC_ROW_TEXT, "name" },
	{ 2950, 2951, RC_ROW_UUID, "uuid" },
	{ 1082, 1182, RC_ROW_DATE, "date" },
	{ 1114, 1115, RC_ROW_TIMESTAMP, "timestamp" },
	{ 1184, 1185, RC_ROW_TIMESTAMPTZ, "timestamptz" },
	{ 114, 199, RC_ROW_JSON, "json" },
	{ 3802, 3807, RC_ROW_JSONB, "jsonb" },
	{ 17, 1001, RC_ROW_BYTEA, "bytea" },
};

struct rc_row_shape
rc_row_shape_of(Oid oid)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].oid == oid || types[i].array == oid)
			return (struct rc_row_shape){ types[i].kind, types[i].array == oid, &types[i] };
	return (struct rc_row_shape){ RC_ROW_OTHER, false, NULL };
}

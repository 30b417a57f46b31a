#include "rc_schema.h"

#include <stdlib.h>
#include <string.h>

#include "rc_err.h"

bool
rc_schema_add(struct rc_buf *sql, PGconn *libpq, const char *set)
{
	const char *schema = getenv("RC_SCHEMA");
	char *quoted;

	if (schema == NULL || *schema == '\0')
		return false;
	if ((quoted = PQescapeIdentifier(libpq, schema, strlen(schema))) == NULL)
		rc_die(RC_FATAL, "RC_SCHEMA is not UTF-8");
	rc_buf_printf(sql, "%s search_path = %s, public, pg_temp", set, quoted);
	PQfreemem(quoted);
	return true;
}

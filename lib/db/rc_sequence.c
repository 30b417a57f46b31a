#include "rc_sequence.h"

#include <stdio.h>
#include <stdlib.h>

#include "rc_result.h"
#include "rc_str.h"

/*
 * Between a look at the sequence and setval() others may take numbers, and setval() would take them back.  So few steps are
 * made by nextval(), which can't; while someone takes more than these, the look is over long since.
 */
enum { STEPS = 1000 };

static const char find_sql[] =
    "with wanted as (select a.attrelid, a.attnum from pg_catalog.pg_attribute a where a.attrelid operator(pg_catalog.=) $1::pg_catalog.oid"
    "  and a.attname operator(pg_catalog.=) $2),"
    " found (oid) as ("
    "  select d.objid from wanted w join pg_catalog.pg_depend d on d.refobjid operator(pg_catalog.=) w.attrelid and d.refobjsubid operator(pg_catalog.=) w.attnum"
    "   where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
    "    and d.deptype operator(pg_catalog.=) 'i'"
    "  union"
    "  select d.refobjid from wanted w join pg_catalog.pg_attrdef f on f.adrelid operator(pg_catalog.=) w.attrelid and f.adnum operator(pg_catalog.=) w.attnum"
    "   join pg_catalog.pg_depend d on d.objid operator(pg_catalog.=) f.oid"
    "   where d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
    "    and pg_catalog.pg_get_expr(f.adbin, f.adrelid) operator(pg_catalog.~) '^nextval\\(''[^()]*''::regclass\\)$')"
    " select pg_catalog.format('%I.%I', n.nspname, c.relname), s.seqincrement from found"
    " join pg_catalog.pg_sequence s on s.seqrelid operator(pg_catalog.=) found.oid join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) found.oid"
    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace where s.seqincrement operator(pg_catalog.>) 0";

/* Moves the one of that name, which is SQL, by steps of INCREMENT. */
static void
advance(struct rc_session *session, const char *name, long long increment, long long highest)
{
	char number[24];
	const char *const values[] = { name, number };
	const struct rc_parameters parameters = { .count = 2, .values = values };
	struct rc_buf sql = {0};
	unsigned long long steps;
	long long next;
	PGresult *result;

	rc_buf_printf(&sql, "select last_value, is_called from %s", name);
	result = rc_session_query(session, name, rc_buf_text(&sql), NULL);
	if (PQntuples(result) != 1)
		rc_session_misled(name);
	next = strtoll(rc_result_text(result, 0, 0), NULL, 10);
	if (*rc_result_text(result, 0, 1) == 't' && __builtin_add_overflow(next, increment, &next))
		next = highest;	/* nextval() will say so */
	PQclear(result);
	rc_buf_free(&sql);
	if (highest < next)
		return;
	steps = ((unsigned long long)highest - (unsigned long long)next) / (unsigned long long)increment + 1;
	if (steps <= STEPS) {
		snprintf(number, sizeof number, "%llu", steps);
		PQclear(rc_session_query(session, name,
		    "select pg_catalog.nextval($1::pg_catalog.regclass) from pg_catalog.generate_series(1, $2::pg_catalog.int8)", &parameters));
		return;
	}
	/* Where it would come to by itself: of several servers each may have numbers of its own. */
	snprintf(number, sizeof number, "%lld", (long long)((unsigned long long)next + (steps - 1) * (unsigned long long)increment));
	PQclear(rc_session_query(session, name, "select pg_catalog.setval($1::pg_catalog.regclass, $2::pg_catalog.int8)", &parameters));
}

void
rc_sequence_advance(struct rc_session *session, const char *table_oid, const char *column, long long highest)
{
	const char *const values[] = { table_oid, column };
	const struct rc_parameters parameters = { .count = 2, .values = values };
	PGresult *found = rc_session_query(session, column, find_sql, &parameters);

	for (int i = 0; i < PQntuples(found); i++)
		advance(session, rc_result_text(found, i, 0), strtoll(rc_result_text(found, i, 1), NULL, 10), highest);
	PQclear(found);
}

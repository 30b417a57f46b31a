#include "rc_clash.h"

#include <string.h>

/*
 * The indexes that matter.  Of each: its name, its table, its keys as one list
 * of SQL, its condition, whether nulls are equal there, whether the column is a
 * plain key (then rows of other values can't clash), and the table's primary
 * key and its other columns as lists of SQL.
 */
static const char unique_indexes[] =
    "select ci.relname, i.indrelid::regclass,"
    " (select pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, true) || coalesce((select pg_catalog.format(' collate %I.%I', n.nspname,"
    "  co.collname) from pg_collation co join pg_namespace n on n.oid = co.collnamespace, pg_attribute ka"
    "  where ka.attrelid = i.indrelid and ka.attnum = i.indkey[k - 1] and co.oid = i.indcollation[k - 1]"
    "  and co.oid <> ka.attcollation), ''), ', ' order by k) from pg_catalog.generate_series(1, i.indnkeyatts) k),"
    " coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid, true), 'true'),"
    " coalesce((pg_catalog.to_jsonb(i) operator(pg_catalog.->>) 'indnullsnotdistinct')::bool, false),"
    " a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]),"
    " coalesce((select pg_catalog.string_agg(pg_catalog.quote_literal(pa.attname) || ', ' || pg_catalog.quote_ident(pa.attname), ', ' order by pa.attnum)"
    "  from pg_index p join pg_attribute pa on pa.attrelid = p.indrelid and pa.attnum = any(p.indkey)"
    "  where p.indrelid = i.indrelid and p.indisprimary), pg_catalog.quote_literal('ctid') || ', ctid'),"
    " coalesce((select pg_catalog.string_agg(pg_catalog.quote_ident(o.attname) || ', ', '' order by o.attnum) from pg_attribute o"
    "  where o.attrelid = i.indrelid and o.attnum > 0 and not o.attisdropped and o.attnum <> a.attnum), '')"
    " from pg_class c join pg_index i on i.indrelid = c.oid or (c.relkind = 'p'"
    "  and i.indrelid in (select relid::pg_catalog.oid from pg_catalog.pg_partition_tree(c.oid))"
    "  and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid))"
    " join pg_class ci on ci.oid = i.indexrelid"
    " join pg_attribute a on a.attrelid = i.indrelid and a.attname = $2"
    " where c.relname = $1 and c.relkind in ('r', 'p') and pg_catalog.pg_table_is_visible(c.oid)"
    " and i.indisunique and i.indisvalid"
    " and (a.attnum = any(i.indkey) or exists (select from pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid"
    "  and d.objid = i.indexrelid and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid and d.refobjid = i.indrelid"
    "  and d.refobjsubid = a.attnum)) order by ci.relname";

enum { INDEX_NAME, INDEX_TABLE, INDEX_KEYS, INDEX_CONDITION, INDEX_NULLS_EQUAL, INDEX_BY_VALUE, INDEX_PRIMARY, INDEX_OTHERS,
	INDEX_COLUMNS };

/* Adds a subquery: the rows of index I's table as they would be afterwards, as far as they can clash in it. */
static void
add_rows_afterwards(struct rc_session *session, struct rc_buf *sql, const struct rc_change *change, const PGresult *indexes, int i)
{
	const char *table = PQgetvalue(indexes, i, INDEX_TABLE), *others = PQgetvalue(indexes, i, INDEX_OTHERS);
	bool by_value = strcmp(PQgetvalue(indexes, i, INDEX_BY_VALUE), "t") == 0;
	struct rc_buf column = {0};

	rc_session_add_identifier(session, &column, change->column);
	rc_buf_text(&column);
	rc_buf_printf(sql, "(select ctid, %s", others);
	if (by_value)
		rc_buf_printf(sql, "$1::%s as %s from %s where (%s) or %s operator(pg_catalog.=) $1::%s", change->type, column.bytes, table,
		    change->rows, column.bytes, change->type);
	else
		rc_buf_printf(sql, "case when %s then $1::%s else %s end as %s from %s", change->rows, change->type,
		    column.bytes, column.bytes, table);
	rc_buf_add_text(sql, ") as rc_afterwards");
	rc_buf_free(&column);
}

static void
copy_text(struct rc_buf *to, const char *text)
{
	rc_buf_add_text(to, text);
	rc_buf_text(to);
}

/* Whether two rows would clash in index I. */
static bool
clashes_in(struct rc_session *session, const struct rc_change *change, const PGresult *indexes, int i, struct rc_clash *clash)
{
	const char *keys = PQgetvalue(indexes, i, INDEX_KEYS);
	struct rc_buf groups = {0}, sql = {0};
	PGresult *found;
	bool any;

	add_rows_afterwards(session, &groups, change, indexes, i);
	rc_buf_printf(&groups, " where (%s)", PQgetvalue(indexes, i, INDEX_CONDITION));
	if (strcmp(PQgetvalue(indexes, i, INDEX_NULLS_EQUAL), "t") != 0)
		rc_buf_printf(&groups, " and pg_catalog.num_nulls(%s) = 0", keys);
	rc_buf_printf(&groups, " group by %s having pg_catalog.count(*) > 1", keys);
	rc_buf_text(&groups);

	/* First only whether: to name the rows of every group would cost more than all the rest. */
	rc_buf_printf(&sql, "select 1 from %s limit 1", groups.bytes);
	found = rc_session_query(session, change->table, rc_buf_text(&sql), &change->values);
	any = PQntuples(found) > 0;
	PQclear(found);
	if (any) {
		sql.length = 0;
		rc_buf_printf(&sql, "select pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(%s) order by ctid), '$[0 to 1]'),"
		    " row(%s)::text from %s order by 2 limit 1", PQgetvalue(indexes, i, INDEX_PRIMARY), keys, groups.bytes);
		found = rc_session_query(session, change->table, rc_buf_text(&sql), &change->values);
		/* Each statement sees its own moment: where the clash has gone in between, there is none. */
		if ((any = PQntuples(found) > 0)) {
			copy_text(&clash->index, PQgetvalue(indexes, i, INDEX_NAME));
			copy_text(&clash->keys, keys);
			copy_text(&clash->rows, rc_result_text(found, 0, 0));
			copy_text(&clash->key, rc_result_text(found, 0, 1));
		}
		PQclear(found);
	}
	rc_buf_free(&groups);
	rc_buf_free(&sql);
	return any;
}

bool
rc_clash_find(struct rc_session *session, const struct rc_change *change, struct rc_clash *clash)
{
	const char *values[] = { change->table, change->column };
	const struct rc_parameters parameters = { .count = 2, .values = values };
	PGresult *indexes = rc_session_query(session, change->table, unique_indexes, &parameters);
	bool found = false;

	if (PQnfields(indexes) != INDEX_COLUMNS)
		rc_session_misled(change->table);
	for (int i = 0; i < PQntuples(indexes) && !found; i++)
		found = clashes_in(session, change, indexes, i, clash);
	PQclear(indexes);
	return found;
}

void
rc_clash_free(struct rc_clash *clash)
{
	rc_buf_free(&clash->index);
	rc_buf_free(&clash->keys);
	rc_buf_free(&clash->key);
	rc_buf_free(&clash->rows);
}

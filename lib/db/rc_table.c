#include "rc_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_result.h"

/* ---- the catalogue ---- */

/* With search_path = pg_catalog, so that no one's operators stand between. */
static const char columns_sql[] =
    "select a.attname, b.type, case when a.atttypmod >= 0 then a.atttypmod else b.typmod end,"
    " greatest(a.attndims, b.dimensions), a.attnotnull, a.atthasdef or a.attidentity <> '', a.attidentity <> '',"
    " a.attidentity = 'a', a.attgenerated <> '',"
    " format_type(b.type, case when a.atttypmod >= 0 then a.atttypmod else b.typmod end), format_type(a.atttypid, a.atttypmod)"
    " from pg_attribute a cross join lateral ("
    "  with recursive chain as ("
    "   select t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typndims, 1 as depth from pg_type t where t.oid = a.atttypid"
    "   union all"
    "   select t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typndims, depth + 1 from chain c join pg_type t on t.oid = c.typbasetype"
    "   where c.typtype = 'd')"
    "  select (pg_catalog.array_agg(oid order by depth desc))[1] as type, pg_catalog.max(typtypmod) as typmod, pg_catalog.max(typndims) as dimensions from chain) b"
    " where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum";

static const char keys_sql[] =
    "select i.indexrelid, i.indisprimary, a.attname, 'operator(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'"
    " from pg_index i cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality k (attnum, class, place)"
    " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum"
    " join pg_opclass c on c.oid = k.class"
    " join pg_amop m on m.amopfamily = c.opcfamily and m.amopstrategy = 3 and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype"
    " join pg_operator o on o.oid = m.amopopr join pg_namespace n on n.oid = o.oprnamespace"
    " where i.indrelid = $1::oid and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null"
    " order by i.indisprimary desc, i.indexrelid, k.place";

static const char table_sql[] =
    "select pg_catalog.row_security_active(c.oid),"
    " exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('O', 'A')"
    "  and t.tgtype & 1 = 1 and t.tgtype & 4 = 4 and t.tgtype & 66 <> 0),"
    " exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type = '3'), c.relhastriggers,"
    " c.relkind in ('v', 'f') or exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1')"
    " or exists (select from pg_trigger t where (t.tgrelid = c.oid or t.tgrelid in (select relid from pg_catalog.pg_partition_tree(c.oid)))"
    "  and not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgtype & 1 = 1 and t.tgtype & 66 <> 0),"
    " c.relkind in ('v', 'f') or (c.relkind = 'r' and exists (select from pg_inherits i where i.inhparent = c.oid))"
    " from pg_class c where c.oid = $1::oid";

/* The statements' one parameter. */
static struct rc_parameters
one(const char *const *value)
{
	return (struct rc_parameters){ .count = 1, .values = value };
}

static const char *
copy(struct rc_table *table, const PGresult *result, int row, int column)
{
	const char *text = rc_result_text(result, row, column);

	return rc_arena_copy(&table->arena, text, strlen(text));
}

static bool
is_true(const PGresult *result, int row, int column)
{
	return *rc_result_text(result, row, column) == 't';
}

static void
read_columns(struct rc_table *table, const PGresult *result)
{
	table->column_count = (size_t)PQntuples(result);
	table->columns = rc_arena_alloc(&table->arena, rc_size_mul(table->column_count + 1, sizeof *table->columns));
	for (int i = 0; i < PQntuples(result); i++)
		table->columns[i] = (struct rc_table_column){
			.name = copy(table, result, i, 0),
			.type = (Oid)strtoul(rc_result_text(result, i, 1), NULL, 10),
			.typmod = atoi(rc_result_text(result, i, 2)),
			.dimensions = atoi(rc_result_text(result, i, 3)),
			.not_null = is_true(result, i, 4),
			.has_default = is_true(result, i, 5),
			.is_identity = is_true(result, i, 6),
			.always_identity = is_true(result, i, 7),
			.is_generated = is_true(result, i, 8),
			.base = copy(table, result, i, 9),
			.declared = copy(table, result, i, 10),
		};
}

static void
read_keys(struct rc_table *table, const PGresult *result)
{
	table->key_count = (size_t)PQntuples(result);
	table->keys = rc_arena_alloc(&table->arena, rc_size_mul(table->key_count + 1, sizeof *table->keys));
	for (int i = 0; i < PQntuples(result); i++)
		table->keys[i] = (struct rc_table_key){
			.index = (Oid)strtoul(rc_result_text(result, i, 0), NULL, 10),
			.primary = is_true(result, i, 1),
			.column = copy(table, result, i, 2),
			.equals = copy(table, result, i, 3),
		};
}

/* Sets the search_path and gives what it was, in the arena. */
static const char *
set_path(struct rc_table *table, struct rc_session *session, const char *path)
{
	struct rc_parameters parameters = one(&path);
	PGresult *result = rc_session_query(session, "search_path",
	    "select pg_catalog.current_setting('search_path'), pg_catalog.set_config('search_path', $1, true)", &parameters);
	const char *before = copy(table, result, 0, 0);

	PQclear(result);
	return before;
}

void
rc_table_read(struct rc_table *table, struct rc_session *session, const char *name)
{
	const char *oid, *path;
	struct rc_parameters parameters;
	PGresult *result;

	*table = (struct rc_table){0};
	rc_relation_find(&table->relation, session, name);
	if (strchr("rpvf", table->relation.kind) == NULL)
		rc_die(RC_FATAL, "%s: a materialized view takes no rows", name);
	oid = table->relation.oid;
	parameters = one(&oid);
	path = set_path(table, session, "pg_catalog");
	result = rc_session_query(session, name, table_sql, &parameters);
	table->row_security = is_true(result, 0, 0);
	table->insert_trigger = is_true(result, 0, 1);
	table->insert_rule = is_true(result, 0, 2);
	table->triggers = is_true(result, 0, 3);
	table->keepers = is_true(result, 0, 4);
	table->may_share_keys = is_true(result, 0, 5);
	PQclear(result);
	result = rc_session_query(session, name, columns_sql, &parameters);
	read_columns(table, result);
	PQclear(result);
	result = rc_session_query(session, name, keys_sql, &parameters);
	read_keys(table, result);
	PQclear(result);
	set_path(table, session, path);
}

void
rc_table_free(struct rc_table *table)
{
	rc_relation_free(&table->relation);
	rc_arena_free(&table->arena);
}

/* ---- names ---- */

const struct rc_table_column *
rc_table_find(const struct rc_table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (strlen(table->columns[i].name) == length && memcmp(table->columns[i].name, name, length) == 0)
			return &table->columns[i];
	return NULL;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

enum { NAME_MAX_BYTES = 64 };

/* How many letters must be added, taken away, changed, or swapped with the next (optimal string alignment). */
static unsigned
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][NAME_MAX_BYTES + 1];

	if (a_length > NAME_MAX_BYTES || b_length > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (size_t k = 0; k <= b_length; k++)
		rows[0][k] = (unsigned)k;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t k = 1; k <= b_length; k++) {
			row[k] = least(before[k - 1] + (a[i - 1] != b[k - 1]), least(before[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], two_before[k - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *
rc_table_near(const char *name, size_t length, const char *const *names, size_t count)
{
	unsigned best = length < 3 ? 1 : length < 6 ? 2 : 3;	/* the distance that is too far */
	const char *near = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned far;

		if (strlen(names[i]) == length && strncasecmp(names[i], name, length) == 0)
			return names[i];
		if ((far = distance(name, length, names[i], strlen(names[i]))) < best) {
			best = far;
			near = names[i];
		}
	}
	return near;
}

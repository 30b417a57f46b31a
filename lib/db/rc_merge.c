#include "rc_merge.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_merge_kept.h"
#include "rc_merge_sql.h"
#include "rc_result.h"

void
rc_merge_create(struct rc_merge *merge, struct rc_buf *copy)
{
	/* So that a join of a million rows mostly stays in memory. */
	static const char memory[] = "select pg_catalog.set_config('work_mem', '128MB', true)"
	    " where pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) operator(pg_catalog.<) 134217728";
	struct rc_buf sql = {0};
	const char *comma = "";

	rc_buf_add_text(&sql, "create temporary table rc_import (line pg_catalog.int8");
	rc_buf_add_text(copy, "copy pg_temp.rc_import (line");
	for (size_t i = 0; i < merge->column_count; i++)
		if (!merge->other[i]) {
			rc_buf_printf(&sql, ", c%zu %s", i + 1, merge->columns[i]->base);
			rc_buf_printf(copy, ", c%zu", i + 1);
		}
	if (rc_merge_has_other(merge)) {
		rc_buf_add_text(&sql, ", other pg_catalog.json");
		rc_buf_add_text(copy, ", other");
	}
	if (merge->records) {
		rc_buf_add_text(&sql, ", record pg_catalog.text");
		rc_buf_add_text(copy, ", record");
	}
	rc_buf_add_text(&sql, ") on commit drop");
	rc_buf_add_text(copy, ") from stdin (format binary)");
	PQclear(rc_session_query(merge->session, "a temporary table", rc_buf_text(&sql), NULL));
	PQclear(rc_session_query(merge->session, "work_mem", memory, NULL));
	if (rc_merge_has_other(merge)) {
		sql.length = 0;
		rc_buf_add_text(&sql, "create temporary table rc_import_other (");
		for (size_t i = 0; i < merge->column_count; i++)
			if (merge->other[i]) {
				rc_merge_add_name(merge, &sql, comma, merge->columns[i]->name);
				rc_buf_printf(&sql, " %s", merge->columns[i]->declared);
				comma = ", ";
			}
		rc_buf_add_text(&sql, ") on commit drop");
		PQclear(rc_session_query(merge->session, "a temporary table", rc_buf_text(&sql), NULL));
	}
	rc_buf_free(&sql);
}

/* Adds the rows with the line before of the same key, `before`, and the number from the last line of it, `back`. */
static void
add_neighbours(const struct rc_merge *merge, struct rc_buf *sql)
{
	struct rc_buf keys = {0};

	for (size_t k = 0; k < merge->key_count; k++)
		for (size_t i = 0; i < merge->column_count; i++)
			if (strcmp(merge->columns[i]->name, merge->keys[k].column) == 0) {
				rc_buf_add_text(&keys, k == 0 ? "" : ", ");
				rc_merge_add_source(merge, &keys, i);
			}
	rc_buf_printf(sql, "(select s.line, pg_catalog.lag(s.line) over (partition by %s order by s.line) as before,"
	    " pg_catalog.lead(s.line) over (partition by %s order by s.line) as next from ", rc_buf_text(&keys), keys.bytes);
	rc_merge_add_from(merge, sql);
	rc_buf_add_text(sql, ") n");
	rc_buf_free(&keys);
}

void
rc_merge_prepare(struct rc_merge *merge)
{
	struct rc_buf sql = {0};
	const char *comma = " (";

	rc_buf_add_text(&sql, "analyze pg_temp.rc_import");
	for (size_t i = 0; i < merge->column_count; i++)
		if (!merge->other[i] && rc_merge_is_key(merge, merge->columns[i])) {
			rc_buf_printf(&sql, "%sc%zu", comma, i + 1);
			comma = ", ";
		}
	if (strcmp(comma, " (") == 0)
		rc_buf_add_text(&sql, " (line");
	rc_buf_add_text(&sql, ")");
	PQclear(rc_session_query(merge->session, "a temporary table", rc_buf_text(&sql), NULL));
	rc_buf_free(&sql);
}

bool
rc_merge_check_keys(struct rc_merge *merge, bool keep_last, unsigned long long *line, unsigned long long *before)
{
	struct rc_buf sql = {0};
	PGresult *result;
	bool good;

	if (keep_last) {
		rc_buf_add_text(&sql, "delete from pg_temp.rc_import d using ");
		add_neighbours(merge, &sql);
		rc_buf_add_text(&sql, " where d.line operator(pg_catalog.=) n.line and n.next is not null");
	} else {
		rc_buf_add_text(&sql, "select n.line, n.before from ");
		add_neighbours(merge, &sql);
		rc_buf_add_text(&sql, " where n.before is not null order by n.line limit 1");
	}
	result = rc_session_query(merge->session, "rows of one key", rc_buf_text(&sql), NULL);
	if (!keep_last && PQnfields(result) != 2)
		rc_session_misled("rows of one key");
	good = keep_last || PQntuples(result) == 0;
	if (keep_last) {
		unsigned long long gone = strtoull(PQcmdTuples(result), NULL, 10);

		merge->unchanged += gone;
		merge->rows -= gone;
	}
	if (!good) {
		*line = strtoull(rc_result_text(result, 0, 0), NULL, 10);
		*before = strtoull(rc_result_text(result, 0, 1), NULL, 10);
	}
	PQclear(result);
	rc_buf_free(&sql);
	return good;
}

/* ---- taking the rows ---- */

/*
 * Whether many of the ALL rows are in the table as they are, judged by a
 * few hundred of them.  Then it is cheaper to look for them first than to try to
 * insert each, which locks the row that is there; else it would be dearer.
 */
static bool
are_mostly_same(const struct rc_merge *merge, unsigned long long all)
{
	/*
	 * Places that are spread evenly over the blocks.  TABLESAMPLE SYSTEM takes each block by chance, and of a few dozen
	 * it may take none.
	 */
	static const char places[] = " where ctid operator(pg_catalog.=) any (array(select pg_catalog.format('(%s,%s)',"
	    " n operator(pg_catalog.*) b operator(pg_catalog./) 300,"
	    " n operator(pg_catalog.*) b operator(pg_catalog.%) 300 operator(pg_catalog./) b operator(pg_catalog.+) 1)::pg_catalog.tid"
	    " from pg_catalog.generate_series(0::pg_catalog.int8, 299) n, (select pg_catalog.pg_relation_size('pg_temp.rc_import')"
	    " operator(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8 as b) size))";
	struct rc_buf sql = {0};
	unsigned long long seen, differ;
	PGresult *result;

	rc_buf_add_text(&sql, "select pg_catalog.count(*), pg_catalog.count(*) filter (where ");
	rc_merge_add_differs(merge, &sql);
	rc_buf_add_text(&sql, ") from (select * from pg_temp.rc_import");
	if (all > 600)
		rc_buf_add_text(&sql, places);
	rc_buf_add_text(&sql, ") s");
	result = rc_session_query(merge->session, "a sample", rc_buf_text(&sql), NULL);
	seen = strtoull(rc_result_text(result, 0, 0), NULL, 10);
	differ = strtoull(rc_result_text(result, 0, 1), NULL, 10);
	PQclear(result);
	rc_buf_free(&sql);
	return seen > 0 && (seen - differ) * 4 > seen;
}

/* Adds the INSERT without RETURNING; where many are the SAME as in the table, those stay out of it. */
static void
add_insert(const struct rc_merge *merge, struct rc_buf *sql, unsigned long long from, unsigned long long to, bool same)
{
	bool identity = false;

	rc_buf_printf(sql, "insert into %s as t (", merge->table->relation.sql);
	for (size_t i = 0; i < merge->column_count; i++) {
		rc_merge_add_name(merge, sql, i == 0 ? "" : ", ", merge->columns[i]->name);
		identity |= merge->columns[i]->is_identity;
	}
	rc_buf_printf(sql, ")%s select ", identity ? " overriding system value" : "");
	for (size_t i = 0; i < merge->column_count; i++) {
		rc_buf_add_text(sql, i == 0 ? "" : ", ");
		rc_merge_add_source(merge, sql, i);
	}
	rc_buf_add_text(sql, " from ");
	rc_merge_add_from(merge, sql);
	rc_merge_add_range(sql, "where", from, to);
	if (same) {
		rc_buf_add_text(sql, from > 0 || to < ULLONG_MAX ? " and " : " where ");
		rc_merge_add_differs(merge, sql);
	}
	if (merge->mode == RC_MERGE_SKIP)
		rc_buf_add_text(sql, " on conflict do nothing");
	if (merge->mode != RC_MERGE_UPSERT)
		return;
	rc_buf_add_text(sql, " on conflict (");
	for (size_t k = 0; k < merge->key_count; k++)
		rc_merge_add_name(merge, sql, k == 0 ? "" : ", ", merge->keys[k].column);
	if (!rc_merge_sets_any(merge)) {
		rc_buf_add_text(sql, ") do nothing");
		return;
	}
	rc_buf_add_text(sql, ") do update set ");
	rc_merge_add_assignments(merge, sql, RC_MERGE_EXCLUDED);
	rc_buf_add_text(sql, " where ");
	rc_merge_add_comparison(merge, sql, "record_image_ne", RC_MERGE_EXCLUDED);
}

static void
add_update(const struct rc_merge *merge, struct rc_buf *sql, unsigned long long from, unsigned long long to)
{
	rc_buf_printf(sql, "update %s t set ", merge->table->relation.sql);
	rc_merge_add_assignments(merge, sql, RC_MERGE_SOURCE);
	rc_buf_add_text(sql, " from ");
	rc_merge_add_from(merge, sql);
	rc_buf_add_text(sql, " where ");
	rc_merge_add_same_key(merge, sql);
	rc_buf_add_text(sql, " and ");
	rc_merge_add_comparison(merge, sql, "record_image_ne", RC_MERGE_SOURCE);
	rc_merge_add_range(sql, "and", from, to);
}

/* The rows of the range, and how many of them have a row of their key in the table, where that MATTERS. */
static void
count_rows(const struct rc_merge *merge, unsigned long long from, unsigned long long to, bool matters,
    unsigned long long *all, unsigned long long *matched)
{
	struct rc_buf sql = {0};
	PGresult *result;

	*all = merge->rows;
	*matched = 0;
	if (!matters && from == 0)
		return;
	rc_buf_add_text(&sql, "select pg_catalog.count(*)");
	if (matters) {
		rc_buf_printf(&sql, ", pg_catalog.count(*) filter (where exists (select from %s t where ", merge->table->relation.sql);
		rc_merge_add_same_key(merge, &sql);
		rc_buf_add_text(&sql, "))");
	}
	rc_buf_add_text(&sql, " from ");
	if (matters)
		rc_merge_add_from(merge, &sql);
	else
		rc_buf_add_text(&sql, "pg_temp.rc_import s");
	rc_merge_add_range(&sql, "where", from, to);
	result = rc_session_query(merge->session, "the count", rc_buf_text(&sql), NULL);
	*all = strtoull(rc_result_text(result, 0, 0), NULL, 10);
	*matched = matters ? strtoull(rc_result_text(result, 0, 1), NULL, 10) : 0;
	PQclear(result);
	rc_buf_free(&sql);
}

/* Ends the process where an update would change more rows than the MATCHED records are for. */
static void
check_one_each(const struct rc_merge *merge, unsigned long long from, unsigned long long to, unsigned long long matched)
{
	struct rc_buf sql = {0};
	unsigned long long pairs;

	if (!merge->table->may_share_keys)
		return;
	rc_buf_add_text(&sql, "select pg_catalog.count(*) from ");
	rc_merge_add_from(merge, &sql);
	rc_buf_printf(&sql, ", %s t where ", merge->table->relation.sql);
	rc_merge_add_same_key(merge, &sql);
	rc_merge_add_range(&sql, "and", from, to);
	pairs = rc_merge_count(merge, &sql);
	if (pairs > matched)
		rc_die(RC_FATAL, "%s: the keys of %llu records are those of %llu rows; nothing was changed", merge->table->relation.sql, matched, pairs);
}

/*
 * How many rows this transaction has put into the table, by the server's own
 * statistics, less what it took out again (an insertion that a race lost);
 * false where they are off.
 */
static bool
ask_statistics(const struct rc_merge *merge, long long *inserted)
{
	static const char sql[] = "select pg_catalog.pg_stat_get_xact_tuples_inserted($1::pg_catalog.oid)"
	    " operator(pg_catalog.-) pg_catalog.pg_stat_get_xact_tuples_deleted($1::pg_catalog.oid), pg_catalog.current_setting('track_counts')";
	const char *value = merge->table->relation.oid;
	struct rc_parameters parameters = { .count = 1, .values = &value };
	PGresult *result;
	bool on;

	result = rc_session_query(merge->session, "the count", sql, &parameters);
	*inserted = strtoll(rc_result_text(result, 0, 0), NULL, 10);
	on = strcmp(rc_result_text(result, 0, 1), "on") == 0;
	PQclear(result);
	return on;
}

/* How an upsert's rows are told apart: those that are new, and those that were there. */
enum census {
	NO_NEED,
	BY_MATCHES,	/* those that had a row of their key before */
	BY_STATISTICS,	/* costs nothing, but triggers may put rows into the table, too */
	BY_ROW,		/* each row's xmax tells; a twentieth more */
};

static enum census
choose_census(const struct rc_merge *merge, long long *before)
{
	if (merge->mode == RC_MERGE_UPDATE)
		return BY_MATCHES;
	if (merge->mode != RC_MERGE_UPSERT)
		return NO_NEED;
	if (merge->table->relation.kind != 'r')
		return BY_MATCHES;
	return !merge->table->triggers && ask_statistics(merge, before) ? BY_STATISTICS : BY_ROW;
}

/* How many of ALL rows have a row of their key now, after an upsert. */
static unsigned long long
count_matched(const struct rc_merge *merge, unsigned long long from, unsigned long long to, unsigned long long all)
{
	unsigned long long matched = all;

	if (merge->table->keepers)	/* a new one may have been kept out */
		count_rows(merge, from, to, true, &all, &matched);
	return matched;
}

/* Adds the statement that takes the rows. */
static void
add_statement(struct rc_merge *merge, struct rc_buf *sql, unsigned long long from, unsigned long long to, enum census census)
{
	bool same = merge->mode == RC_MERGE_UPSERT && rc_merge_sets_any(merge) && from == 0 && !rc_merge_has_other(merge) && are_mostly_same(merge, merge->rows);

	if (census == BY_ROW)
		rc_buf_add_text(sql, "with done as (");
	if (merge->mode == RC_MERGE_UPDATE)
		add_update(merge, sql, from, to);
	else
		add_insert(merge, sql, from, to, same);
	if (census == BY_ROW)
		rc_buf_add_text(sql, " returning t.xmax operator(pg_catalog.=) 0 as fresh)"
		    " select pg_catalog.count(*), pg_catalog.count(*) filter (where fresh) from done");
}

PGresult *
rc_merge_apply(struct rc_merge *merge, unsigned long long from, unsigned long long to)
{
	struct rc_buf sql = {0};
	unsigned long long all, matched, done, fresh = 0;
	unsigned long long wanted = rc_merge_is_watched(merge) ? rc_merge_count_differing(merge, from, to) : 0;
	long long before = 0, after = 0;
	enum census census = choose_census(merge, &before);
	PGresult *result;

	count_rows(merge, from, to, census == BY_MATCHES, &all, &matched);
	if (merge->mode == RC_MERGE_UPDATE)
		check_one_each(merge, from, to, matched);
	add_statement(merge, &sql, from, to, census);
	result = rc_session_exec(merge->session, rc_buf_text(&sql), NULL);
	rc_buf_free(&sql);
	if (!rc_result_is_good(result))
		return result;
	done = strtoull(census == BY_ROW ? rc_result_text(result, 0, 0) : PQcmdTuples(result), NULL, 10);
	if (census == BY_STATISTICS)
		ask_statistics(merge, &after);
	switch (census) {
	case NO_NEED: fresh = done; break;
	case BY_MATCHES: fresh = merge->mode == RC_MERGE_UPDATE ? 0 : count_matched(merge, from, to, all) - matched; break;
	case BY_STATISTICS: fresh = (unsigned long long)(after - before); break;
	case BY_ROW: fresh = strtoull(rc_result_text(result, 0, 1), NULL, 10); break;
	}
	PQclear(result);
	if (merge->mode == RC_MERGE_INSERT)
		wanted = all;
	if (done < wanted && (merge->mode == RC_MERGE_INSERT || rc_merge_count_differing(merge, from, to) > 0))
		merge->kept += wanted - done;	/* and not those that another session has made the same meanwhile */
	merge->inserted += fresh;
	merge->updated += done - fresh;
	if (merge->mode == RC_MERGE_UPDATE)
		merge->missing += all - matched;
	merge->unchanged += (merge->mode == RC_MERGE_UPDATE ? matched : all) - done;
	return NULL;
}

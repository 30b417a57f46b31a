#include "rc_change_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rc_mem.h"

enum { STRIPE = 1024 };	/* blocks that a part lies in */

struct rc_change_walk_table {
	char *name, *oid;	/* as SQL */
	unsigned long blocks;
};

static char *
copy_of(const char *text)
{
	return rc_strndup(text, strlen(text));
}

static void
free_tables(struct rc_change_walk *walk)
{
	for (size_t i = 0; i < walk->table_count; i++) {
		free(walk->tables[i].name);
		free(walk->tables[i].oid);
	}
	free(walk->tables);
	walk->tables = NULL;
	walk->table_count = 0;
}

/* To the first row of table number I. */
static void
go_to(struct rc_change_walk *walk, size_t i)
{
	walk->table = i;
	strcpy(walk->place, "(0,0)");
}

void
rc_change_walk_begin(struct rc_change_walk *walk, struct rc_session *session, const struct rc_change *change)
{
	static const char sql[] =
	    "with recursive part (oid) as (select c.oid from pg_catalog.pg_class c where c.relname operator(pg_catalog.=) $1 and c.relkind in ('r', 'p')"
	    "  and pg_catalog.pg_table_is_visible(c.oid)"
	    " union select i.inhrelid from pg_catalog.pg_inherits i join part on i.inhparent operator(pg_catalog.=) part.oid)"
	    " select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind,"
	    "  case c.relkind when 'r' then pg_catalog.pg_relation_size(c.oid) operator(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8 else 0 end"
	    " from part join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) part.oid"
	    " join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace where c.relkind not in ('p') order by c.oid";
	const struct rc_parameters parameters = { .count = 1, .values = &change->table };
	PGresult *result = rc_session_query(session, change->table, sql, &parameters);

	free_tables(walk);
	walk->session = session;
	walk->change = change;
	walk->table_count = (size_t)PQntuples(result);
	walk->tables = rc_alloc(rc_size_mul(walk->table_count + 1, sizeof *walk->tables));
	for (int i = 0; i < PQntuples(result); i++) {
		if (strcmp(rc_result_text(result, i, 2), "r") != 0)
			rc_die(RC_FATAL, "%s: %s is no plain table, and can't be changed in batches", change->table, rc_result_text(result, i, 1));
		walk->tables[i] = (struct rc_change_walk_table){ .oid = copy_of(rc_result_text(result, i, 0)),
		    .name = copy_of(rc_result_text(result, i, 1)), .blocks = strtoul(rc_result_text(result, i, 3), NULL, 10) };
	}
	PQclear(result);
	go_to(walk, 0);
}

bool
rc_change_walk_is_over(const struct rc_change_walk *walk)
{
	return walk->table == walk->table_count;
}

/* Adds the condition of the rows behind PLACE, up to the one at LAST or before that. */
static void
add_range(const char *place, const char *comparison, const char *last, struct rc_buf *sql)
{
	rc_buf_printf(sql, " and ctid operator(pg_catalog.>) '%s'::pg_catalog.tid and ctid operator(pg_catalog.%s) '%s'::pg_catalog.tid", place, comparison, last);
}

/* Adds what makes rows of the whole those of this part of it. */
static void
add_table(const struct rc_change_walk *walk, struct rc_buf *sql)
{
	rc_buf_printf(sql, " and tableoid operator(pg_catalog.=) %s::pg_catalog.oid", walk->tables[walk->table].oid);
}

/* Finds out whether what was not changed was kept out; the part may also have met changes of others. */
static PGresult *
verify(struct rc_change_walk *walk)
{
	struct rc_change part = *walk->change;
	struct rc_buf rows = {0};
	PGresult *stopped;

	rc_buf_add_text(&rows, part.rows);
	add_range(walk->place, "<=", walk->next, &rows);
	add_table(walk, &rows);
	part.rows = rc_buf_text(&rows);
	stopped = rc_change_verify(walk->session, &part, &walk->kept_out);
	rc_buf_free(&rows);
	return stopped;
}

static void
add_update(const struct rc_change_walk *walk, const char *end, long limit, struct rc_buf *sql)
{
	const struct rc_change *change = walk->change;
	struct rc_buf column = {0};

	rc_session_add_identifier(walk->session, &column, change->column);
	rc_buf_text(&column);
	rc_buf_printf(sql, "with rc_part as materialized (select ctid as place from only %s where %s", walk->tables[walk->table].name, change->rows);
	add_range(walk->place, "<", end, sql);
	rc_buf_printf(sql, " order by ctid limit %ld), rc_changed as (update ", limit);
	rc_session_add_identifier(walk->session, sql, change->table);	/* by its own name: its rights and its triggers are what count */
	rc_buf_printf(sql, " set %s = $1::%s where ctid operator(pg_catalog.=) any (array(select place from rc_part))", column.bytes, change->type);
	add_table(walk, sql);
	rc_buf_printf(sql, " and %s returning %s is null as kept)", change->rows, column.bytes);
	rc_buf_add_text(sql, " select (select pg_catalog.count(*) from rc_part), (select pg_catalog.max(place) from rc_part),"
	    " (select pg_catalog.count(*) from rc_changed), (select pg_catalog.count(*) from rc_changed where kept)");
	rc_buf_free(&column);
}

PGresult *
rc_change_walk_change(struct rc_change_walk *walk, long limit)
{
	unsigned long first = strtoul(walk->place + 1, NULL, 10), end = (first / STRIPE + 1) * STRIPE;
	struct rc_buf sql = {0};
	PGresult *result;

	walk->at_end = end >= walk->tables[walk->table].blocks;
	snprintf(walk->next, sizeof walk->next, "(%lu,0)", end);
	add_update(walk, walk->next, limit, &sql);
	if (rc_change_run(walk->session, walk->change, rc_buf_text(&sql), &result)) {
		rc_buf_free(&sql);
		return result;
	}
	rc_buf_free(&sql);
	walk->found = strtoull(rc_result_text(result, 0, 0), NULL, 10);
	walk->changed = strtoull(rc_result_text(result, 0, 2), NULL, 10);
	walk->kept_out = strcmp(rc_result_text(result, 0, 3), "0") != 0;
	if (walk->found == (unsigned long long)limit) {	/* more may lie there */
		walk->at_end = false;
		snprintf(walk->next, sizeof walk->next, "%s", rc_result_text(result, 0, 1));
	}
	PQclear(result);
	return walk->changed < walk->found && !walk->kept_out ? verify(walk) : NULL;
}

void
rc_change_walk_step(struct rc_change_walk *walk)
{
	if (walk->at_end)
		go_to(walk, walk->table + 1);
	else
		memcpy(walk->place, walk->next, sizeof walk->place);
}

void
rc_change_walk_free(struct rc_change_walk *walk)
{
	free_tables(walk);
	*walk = (struct rc_change_walk){0};
}

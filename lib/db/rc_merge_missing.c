#include "rc_merge_missing.h"

#include <stdlib.h>

#include "rc_merge_sql.h"
#include "rc_result.h"

static void
add_missing(const struct rc_merge *merge, struct rc_buf *sql)
{
	rc_buf_add_text(sql, "not exists (select from ");
	rc_merge_add_from(merge, sql);
	rc_buf_add_text(sql, " where ");
	rc_merge_add_same_key(merge, sql);
	rc_buf_add_text(sql, ")");
}

char *
rc_merge_missing_sql(const struct rc_merge *merge)
{
	struct rc_buf sql = {0};

	rc_buf_add_text(&sql, "select pg_catalog.to_json(r.*)::pg_catalog.text from (select 'missing'::pg_catalog.text as status, pg_catalog.to_json(k.*) as key from (select ");
	for (size_t k = 0; k < merge->key_count; k++)
		rc_merge_add_name(merge, &sql, k == 0 ? "t." : ", t.", merge->keys[k].column);
	rc_buf_printf(&sql, " from %s t where ", merge->table->relation.sql);
	add_missing(merge, &sql);
	rc_buf_add_text(&sql, " order by ");
	for (size_t k = 0; k < merge->key_count; k++)
		rc_buf_printf(&sql, "%s%zu", k == 0 ? "" : ", ", k + 1);
	rc_buf_add_text(&sql, ") k) r");
	return rc_buf_text(&sql);
}

static void
add_change(const struct rc_merge *merge, struct rc_buf *sql, enum rc_merge_missing action, const struct rc_table_column *column)
{
	if (action == RC_MERGE_DELETE) {
		rc_buf_printf(sql, "delete from %s t where ", merge->table->relation.sql);
	} else {
		rc_buf_printf(sql, "update %s t set ", merge->table->relation.sql);
		rc_merge_add_name(merge, sql, "", column->name);
		rc_buf_printf(sql, " = $1::%s where ", column->declared);
	}
}

/* How many rows the statement gives or changes: a count of those that the change is for, where COUNTS, or the change. */
static unsigned long long
run(const struct rc_merge *merge, enum rc_merge_missing action, const struct rc_table_column *column, const char *value, bool counts)
{
	struct rc_parameters parameters = { .count = action == RC_MERGE_SET, .values = &value };
	struct rc_buf sql = {0};
	unsigned long long rows;
	PGresult *result;

	if (counts)
		rc_buf_printf(&sql, "select pg_catalog.count(*) from %s t where ", merge->table->relation.sql);
	else
		add_change(merge, &sql, action, column);
	if (action == RC_MERGE_SET) {
		rc_buf_add_text(&sql, "pg_catalog.record_image_ne(row(");
		rc_merge_add_name(merge, &sql, "t.", column->name);
		rc_buf_printf(&sql, "), row($1::%s)) and ", column->declared);
	}
	add_missing(merge, &sql);
	result = rc_session_query(merge->session, "rows that the input lacks", rc_buf_text(&sql), &parameters);
	rows = strtoull(counts ? rc_result_text(result, 0, 0) : PQcmdTuples(result), NULL, 10);
	PQclear(result);
	rc_buf_free(&sql);
	return rows;
}

void
rc_merge_missing(struct rc_merge *merge, enum rc_merge_missing action, const struct rc_table_column *column, const char *value)
{
	bool changes = action == RC_MERGE_DELETE || action == RC_MERGE_SET;
	bool watched = changes && merge->table->keepers;
	unsigned long long wanted = changes && !watched ? 0 : run(merge, action, column, value, true), done;

	if (!changes) {
		merge->missing += wanted;
		return;
	}
	done = run(merge, action, column, value, false);
	merge->missing += done;
	if (watched && done < wanted && run(merge, action, column, value, true) > 0)
		merge->kept += wanted - done;
}

#include "rc_export_query.h"


#include "rc_name_list.h"

/* Adds the names of --columns, each in quotes. */
static void
add_columns(const struct rc_export_query *query, struct rc_buf *sql)
{
	const char *list = query->columns, *comma = "";
	struct rc_buf name = {0};

	if (list == NULL)
		rc_buf_add_text(sql, "*");
	while (list != NULL && rc_name_list_next(&list, &name)) {
		rc_buf_add_text(sql, comma);
		rc_session_add_identifier(query->session, sql, rc_buf_text(&name));
		comma = ", ";
	}
	rc_buf_free(&name);
}

/* The newlines end a comment of the user's. */
void
rc_export_query_add(const struct rc_export_query *query, const char *range, struct rc_buf *sql)
{
	const char *and = " where ";

	rc_buf_add_text(sql, "select ");
	add_columns(query, sql);
	if (query->table != NULL)
		rc_buf_printf(sql, " from %s", query->table);
	else
		rc_buf_printf(sql, " from (\n%s\n) as rc_query", query->query);
	if (query->where != NULL) {
		rc_buf_printf(sql, "%s(\n%s\n)", and, query->where);
		and = " and ";
	}
	if (query->resume_after != NULL) {
		rc_buf_add_text(sql, and);
		rc_session_add_identifier(query->session, sql, query->resume_key);
		rc_buf_add_text(sql, " > ");
		rc_session_add_literal(query->session, sql, query->resume_after);
		and = " and ";
	}
	if (range != NULL)
		rc_buf_printf(sql, "%s%s", and, range);
	if (query->order_by != NULL)
		rc_buf_printf(sql, " order by \n%s\n", query->order_by);
	if (query->resume_key != NULL) {
		rc_buf_add_text(sql, " order by ");
		rc_session_add_identifier(query->session, sql, query->resume_key);
	}
}

void
rc_export_query_add_copy(const struct rc_export_query *query, const char *range, const struct rc_row_column *columns, size_t count,
    struct rc_buf *sql)
{
	const char *comma = "";

	rc_buf_add_text(sql, "copy (select ");
	for (size_t i = 0; i < count; i++, comma = ", ")
		rc_buf_printf(sql, columns[i].shape.kind == RC_ROW_OTHER ? "%spg_catalog.to_json(rc_row.c%zu)" : "%src_row.c%zu", comma, i);
	rc_buf_add_text(sql, " from (");
	rc_export_query_add(query, range, sql);
	rc_buf_add_text(sql, ") as rc_row");
	comma = " (";
	for (size_t i = 0; i < count; i++, comma = ", ")
		rc_buf_printf(sql, "%sc%zu", comma, i);
	rc_buf_printf(sql, "%s) to stdout (format binary)", count > 0 ? ")" : "");
	rc_buf_text(sql);
}

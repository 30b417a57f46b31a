#include "rc_merge_kept.h"

#include "rc_merge_sql.h"

bool
rc_merge_is_watched(const struct rc_merge *merge)
{
	return merge->table->keepers && (merge->mode == RC_MERGE_UPSERT || merge->mode == RC_MERGE_UPDATE);
}

unsigned long long
rc_merge_count_differing(const struct rc_merge *merge, unsigned long long from, unsigned long long to)
{
	struct rc_buf sql = {0};

	rc_buf_add_text(&sql, "select pg_catalog.count(*) from ");
	rc_merge_add_from(merge, &sql);
	rc_buf_add_text(&sql, " where ");
	rc_merge_add_differs(merge, &sql);
	rc_merge_add_range(&sql, "and", from, to);
	return rc_merge_count(merge, &sql);
}

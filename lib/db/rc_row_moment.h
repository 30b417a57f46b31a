/*
 * rc_row_moment - dates and times of JSON as PostgreSQL's binary values
 *
 * The text is ISO 8601 as PostgreSQL's to_json writes it: years of four digits
 * or more, a T (or a blank) before the time, up to six decimals of the second,
 * " BC" at the end, `infinity` and `-infinity`.  What the type would drop (a
 * zone, a time, more decimals) is refused.  Days and microseconds count from
 * 2000-01-01, as in src/include/datatype/timestamp.h.
 */
#ifndef RC_ROW_MOMENT_H
#define RC_ROW_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rc_moment {
	RC_MOMENT_OK,
	RC_MOMENT_NONE,		/* it has not the form */
	RC_MOMENT_ABSENT,	/* no calendar has such a day, no clock such a time */
	RC_MOMENT_FAR,		/* beyond what the type holds */
	RC_MOMENT_PRECISE,	/* more decimals than the type keeps */
	RC_MOMENT_ZONE,		/* a zone where there must be none, or none where there must be one */
};

/* TEXT is a date; RESULT its days. */
enum rc_moment rc_moment_date(const char *text, size_t length, int32_t *result);

/* TEXT is a date and time, with a zone or not; RESULT its microseconds.  DECIMALS are those of the type, -1 for six. */
enum rc_moment rc_moment_timestamp(const char *text, size_t length, bool zone, int decimals, int64_t *result);

#endif

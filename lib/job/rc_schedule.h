/*
 * rc_schedule - the five fields of a crontab, and whether they fit a moment
 *
 * minute hour day-of-month month day-of-week, as in POSIX's crontab: lists of
 * numbers and ranges, or *.  From Vixie's cron: steps behind a range or *, the
 * first three letters of months and days as names, 7 for Sunday, and @hourly,
 * @daily (@midnight), @weekly, @monthly, @yearly (@annually).  Where both days
 * are restricted, that is, neither begins with *, one of them is enough.
 */
#ifndef RC_SCHEDULE_H
#define RC_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct rc_schedule {
	uint64_t minutes, hours, days, months, weekdays;	/* a bit for each number: months from 1, Sunday is 0 */
	bool either_day;	/* one of the two days is enough */
};

/* Reads TEXT; NULL, or a static text that says what is wrong. */
const char *rc_schedule_read(struct rc_schedule *schedule, const char *text);

/* Whether a moment, of which the seconds do not count, fits. */
bool rc_schedule_fits(const struct rc_schedule *schedule, const struct tm *moment);

#endif

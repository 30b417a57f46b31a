/*
 * rc-job-slots - the jobs of a crontab that are due between two times
 *
 * Holds the crontab, whose entries are all looked at before one is written.  A
 * slot is a minute in UTC, so one that a zone's clock skips does not come, and
 * one that it has twice comes twice.
 */
#define _GNU_SOURCE	/* timegm(3) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_schedule.h"
#include "rc_stream.h"

enum { OPT_AFTER = RC_OPT_LONG, OPT_UNTIL };
enum { TIME_SIZE = 32, MINUTE = 60, WINDOW_DAYS_MAX = 366, DAY = 24 * 60 * MINUTE };

static const struct rc_option options[] = {
	{ OPT_AFTER, "after", "TIME", "only what is due later than 2026-11-27T08:00:00Z (default: a minute before --until)" },
	{ OPT_UNTIL, "until", "TIME", "and not later than that (default: now)" },
	RC_OPTION_END
};

static const char *const example[] = { "--after", "2026-11-27T02:59:00Z", "--until", "2026-11-27T03:00:00Z", NULL };

static const struct rc_program program = {
	.name = "rc-job-slots",
	.synopsis = "[--after TIME] [--until TIME] [FILE ...]",
	.summary = "say which jobs of a crontab are due",
	.options = options,
	.reads = "entries: {\"name\",\"schedule\",\"job_type\"}, and if wanted \"zone\", \"payload\" and \"after\"",
	.writes = "the entries that are due, once for each time, with \"slot\" and \"dedup_key\"; \"payload\" is {} and \"after\" 0 where absent",
	.category = "worker",
	.example = example,
	.example_input = "{\"name\":\"nightly\",\"schedule\":\"0 3 * * *\",\"job_type\":\"PURGE\"}\n",
};

struct entry {
	struct rc_record record;
	struct rc_schedule schedule;
	const char *name, *zone;
};

struct crontab {
	struct entry *entries;
	size_t count;
};

static time_t
read_time(const char *option, const char *text)
{
	struct tm moment = {0};
	char again[TIME_SIZE];
	int length = 0;
	time_t time;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &moment.tm_year, &moment.tm_mon, &moment.tm_mday, &moment.tm_hour, &moment.tm_min,
	    &moment.tm_sec, &length) != 6 || length != (int)strlen(text))
		rc_usage("--%s is not a time like 2026-11-27T08:00:00Z: '%s'", option, text);
	moment.tm_year -= 1900;
	moment.tm_mon--;
	time = timegm(&moment);
	strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", &moment);
	if (strcmp(again, text) != 0)
		rc_usage("--%s: there is no such time: '%s'", option, text);
	return time;
}

/* Whether this system knows the zone; libc would take UTC for one that it does not know. */
static bool
is_zone(const char *zone)
{
	const char *folder = getenv("TZDIR");
	struct rc_buf path = {0};
	bool known;

	if (strcmp(zone, "UTC") == 0)
		return true;
	if (*zone == '/' || strstr(zone, "..") != NULL ||
	    strspn(zone, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") != strlen(zone))
		return false;
	rc_buf_printf(&path, "%s/%s", folder == NULL || *folder == '\0' ? "/usr/share/zoneinfo" : folder, zone);
	known = *zone != '\0' && access(rc_buf_text(&path), R_OK) == 0;
	rc_buf_free(&path);
	return known;
}

static void
add_entry(struct crontab *crontab, const struct rc_input *in, struct rc_record *record)
{
	struct entry *entry;
	const char *wrong;

	rc_input_need_string(in, record, "job_type");
	crontab->entries = rc_realloc(crontab->entries, rc_size_mul(crontab->count + 1, sizeof *crontab->entries));
	entry = &crontab->entries[crontab->count];
	*entry = (struct entry){0};
	rc_record_copy(&entry->record, record);
	entry->name = rc_input_need_string(in, &entry->record, "name");
	if (*entry->name == '\0')
		rc_input_fail(in, "'name' is empty");
	for (size_t i = 0; i < crontab->count; i++)
		if (strcmp(crontab->entries[i].name, entry->name) == 0)
			rc_input_fail(in, "'%s' is there already, and the slots of both would be one", entry->name);
	if ((wrong = rc_schedule_read(&entry->schedule, rc_input_need_string(in, &entry->record, "schedule"))) != NULL)
		rc_input_fail(in, "'schedule': %s", wrong);
	entry->zone = rc_record_find(&entry->record, "zone") == NULL ? "UTC" : rc_input_need_string(in, &entry->record, "zone");
	if (!is_zone(entry->zone))
		rc_input_fail(in, "'zone': this system knows no time zone '%s'", entry->zone);
	if (rc_record_find(&entry->record, "payload") == NULL)
		rc_record_set_json(&entry->record, "payload", "{}", strlen("{}"));
	if (rc_record_find(&entry->record, "after") == NULL)
		rc_record_set_integer(&entry->record, "after", 0);
	crontab->count++;
}

static void
put_slot(struct rc_output *out, struct entry *entry, time_t minute)
{
	struct rc_buf key = {0};
	char slot[TIME_SIZE];
	struct tm utc;

	gmtime_r(&minute, &utc);
	strftime(slot, sizeof slot, "%Y-%m-%dT%H:%MZ", &utc);
	rc_buf_printf(&key, "%s:%s", entry->name, slot);
	rc_record_set_text(&entry->record, "slot", slot);
	rc_record_set_text(&entry->record, "dedup_key", rc_buf_text(&key));
	rc_output_put(out, &entry->record);
	rc_buf_free(&key);
}

/* Writes the slots of one entry in (AFTER, UNTIL]. */
static void
put_slots(struct rc_output *out, struct entry *entry, time_t after, time_t until)
{
	struct tm local;

	if (setenv("TZ", entry->zone, 1) != 0)
		rc_die(RC_RETRY, "out of memory");
	tzset();
	for (time_t minute = after - after % MINUTE; minute <= until; minute += MINUTE)
		if (minute > after && localtime_r(&minute, &local) != NULL && rc_schedule_fits(&entry->schedule, &local))
			put_slot(out, entry, minute);
}

int
main(int argc, char *argv[])
{
	struct crontab crontab = {0};
	time_t after = 0, until = time(NULL);
	bool has_after = false;
	struct rc_record record = {0};
	struct rc_input in;
	struct rc_output out;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_AFTER: after = read_time("after", optarg); has_after = true; break;
		case OPT_UNTIL: until = read_time("until", optarg); break;
		}
	}
	if (!has_after)
		after = until - MINUTE;
	if (after > until || after < 0 || until - after > (time_t)WINDOW_DAYS_MAX * DAY)
		rc_usage("--after is to be before --until, by %d days at most", WINDOW_DAYS_MAX);
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	while (rc_input_next(&in, &record))
		add_entry(&crontab, &in, &record);
	for (size_t i = 0; i < crontab.count; i++) {
		put_slots(&out, &crontab.entries[i], after, until);
		rc_record_free(&crontab.entries[i].record);
	}
	free(crontab.entries);
	rc_record_free(&record);
	rc_output_pass_end(&out, &in);
	return rc_finish(&in, &out);
}

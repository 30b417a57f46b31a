#include "rc_schedule.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_LENGTH = 3, LONGEST_MONTH = 31 };

struct field {
	int min, max;
	const char *names;	/* three letters each, from MIN on, or NULL */
};

static const struct field minute = { 0, 59, NULL }, hour = { 0, 23, NULL }, day = { 1, LONGEST_MONTH, NULL },
    month = { 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" }, weekday = { 0, 7, "sunmontuewedthufrisat" };

static const struct { const char *word, *fields; } words[] = {
	{ "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" }, { "@midnight", "0 0 * * *" }, { "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" },
};

/* A number or a name at *AT, which is moved behind it; -1 where there is neither. */
static int
read_value(const char **at, const struct field *field)
{
	int value = 0;

	if (**at >= '0' && **at <= '9') {
		for (; **at >= '0' && **at <= '9'; ++*at)
			if ((value = value * 10 + (**at - '0')) > field->max)
				return -1;
		return value >= field->min ? value : -1;
	}
	for (const char *name = field->names; name != NULL && *name != '\0'; name += NAME_LENGTH)
		if (strncasecmp(*at, name, NAME_LENGTH) == 0) {
			*at += NAME_LENGTH;
			return field->min + (int)(name - field->names) / NAME_LENGTH;
		}
	return -1;
}

/* One of the items between commas. */
static bool
read_item(const char **at, const struct field *field, uint64_t *bits)
{
	int first, last, step = 1;
	bool is_range = true;

	if (**at == '*') {
		++*at;
		first = field->min;
		last = field->max;
	} else {
		if ((first = last = read_value(at, field)) < 0)
			return false;
		is_range = **at == '-';
		if (is_range) {
			++*at;
			if ((last = read_value(at, field)) < first)
				return false;
		}
	}
	if (**at == '/') {
		char *end;
		long number = strtol(*at + 1, &end, 10);

		if (!is_range || (*at)[1] < '0' || (*at)[1] > '9' || number < 1 || number > field->max)
			return false;
		*at = end;
		step = (int)number;
	}
	for (int value = first; value <= last; value += step)
		*bits |= UINT64_C(1) << value;
	return true;
}

/* One field and the blanks behind it. */
static bool
read_field(const char **at, const struct field *field, uint64_t *bits)
{
	*bits = 0;
	while (read_item(at, field, bits) && **at == ',')
		++*at;
	if (*bits == 0 || (**at != '\0' && **at != ' ' && **at != '\t') || (*at)[-1] == ',')
		return false;
	*at += strspn(*at, " \t");
	return true;
}

/* Whether there is such a day in any year. */
static bool
comes(const struct rc_schedule *schedule)
{
	static const int lengths[] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (int m = month.min; m <= month.max; m++)
		if (schedule->months >> m & 1 && (schedule->days & ((UINT64_C(1) << (lengths[m] + 1)) - 1)) != 0)
			return true;
	return false;
}

const char *
rc_schedule_read(struct rc_schedule *schedule, const char *text)
{
	bool any_day, any_weekday;

	text += strspn(text, " \t");
	if (*text == '@') {
		const char *fields = NULL;

		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (strcmp(text, words[i].word) == 0)
				fields = words[i].fields;
		if (fields == NULL)
			return "no word that is known: @hourly, @daily, @weekly, @monthly, @yearly";
		text = fields;
	}
	if (!read_field(&text, &minute, &schedule->minutes))
		return "the minute is not understood";
	if (!read_field(&text, &hour, &schedule->hours))
		return "the hour is not understood";
	any_day = *text == '*';
	if (!read_field(&text, &day, &schedule->days))
		return "the day of the month is not understood";
	if (!read_field(&text, &month, &schedule->months))
		return "the month is not understood";
	any_weekday = *text == '*';
	if (!read_field(&text, &weekday, &schedule->weekdays))
		return "the day of the week is not understood";
	if (*text != '\0')
		return "there is more than five fields";
	schedule->weekdays |= schedule->weekdays >> weekday.max & 1;
	schedule->either_day = !any_day && !any_weekday;
	return schedule->either_day || comes(schedule) ? NULL : "there is no such day in any year";
}

bool
rc_schedule_fits(const struct rc_schedule *schedule, const struct tm *moment)
{
	bool day_fits = schedule->days >> moment->tm_mday & 1, weekday_fits = schedule->weekdays >> moment->tm_wday & 1;

	return schedule->minutes >> moment->tm_min & 1 && schedule->hours >> moment->tm_hour & 1 && schedule->months >> (moment->tm_mon + 1) & 1 &&
	    (schedule->either_day ? day_fits || weekday_fits : day_fits && weekday_fits);
}

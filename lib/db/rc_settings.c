#include "rc_settings.h"

#include <string.h>

#include "rc_err.h"

const char *
rc_settings_find(const struct rc_settings *settings, const char *keyword)
{
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->keywords[i], keyword) == 0)
			return settings->values[i];
	return NULL;
}

void
rc_settings_set(struct rc_settings *settings, const char *keyword, const char *value)
{
	const char *copy;
	int i = 0;

	if (*value == '\0')
		return;		/* left open: libpq's default */
	copy = rc_arena_copy(&settings->arena, value, strlen(value));
	while (i < settings->count && strcmp(settings->keywords[i], keyword) != 0)
		i++;
	if (i == RC_SETTINGS_MAX - 1)
		rc_die(RC_FATAL, "DATABASE_URL: too many parameters");
	settings->keywords[i] = keyword;
	settings->values[i] = copy;
	if (i == settings->count)
		settings->count++;
	settings->keywords[settings->count] = settings->values[settings->count] = NULL;
}

void
rc_settings_remove(struct rc_settings *settings, const char *keyword)
{
	int kept = 0;

	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->keywords[i], keyword) != 0) {
			settings->keywords[kept] = settings->keywords[i];
			settings->values[kept++] = settings->values[i];
		}
	settings->count = kept;
	settings->keywords[kept] = settings->values[kept] = NULL;
}

void
rc_settings_copy(struct rc_settings *to, const struct rc_settings *from)
{
	to->hint = from->hint;
	for (int i = 0; i < from->count; i++)
		rc_settings_set(to, rc_arena_copy(&to->arena, from->keywords[i], strlen(from->keywords[i])), from->values[i]);
}

void
rc_settings_wipe(struct rc_settings *settings)
{
	rc_arena_wipe(&settings->arena);
	*settings = (struct rc_settings){0};
}

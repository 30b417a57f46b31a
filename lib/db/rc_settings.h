/*
 * rc_settings - what a login is made with: libpq's keywords and their values
 */
#ifndef RC_SETTINGS_H
#define RC_SETTINGS_H

#include "rc_mem.h"

enum { RC_SETTINGS_MAX = 64 };

/* libpq's keywords and their values, ended by a NULL keyword; all texts are in the arena.  {0} has none. */
struct rc_settings {
	const char *keywords[RC_SETTINGS_MAX], *values[RC_SETTINGS_MAX];
	int count;
	const char *hint;	/* what is added to a failed login's words, a text of the process's life, or NULL */
	struct rc_arena arena;
};

/* Makes TO, which is {0}, a copy; the caller wipes it. */
void rc_settings_copy(struct rc_settings *to, const struct rc_settings *from);

/* Clears the password and all else, and frees. */
void rc_settings_wipe(struct rc_settings *settings);

/* Sets a keyword, a text that outlives SETTINGS, to a copy of VALUE; an empty VALUE leaves it as it is. */
void rc_settings_set(struct rc_settings *settings, const char *keyword, const char *value);

/* The value of KEYWORD, which belongs to SETTINGS, or NULL. */
const char *rc_settings_find(const struct rc_settings *settings, const char *keyword);

/* Takes KEYWORD out, if it is there. */
void rc_settings_remove(struct rc_settings *settings, const char *keyword);

#endif

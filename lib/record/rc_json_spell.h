/*
 * rc_json_spell - JSON whose escapes beyond ASCII are characters
 *
 * For a server whose database is not in UTF8: it may not know which of its
 * characters \u00e9 is, but takes the character as it takes any other.
 */
#ifndef RC_JSON_SPELL_H
#define RC_JSON_SPELL_H

#include <stddef.h>

#include "rc_str.h"

/* Adds TEXT, which is valid JSON, to OUT; a lone surrogate stays an escape. */
void rc_json_spell(const char *text, size_t length, struct rc_buf *out);

#endif

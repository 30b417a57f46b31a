/*
 * rc_link - the Link header (RFC 8288)
 */
#ifndef RC_LINK_H
#define RC_LINK_H

#include <stdbool.h>

#include "rc_str.h"

/* Sets TARGET, ended by a NUL, to the first link of HEADER whose rel has RELATION among its words; false where there is none. */
bool rc_link_find(const char *header, const char *relation, struct rc_buf *target);

#endif

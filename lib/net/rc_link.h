/*
 * rc_link - the Link header (RFC 8288)
 */
#ifndef RC_LINK_H
#define RC_LINK_H

#include "rc_str.h"

enum rc_link { RC_LINK_FOUND, RC_LINK_NONE, RC_LINK_BAD };

/*
 * Sets TARGET, ended by a NUL, to the first link of HEADER whose rel has
 * RELATION among its words.  RC_LINK_BAD: there is none that can be read, and
 * something that can't.
 */
enum rc_link rc_link_find(const char *header, const char *relation, struct rc_buf *target);

#endif

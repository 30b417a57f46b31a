/*
 * rc_page_environment - the environment of a command's page and of what runs in it
 *
 * It is our caller's, without what a shell would take as an order (BASH_ENV),
 * what a page would take as its own (rc_, opt_), and what an outer command has
 * set for its own page.  A secret that the page's contract names is taken out of
 * it, and of our own, for other processes could see it there: NAME_FILE leads
 * to a copy in memory.
 */
#ifndef RC_PAGE_ENVIRONMENT_H
#define RC_PAGE_ENVIRONMENT_H

#include <stddef.h>

#include "rc_page.h"

/* Descriptors that the page's processes have, too, ended by -1 after the first rc_inherited_add(); {0} has none. */
enum { RC_INHERITED_MAX = 16 };
struct rc_inherited {
	int list[RC_INHERITED_MAX + 1];
	size_t count;
};

/* Ends the process with RC_NO where there are too many. */
void rc_inherited_add(struct rc_inherited *inherited, int fd);

/*
 * The environment for the page of the command NAME, ended by NULL and owned by
 * the caller; some of its texts are those of ENVIRON.  REPORT is the page's end
 * of rc_report.  What secrets are read from is added to INHERITED.
 */
char **rc_page_environment(const struct rc_page *page, const char *name, int report, struct rc_inherited *inherited);

/* Of the environment GIVEN what no command has set for its page, ended by NULL; the array is owned by the caller, its texts are those of GIVEN. */
char **rc_page_environment_outside(char *given[]);

#endif

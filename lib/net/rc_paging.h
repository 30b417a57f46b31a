/*
 * rc_paging - how the pages of a listing follow one another
 *
 * A listing that ends where it should not is never taken for a whole one: a
 * page that comes again, is empty in the midst, or is full and says nothing of
 * the next ends the process, RC_RETRY where another try may do.
 */
#ifndef RC_PAGING_H
#define RC_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "rc_err.h"
#include "rc_http.h"
#include "rc_items.h"
#include "rc_seen.h"

enum rc_paging_how { RC_PAGING_LINK, RC_PAGING_CURSOR, RC_PAGING_NEXT_URL, RC_PAGING_PAGE, RC_PAGING_OFFSET, RC_PAGING_NONE };

enum { RC_PAGING_PARAMS_MAX = 32 };

struct rc_paging {
	/* set by the caller, who owns them */
	struct rc_http *http;		/* it counts the pages */
	const struct rc_items *items;	/* of the page that was read last */
	enum rc_paging_how how;
	int cursor, total, more;	/* the numbers of the items' pointers to these, or -1 */
	const char *param;		/* that takes a cursor, number or offset; NULL where none does */
	const char *size_param;		/* that takes the size, or NULL */
	const char *params[RC_PAGING_PARAMS_MAX];	/* NAME=VALUE, of the whole listing */
	int param_count;
	long first, size;		/* the first page's number or offset; a full page's items, 0: not known */

	/* set by the caller for each page */
	unsigned long long in_page;	/* its items */
	uint64_t sum;			/* of them (rc_sum.h) */

	char *base;			/* not for the caller: the listing's URL with its parameters */
	struct rc_seen seen;
	unsigned long long received, total_before;	/* items; what the page before said there are in all, 0: nothing */
	uint64_t sum_before;
};

/* The way of that name; false where there is none.  The parameter that it has, unless told otherwise; NULL where it takes none. */
bool rc_paging_find(const char *name, enum rc_paging_how *how);
const char *rc_paging_default_param(enum rc_paging_how how);

/* The first page of the listing at URL; as every page's, the URL is the caller's to free. */
char *rc_paging_begin(struct rc_paging *paging, const char *url);

/* The page after the one that came whole by ANSWER, or NULL at the listing's end; ends the process where the end is not certain. */
char *rc_paging_next(struct rc_paging *paging, const struct rc_http_answer *answer);

/* Ends the process with what is wrong with the page. */
_Noreturn void rc_paging_fail(const struct rc_paging *paging, enum rc_exit code, const char *words);

void rc_paging_free(struct rc_paging *paging);

#endif

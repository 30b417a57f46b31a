/*
 * rc_report - what a command's page tells its front while it runs
 *
 * Words ended by a NUL come through a socket that the page and all that it
 * starts have inherited:
 *
 *   counts SCANNED CHANGED WARNINGS ERRORS   add to the sums
 *   warning TEXT     a warning was given
 *   message TEXT     why the page ends
 *   word TEXT        what the user typed, for the `wrong` that follows
 *   wrong TEXT       a wrong option
 *   applying         from here on the change may take place
 *   put-off          it has not begun, after all
 *   applied          it has
 *   become [WORD]    when the page has ended well, its operands, or the words told so, are to be run in our place
 *
 * A command that runs in another one's page hands its counts on in the same way.
 */
#ifndef RC_REPORT_H
#define RC_REPORT_H

#include <stdbool.h>

#include "rc_str.h"

enum { RC_BECOME_MAX = 64 };

struct rc_report {
	int ours, page;		/* our end of the socket and the page's */
	struct rc_buf text;	/* what is not a whole word yet */
	long long scanned, changed, warnings, errors;
	char *message, *word, *wrong;	/* NULL where nothing was told; owned */
	bool applying, applied, becomes;
	char *become[RC_BECOME_MAX + 1];	/* the words, ended by NULL; owned */
	int become_count;
	void (*warning)(const char *text);	/* what a warning calls; set by the caller */
};

/* Makes the socket. */
void rc_report_open(struct rc_report *report);

/* Takes what there is, without waiting. */
void rc_report_read(struct rc_report *report);

/* Writes the sums to standard output as the summary of --json, of a run of MS milliseconds; 0, or errno where that failed. */
int rc_report_print(const struct rc_report *report, bool ok, long long ms);

/*
 * The socket of the command whose page has started us, in whatever way, or -1:
 * RC_REPORT names a descriptor, and the kernel says that it was made by the
 * living process that RC_PARENT names.
 */
int rc_report_outer(void);

/* Hands the counts on to it. */
void rc_report_hand_on(const struct rc_report *report, int outer);

#endif

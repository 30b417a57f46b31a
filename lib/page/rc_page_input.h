/*
 * rc_page_input - standard input that a page can read twice
 */
#ifndef RC_PAGE_INPUT_H
#define RC_PAGE_INPUT_H

/*
 * Where standard input is neither a file that has not been read from yet nor a
 * terminal, puts a copy in memory in its place, which can be opened anew as
 * /dev/stdin; it may hold secrets.  Ends the process where it can't be read.
 */
void rc_page_input_keep(void);

#endif

/*
 * rc_page_list - the commands of all products, for the help of the command that lists them
 */
#ifndef RC_PAGE_LIST_H
#define RC_PAGE_LIST_H

/*
 * BEFORE (NULL: nothing), and behind it the commands product by product, in the
 * order of their names; owned by the caller.  A product is a folder of SQL, its
 * commands are the pages whose names begin with it.
 */
char *rc_page_list(const char *before);

#endif

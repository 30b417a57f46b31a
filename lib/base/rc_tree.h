/*
 * rc_tree - where the programs and the data of this toolkit are
 *
 * An installed tree and a built one have the same form: the programs stand in
 * PREFIX/bin, the data in PREFIX/share/rc.  The tree is that of the program
 * that runs, whatever the name and the folder that it was called by.
 */
#ifndef RC_TREE_H
#define RC_TREE_H

/* PREFIX/bin and PREFIX/share/rc, which live as long as the process; it ends with RC_RETRY where they can't be found. */
const char *rc_tree_bin(void);
const char *rc_tree_share(void);

/* The last part of the path by which the program was executed, or where that is a link to one called SELF, of the link before it. */
const char *rc_tree_called_as(const char *self);

/* The last part of PATH. */
const char *rc_tree_last_part(const char *path);

/* FOLDER/NAME; owned by the caller. */
char *rc_tree_inside(const char *folder, const char *name);

#endif

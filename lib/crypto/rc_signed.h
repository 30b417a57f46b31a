/*
 * rc_signed - files that begin with their signature
 *
 * A signed file is 32 bytes of HMAC-SHA256 of the rest, its payload, and the
 * payload (Recotem's model files, ../shared/facts/recotem.md).  A file of 32
 * bytes or fewer is not signed.  Memory does not depend on the file's size.
 *
 * A file is replaced, never written into: the new content goes to
 * `.rc-sign-INODE.tmp` in its folder, is synced, takes the name by rename(2),
 * and the folder is synced.  Mode, owner, extended attributes and times are
 * kept; another name (hard link) of the old file keeps the old content.  The
 * old file is locked (flock(2)) meanwhile, so a second process that would sign
 * it waits and finds it signed; what a process left that was killed, the next
 * one that locks the file removes.
 *
 * These functions may run in several threads at once, which must have TERM, INT
 * and HUP blocked, as those of rc_pool have.
 */
#ifndef RC_SIGNED_H
#define RC_SIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "rc_hmac.h"
#include "rc_path.h"

enum { RC_SIGNED_KEYS_MAX = 32, RC_SIGNED_PREFIXES_MAX = 16 };

/* What payloads begin with. */
struct rc_signed_prefix {
	unsigned char bytes[RC_HMAC_SIZE];
	size_t length;
};

/* What a signed file and one that is not are known by. */
struct rc_signed_known {
	struct rc_hmac_key *keys[RC_SIGNED_KEYS_MAX];	/* the current one, then old ones */
	int key_count;
	struct rc_signed_prefix prefixes[RC_SIGNED_PREFIXES_MAX];
	int prefix_count;
};

/* What is in a file. */
enum rc_signed_state {
	RC_SIGNED_CURRENT,	/* a signature by the current key */
	RC_SIGNED_OLD,		/* a signature by an old one, or several one behind the other */
	RC_SIGNED_NOT,		/* none: it begins as a payload does */
	RC_SIGNED_UNKNOWN,	/* none by a key that is known, and perhaps one by another */
	RC_SIGNED_EMPTY,	/* nothing */
};

/* A file that is looked at, and perhaps signed. */
struct rc_signed_file {
	struct rc_path path;
	struct stat stat;		/* when it was opened */
	bool locked;
	enum rc_signed_state state;
	off_t payload;			/* where it begins: behind all signatures by known keys */
	bool odd_payload;		/* it is signed, but the payload does not begin as payloads do: perhaps a signature by a key that is not known */
	const char *name;		/* as the caller names it; for messages */
	const char *failed;		/* what could not be done, with errno in ERROR; "changed" where it is another file now */
	int error;
};

/* Once, before the rest: whatever ends the process but SIGKILL takes the temporary files with it. */
void rc_signed_start(void);

/* What each thread works with. */
struct rc_signed_buffer;
struct rc_signed_buffer *rc_signed_buffer_new(void);
void rc_signed_buffer_free(struct rc_signed_buffer *buffer);

/*
 * Opens and, with LOCK, locks the file; a path that names another file by then
 * is opened anew.  What a process left that was killed is removed then.  Waits
 * while another one has the lock, and says so on standard error after a second.
 */
enum rc_path_status rc_signed_open(int root, const char *text, bool lock, struct rc_signed_file *file);

/*
 * Reads it, and sets its state and where the payload begins; false, with FAILED
 * set, where it can't be read.  One pass is enough, but for a signed file whose
 * payload does not begin as payloads do, which may have been signed twice.
 */
bool rc_signed_look(struct rc_signed_file *file, const struct rc_signed_known *known, struct rc_signed_buffer *buffer);

/*
 * Replaces it by its payload with a signature of KEY in front.  False, with
 * FAILED set and the file as it was, where that can't be done or it changed
 * meanwhile; where only the folder could not be synced it is replaced.
 */
bool rc_signed_sign(struct rc_signed_file *file, const struct rc_hmac_key *key, struct rc_signed_buffer *buffer);
void rc_signed_close(struct rc_signed_file *file);

#endif

/*
 * rc_signed - whether content begins with its signature, and whose
 *
 * Signed content is 32 bytes of HMAC-SHA256 of the rest, its payload, and the
 * payload.  Of 32 bytes or fewer none is signed.  Memory does not depend on the
 * content's size, and where it comes from does not matter: rc_signed_file.h has
 * it from a file.
 */
#ifndef RC_SIGNED_H
#define RC_SIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rc_hmac.h"

enum {
	RC_SIGNED_KEYS_MAX = 32,
	RC_SIGNED_PREFIXES_MAX = 16,
	RC_SIGNED_READ = 256 * 1024,	/* bytes that are read at a time */
};

/* What payloads begin with. */
struct rc_signed_prefix {
	unsigned char bytes[RC_HMAC_SIZE];
	size_t length;
};

/* What signed content and such that is not are known by. */
struct rc_signed_known {
	struct rc_hmac_key *keys[RC_SIGNED_KEYS_MAX];	/* the current one, then old ones; the caller's */
	int key_count;
	struct rc_signed_prefix prefixes[RC_SIGNED_PREFIXES_MAX];
	int prefix_count;
};

/* Where content comes from: a file, or an object elsewhere. */
struct rc_signed_source {
	/* Reads SIZE bytes at OFFSET, fewer at the end of the content only; their number, or -1 with errno. */
	ssize_t (*read_at)(const struct rc_signed_source *source, unsigned char *bytes, size_t size, off_t offset);
	off_t size;
	int fd;				/* of a source that is a file */
	void *other;			/* of one that is not */
};

/* What each thread works with. */
struct rc_signed_buffer {
	unsigned char bytes[RC_HMAC_SIZE + RC_SIGNED_READ];	/* what is read stands behind the place for a signature */
	size_t held;			/* bytes of content that fits, kept from the look for the signing; 0: it does not fit */
};

enum rc_signed_state {
	RC_SIGNED_CURRENT,	/* a signature by the current key */
	RC_SIGNED_OLD,		/* a signature by an old one, or several one behind the other */
	RC_SIGNED_NOT,		/* none: it begins as a payload does */
	RC_SIGNED_UNKNOWN,	/* none by a key that is known, and perhaps one by another */
	RC_SIGNED_EMPTY,	/* nothing */
};

/* What a look finds. */
struct rc_signed_found {
	enum rc_signed_state state;
	off_t payload;			/* where it begins: behind all signatures by known keys */
	bool odd_payload;		/* it is signed, but the payload does not begin as payloads do: perhaps a signature by a key that is not known */
};

enum rc_signed_look { RC_SIGNED_SEEN, RC_SIGNED_CUT, RC_SIGNED_UNREADABLE };

/*
 * Reads the content and fills FOUND, where that is RC_SIGNED_SEEN;
 * RC_SIGNED_CUT where it has another size than the source says, and
 * RC_SIGNED_UNREADABLE with errno where read_at() fails.  One pass is enough, but
 * for signed content whose payload does not begin as payloads do, which may
 * have been signed twice.
 */
enum rc_signed_look rc_signed_look(const struct rc_signed_source *source, const struct rc_signed_known *known,
    struct rc_signed_buffer *buffer, struct rc_signed_found *found);

#endif

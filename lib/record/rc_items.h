/*
 * rc_items - the items of a JSON document of any size, as its bytes come in
 *
 * The document is an array of items, or has one at a JSON pointer (RFC 6901;
 * through objects only), or is one JSON value a line.  One item is held at a
 * time; what lies beside the pointers is passed over, its brackets and strings
 * checked and no more.  Of an item, the whole syntax is checked.
 */
#ifndef RC_ITEMS_H
#define RC_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_json.h"
#include "rc_json_shape.h"
#include "rc_mem.h"
#include "rc_str.h"

enum {
	RC_ITEMS_POINTERS_MAX = 8,	/* that of the items among them */
	RC_ITEMS_TOKENS_MAX = 16,	/* of one pointer */
	RC_ITEMS_VALUE_MAX = 64 * 1024,	/* of a name, or of a value at one of the other pointers */
	RC_ITEMS_PAD = RC_JSON_PAD + 1,
};

struct rc_items_pointer {
	const char *text;		/* as it was given */
	char *tokens[RC_ITEMS_TOKENS_MAX];	/* decoded */
	size_t count;
	struct rc_buf value;		/* what was found there, as JSON, ended by a NUL; empty where there was nothing */
};

struct rc_items_level {
	unsigned matched;		/* a bit for each pointer whose first tokens lead here */
	bool is_list;			/* the array of the items */
};

enum rc_items_status {
	RC_ITEMS_OPEN,			/* the document may go on */
	RC_ITEMS_BAD,			/* it is not JSON, or not as the pointers say; REASON tells */
};

struct rc_items {
	/* Gets each item's text, which is one JSON value; after it are RC_JSON_PAD readable bytes. */
	void (*take)(void *context, const char *item, size_t length);
	/* Gets COUNT objects at once, which look like the one that take() got before: the same names in the same order.  Each is a line.  NULL: take() gets each. */
	void (*take_lines)(void *context, const char *lines, size_t length, size_t count);
	void *context;
	bool lines;			/* one value a line, and no pointers */

	struct rc_items_pointer pointers[RC_ITEMS_POINTERS_MAX];	/* from here on not for the caller, but to read values */
	size_t pointer_count;
	struct rc_items_level levels[RC_ITEMS_TOKENS_MAX + 2];
	size_t depth;
	int state;
	unsigned matched;		/* by the name that was read last */
	struct rc_json_shape shape;	/* that of the item before */
	struct rc_buf buffer;		/* the name, item or value that is being read */
	struct rc_buf *into;		/* where the value's bytes go, or NULL */
	bool is_item, in_string, escaped, scalar;
	long nesting;
	unsigned long long count;	/* of items in this document */
	bool found;			/* the array was there */
	const char *reason;		/* static text, where it is bad */
	struct rc_arena arena;
};

/* Adds a pointer, the first one that of the items; its number, or -1 where TEXT is none.  TEXT must outlive ITEMS. */
int rc_items_add_pointer(struct rc_items *items, const char *text);

/* Makes ready for a new document; the pointers stay, the values go. */
void rc_items_begin(struct rc_items *items);

/* Reads the next bytes, which may be changed; RC_ITEMS_PAD more that are NUL follow them. */
enum rc_items_status rc_items_read(struct rc_items *items, char *bytes, size_t length);

/* At the document's end: whether it is whole.  Where it is not, REASON is NULL for one that was cut. */
bool rc_items_end(struct rc_items *items);

void rc_items_free(struct rc_items *items);

#endif

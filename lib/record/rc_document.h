/*
 * rc_document - a JSON document of any size, read value by value
 *
 * The document is one object whose members are arrays or other values.  An
 * element of an array, or a member that is no array, stands in memory as a
 * whole (at most RC_RECORD_MAX bytes); the document never does.
 *
 * Ends the process with RC_FATAL and file:line where it is not understood.
 */
#ifndef RC_DOCUMENT_H
#define RC_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "rc_str.h"

enum rc_document_event {
	RC_DOCUMENT_ELEMENT,	/* of the array that is the member's value */
	RC_DOCUMENT_EMPTY,	/* the member is an empty array */
	RC_DOCUMENT_VALUE,	/* the member's value, which is no array */
	RC_DOCUMENT_END,	/* of the document; only blanks came after it */
};

struct rc_document {
	struct rc_buf name;	/* the member's, as it is in the text, with its quotes */
	struct rc_buf value;	/* JSON, checked, without blanks around it; of RC_DOCUMENT_ELEMENT and _VALUE */

	int fd;			/* from here on not for the caller */
	const char *file;
	unsigned long line;
	struct rc_buf buffer;
	size_t at;		/* the next byte in it */
	bool begun, in_array;
};

/* PATH is NULL or "-" for standard input. */
void rc_document_open(struct rc_document *document, const char *path);
enum rc_document_event rc_document_next(struct rc_document *document);
void rc_document_close(struct rc_document *document);

#endif

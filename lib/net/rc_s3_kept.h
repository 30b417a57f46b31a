/*
 * rc_s3_kept - what an object has besides its bytes, and is to keep when it is replaced
 *
 * In a record it is the object `headers`: the content's type, encoding, language,
 * disposition and caching, the storage class, the encryption, and all metadata.
 */
#ifndef RC_S3_KEPT_H
#define RC_S3_KEPT_H

#include <stdbool.h>

#include "rc_json.h"
#include "rc_s3_sign.h"
#include "rc_str.h"

/*
 * Adds the object to JSON, of what is kept of the HEADERS of an answer; false
 * where it can't be kept: a value is not UTF-8, there is metadata that no header
 * can tell, or there are tags.
 */
bool rc_s3_kept_write(const struct rc_s3_headers *headers, struct rc_buf *json);

/* Adds the fields of the JSON object VALUE to HEADERS; NULL, or what is wrong with it, as a static text. */
const char *rc_s3_kept_read(const char *value, size_t length, struct rc_s3_headers *headers);

#endif

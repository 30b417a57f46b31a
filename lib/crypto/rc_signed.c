#include "rc_signed.h"

#include <string.h>

/*
 * Reads the content from byte FROM on into all streams, less the signature that
 * may be there.  What fits into the buffer is read once for all passes.
 */
static enum rc_signed_look
read_into(const struct rc_signed_source *source, struct rc_hmac **streams, int count, off_t from, unsigned char *signature,
    struct rc_signed_buffer *buffer)
{
	unsigned char *content = buffer->bytes + RC_HMAC_SIZE, *part = content + from;
	ssize_t n = (ssize_t)buffer->held - (ssize_t)from;
	off_t total = from;

	do {
		size_t skip = 0;

		if (buffer->held == 0) {
			part = content;
			if ((n = source->read_at(source, content, RC_SIGNED_READ, total)) < 0)
				return RC_SIGNED_UNREADABLE;
		}
		if (total == from) {
			skip = n < RC_HMAC_SIZE ? (size_t)n : RC_HMAC_SIZE;
			memcpy(signature, part, skip);
		}
		for (int i = 0; i < count; i++)
			rc_hmac_add(streams[i], part + skip, (size_t)n - skip);
		total += n;
	} while (n == RC_SIGNED_READ);
	if (from == 0 && total < RC_SIGNED_READ)
		buffer->held = (size_t)total;
	return total == source->size ? RC_SIGNED_SEEN : RC_SIGNED_CUT;
}

/* Whose signature stands at byte FROM and fits what follows: the key's number, or -1. */
static enum rc_signed_look
find_key(const struct rc_signed_source *source, const struct rc_signed_known *known, off_t from, int *key,
    struct rc_signed_buffer *buffer)
{
	struct rc_hmac *streams[RC_SIGNED_KEYS_MAX];
	unsigned char there[RC_HMAC_SIZE], signature[RC_HMAC_SIZE];
	enum rc_signed_look look;

	for (int i = 0; i < known->key_count; i++)
		streams[i] = rc_hmac_begin(known->keys[i]);
	look = read_into(source, streams, known->key_count, from, there, buffer);
	*key = -1;
	for (int i = 0; i < known->key_count; i++) {
		rc_hmac_end(streams[i], signature);
		if (look == RC_SIGNED_SEEN && *key < 0 && source->size - from > RC_HMAC_SIZE && rc_hmac_equal(signature, there))
			*key = i;
	}
	return look;
}

/* Whether a payload may begin at byte FROM. */
static bool
begins_as_payload(const struct rc_signed_source *source, const struct rc_signed_known *known, off_t from)
{
	unsigned char start[RC_HMAC_SIZE];
	ssize_t n = source->read_at(source, start, sizeof start, from);

	for (int i = 0; i < known->prefix_count; i++)
		if (n >= (ssize_t)known->prefixes[i].length && memcmp(start, known->prefixes[i].bytes, known->prefixes[i].length) == 0)
			return true;
	return false;
}

/*
 * Whether a payload surely begins there.  A signature is any 32 bytes, and some
 * begin as a payload does: then a payload stands behind it, or behind up to
 * SIGNATURES of them.
 */
static bool
is_payload(const struct rc_signed_source *source, const struct rc_signed_known *known, off_t from, int signatures)
{
	if (!begins_as_payload(source, known, from))
		return false;
	for (int i = 1; i <= signatures; i++)
		if (begins_as_payload(source, known, from + i * RC_HMAC_SIZE))
			return false;
	return true;
}

static enum rc_signed_state
unsigned_state(const struct rc_signed_source *source, const struct rc_signed_known *known)
{
	if (source->size == 0)
		return RC_SIGNED_EMPTY;
	return is_payload(source, known, 0, 1) ? RC_SIGNED_NOT : RC_SIGNED_UNKNOWN;
}

enum rc_signed_look
rc_signed_look(const struct rc_signed_source *source, const struct rc_signed_known *known, struct rc_signed_buffer *buffer,
    struct rc_signed_found *found)
{
	enum rc_signed_look look;
	int key;

	*found = (struct rc_signed_found){0};
	buffer->held = 0;
	if ((look = find_key(source, known, 0, &key, buffer)) != RC_SIGNED_SEEN)
		return look;
	found->state = key < 0 ? unsigned_state(source, known) : key == 0 ? RC_SIGNED_CURRENT : RC_SIGNED_OLD;
	while (key >= 0) {
		found->payload += RC_HMAC_SIZE;
		if (known->prefix_count == 0 || is_payload(source, known, found->payload, known->key_count))
			break;
		if ((look = find_key(source, known, found->payload, &key, buffer)) != RC_SIGNED_SEEN)
			return look;
		if (key >= 0)
			found->state = RC_SIGNED_OLD;
		else
			found->odd_payload = !begins_as_payload(source, known, found->payload);
	}
	return RC_SIGNED_SEEN;
}

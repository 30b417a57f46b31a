/*
 * rc_relay - bytes from a thread that gets them to one that works on them, so that both go on at once
 *
 * Two buffers: one is filled while the other is worked on.  The writer waits
 * where its buffer is full.  A program that uses it has the line
 * `links: -pthread` (see Makefile).
 */
#ifndef RC_RELAY_H
#define RC_RELAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	RC_RELAY_SIZE = 256 * 1024,
	RC_RELAY_PAD = 128,	/* so many NULs follow the bytes that are taken */
};

struct rc_relay {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *filled, *taken;	/* the two buffers */
	size_t length;		/* of the one that is filled */
	bool reader_waits, writer_waits, ended, refused;
};

void rc_relay_open(struct rc_relay *relay);
void rc_relay_close(struct rc_relay *relay);

/* Begins anew, while no other thread knows it. */
void rc_relay_begin(struct rc_relay *relay);

/* For the writer.  Adds bytes, of which the reader hears when there are many; false where it wants no more. */
bool rc_relay_put(struct rc_relay *relay, const char *bytes, size_t length);

/* For the writer, before it waits for more: the reader shall have what there is. */
void rc_relay_hand_over(struct rc_relay *relay);

/* For the writer: there is no more. */
void rc_relay_end(struct rc_relay *relay);

/* For the reader: whether rc_relay_take() would not wait. */
bool rc_relay_ready(struct rc_relay *relay);

/* For the reader: the next bytes, which it may change, and which are there until the next call; NULL at the end. */
char *rc_relay_take(struct rc_relay *relay, size_t *length);

/* For the reader: it wants no more. */
void rc_relay_refuse(struct rc_relay *relay);

#endif

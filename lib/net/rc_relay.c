#include "rc_relay.h"

#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"

enum { MANY = RC_RELAY_SIZE / 4 };

void
rc_relay_open(struct rc_relay *relay)
{
	*relay = (struct rc_relay){ .filled = rc_alloc(RC_RELAY_SIZE + RC_RELAY_PAD), .taken = rc_alloc(RC_RELAY_SIZE + RC_RELAY_PAD) };
	if (pthread_mutex_init(&relay->lock, NULL) != 0 || pthread_cond_init(&relay->changed, NULL) != 0)
		rc_die(RC_RETRY, "no lock for two threads can be made");
}

void
rc_relay_close(struct rc_relay *relay)
{
	pthread_cond_destroy(&relay->changed);
	pthread_mutex_destroy(&relay->lock);
	free(relay->filled);
	free(relay->taken);
}

void
rc_relay_begin(struct rc_relay *relay)
{
	relay->length = 0;
	relay->reader_waits = relay->writer_waits = relay->ended = relay->refused = false;
}

/* Only one of the two ever waits. */
static void
wake(struct rc_relay *relay, bool waits)
{
	if (waits)
		pthread_cond_signal(&relay->changed);
}

bool
rc_relay_put(struct rc_relay *relay, const char *bytes, size_t length)
{
	bool wanted;

	pthread_mutex_lock(&relay->lock);
	while (length > 0 && !relay->refused) {
		size_t room = RC_RELAY_SIZE - relay->length, more = length < room ? length : room;

		memcpy(relay->filled + relay->length, bytes, more);
		relay->length += more;
		bytes += more;
		length -= more;
		wake(relay, relay->reader_waits && relay->length >= MANY);
		relay->writer_waits = true;
		while (relay->length == RC_RELAY_SIZE && length > 0 && !relay->refused)
			pthread_cond_wait(&relay->changed, &relay->lock);
		relay->writer_waits = false;
	}
	wanted = !relay->refused;
	pthread_mutex_unlock(&relay->lock);
	return wanted;
}

void
rc_relay_hand_over(struct rc_relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	wake(relay, relay->reader_waits && relay->length > 0);
	pthread_mutex_unlock(&relay->lock);
}

void
rc_relay_end(struct rc_relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	relay->ended = true;
	wake(relay, relay->reader_waits);
	pthread_mutex_unlock(&relay->lock);
}

bool
rc_relay_ready(struct rc_relay *relay)
{
	bool ready;

	pthread_mutex_lock(&relay->lock);
	ready = relay->length > 0 || relay->ended;
	pthread_mutex_unlock(&relay->lock);
	return ready;
}

char *
rc_relay_take(struct rc_relay *relay, size_t *length)
{
	char *bytes;

	pthread_mutex_lock(&relay->lock);
	relay->reader_waits = true;
	while (relay->length == 0 && !relay->ended)
		pthread_cond_wait(&relay->changed, &relay->lock);
	relay->reader_waits = false;
	bytes = relay->filled;
	*length = relay->length;
	relay->filled = relay->taken;
	relay->taken = bytes;
	relay->length = 0;
	wake(relay, relay->writer_waits);
	pthread_mutex_unlock(&relay->lock);
	memset(bytes + *length, 0, RC_RELAY_PAD);
	return *length > 0 ? bytes : NULL;
}

void
rc_relay_refuse(struct rc_relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	relay->refused = true;
	relay->length = 0;
	wake(relay, relay->writer_waits);
	pthread_mutex_unlock(&relay->lock);
}

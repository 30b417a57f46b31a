/*
 * rc_amqp_url - the URL of a message broker, taken apart
 *
 * librabbitmq's own reader knows no characters beyond ASCII, which a password
 * may have.
 */
#ifndef RC_AMQP_URL_H
#define RC_AMQP_URL_H

#include <stdbool.h>

struct rc_amqp_url {
	bool tls;
	const char *user, *password, *host, *vhost;	/* decoded, in the text of the URL itself */
	int port;
};

/* Takes URL apart, which is overwritten; false where it is none. What is absent is guest, guest, localhost, / and 5672 or 5671. */
bool rc_amqp_url_read(char *url, struct rc_amqp_url *parts);

#endif

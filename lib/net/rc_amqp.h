/*
 * rc_amqp - a connection to a message broker (AMQP 0-9-1, RabbitMQ), over librabbitmq
 *
 * The broker is AMQP_URL, a secret (rc_secret.h), for it may hold a password:
 * amqp://user:password@host:port/vhost, or amqps: with TLS, whose parts are
 * percent-encoded.  No message shows user or password.
 *
 * Whatever fails ends the process: with RC_RETRY where the broker is away, busy
 * or silent, with RC_FATAL where it refuses.  One channel, number RC_AMQP_CHANNEL.
 */
#ifndef RC_AMQP_H
#define RC_AMQP_H

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif
#include <stdbool.h>

#include "rc_str.h"

enum {
	RC_AMQP_CHANNEL = 1,
	RC_AMQP_NAME_MAX = 255,	/* bytes in the name of a queue or an exchange */
};

struct rc_amqp {
	long limit;		/* milliseconds for each answer, also of the login; set before */
	const char *ca_file;	/* whom to trust with amqps; NULL: the system's */

	amqp_connection_state_t connection;
	struct rc_buf place;	/* host:port/vhost, for messages */
	int descriptor;		/* to wait for with poll(2) */
	bool lost;		/* something has failed, and nothing can be had from it any more */
};

/* Logs in and opens the channel. */
void rc_amqp_open(struct rc_amqp *amqp);

/* Says good-bye where the broker still listens, and frees. */
void rc_amqp_close(struct rc_amqp *amqp);

/*
 * Whether REPLY is the broker's yes; else ends the process, and the message says
 * that WHAT failed.
 */
void rc_amqp_check(struct rc_amqp *amqp, amqp_rpc_reply_t reply, const char *what);

/* The same for a call that gives a status (enum amqp_status_enum), 0 or above for success. */
void rc_amqp_check_status(struct rc_amqp *amqp, int status, const char *what);

/* Ends the process for a method that the broker has sent by itself: it closes the channel or the connection, and says why. */
_Noreturn void rc_amqp_closed(struct rc_amqp *amqp, const amqp_method_t *method, const char *what);

/* Makes the durable queue where it is absent, or with MUST_EXIST only looks; how many messages wait in it. */
unsigned long rc_amqp_declare(struct rc_amqp *amqp, const char *queue, bool must_exist);

/* Waits up to MILLISECONDS for one frame; false where none came.  The buffers of the frame before are free then. */
bool rc_amqp_frame(struct rc_amqp *amqp, amqp_frame_t *frame, long milliseconds, const char *what);

/* TEXT as librabbitmq has it; it is not copied. */
amqp_bytes_t rc_amqp_text(const char *text);

#endif

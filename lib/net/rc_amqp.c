/* needs: amqp.h librabbitmq-dev */
#include "rc_amqp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include "rc_amqp_url.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_secret.h"

enum {
	FRAME_MAX = 131072,	/* what RabbitMQ itself proposes */
	KEEPALIVE_IDLE = 30, KEEPALIVE_INTERVAL = 10, KEEPALIVE_COUNT = 3,	/* seconds: a host that has vanished is seen in a minute */
};

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

amqp_bytes_t
rc_amqp_text(const char *text)
{
	return amqp_cstring_bytes(text);
}

/* ---- what fails ---- */

/* What the broker closes a channel or connection with, and whether the same may pass later. */
static enum rc_exit
class_of(int code)
{
	switch (code) {
	case AMQP_CONNECTION_FORCED:	/* it is told to stop, or to end this connection */
	case AMQP_RESOURCE_LOCKED:
	case AMQP_RESOURCE_ERROR:
	case AMQP_INTERNAL_ERROR:
		return RC_RETRY;
	default:
		return RC_FATAL;
	}
}

static enum rc_exit
class_of_status(int status)
{
	switch (status) {
	case AMQP_STATUS_BAD_URL:
	case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION:
	case AMQP_STATUS_INVALID_PARAMETER:
	case AMQP_STATUS_TABLE_TOO_BIG:
	case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD:
	case AMQP_STATUS_UNSUPPORTED:
	case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
	case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
		return RC_FATAL;
	default:
		return RC_RETRY;
	}
}

void
rc_amqp_check_status(struct rc_amqp *amqp, int status, const char *what)
{
	if (status >= 0)
		return;
	amqp->lost = true;
	if (status == AMQP_STATUS_CONNECTION_CLOSED || status == AMQP_STATUS_SOCKET_CLOSED || status == AMQP_STATUS_SOCKET_ERROR ||
	    status == AMQP_STATUS_TCP_ERROR)
		rc_die(RC_RETRY, "%s: %s: the connection was lost", rc_buf_text(&amqp->place), what);
	if (status == AMQP_STATUS_TIMEOUT)
		rc_die(RC_RETRY, "%s: %s: no answer within %ld ms", rc_buf_text(&amqp->place), what, amqp->limit);
	rc_die(class_of_status(status), "%s: %s: %s", rc_buf_text(&amqp->place), what, amqp_error_string2(status));
}

void
rc_amqp_closed(struct rc_amqp *amqp, const amqp_method_t *method, const char *what)
{
	int code = 0;
	amqp_bytes_t text = {0};

	amqp->lost = true;
	if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		code = ((const amqp_channel_close_t *)method->decoded)->reply_code;
		text = ((const amqp_channel_close_t *)method->decoded)->reply_text;
	} else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		code = ((const amqp_connection_close_t *)method->decoded)->reply_code;
		text = ((const amqp_connection_close_t *)method->decoded)->reply_text;
	} else {
		rc_die(RC_FATAL, "%s: %s: an answer that was not expected (0x%08lx)", rc_buf_text(&amqp->place), what, (unsigned long)method->id);
	}
	rc_die(class_of(code), "%s: %s: %.*s (%d)", rc_buf_text(&amqp->place), what, (int)text.len, (const char *)text.bytes, code);
}

void
rc_amqp_check(struct rc_amqp *amqp, amqp_rpc_reply_t reply, const char *what)
{
	switch (reply.reply_type) {
	case AMQP_RESPONSE_NORMAL:
		return;
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		rc_amqp_closed(amqp, &reply.reply, what);
	case AMQP_RESPONSE_LIBRARY_EXCEPTION:
		rc_amqp_check_status(amqp, reply.library_error, what);
		break;
	case AMQP_RESPONSE_NONE:
		break;
	}
	rc_amqp_check_status(amqp, AMQP_STATUS_CONNECTION_CLOSED, what);
}

/* ---- in and out ---- */

static struct timeval
interval(long milliseconds)
{
	return (struct timeval){ .tv_sec = milliseconds / 1000, .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000) };
}

/* Takes AMQP_URL apart; its parts stand in URL then. */
static void
read_url(struct rc_secret *url, struct rc_amqp_url *info)
{
	if (!rc_secret_find_line("AMQP_URL", url))
		rc_die(RC_FATAL, "AMQP_URL is not set: it says which broker, as amqp://user:password@host:port/vhost");
	if (!rc_amqp_url_read(url->bytes, info))
		rc_die(RC_FATAL, "AMQP_URL has not the form amqp://user:password@host:port/vhost");
}

/* A host that vanishes is seen, though neither side sends anything while a handler works or a pipe is silent. */
static void
keep_alive(int fd)
{
	static const struct { int level, name, value; } wanted[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE }, { IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (KEEPALIVE_IDLE + KEEPALIVE_COUNT * KEEPALIVE_INTERVAL) },
	};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		setsockopt(fd, wanted[i].level, wanted[i].name, &wanted[i].value, sizeof wanted[i].value);	/* where it can't be had: without */
}

static void
open_socket(struct rc_amqp *amqp, const struct rc_amqp_url *info)
{
	struct timeval limit = interval(amqp->limit);
	amqp_socket_t *socket = info->tls ? amqp_ssl_socket_new(amqp->connection) : amqp_tcp_socket_new(amqp->connection);
	int status;

	if (socket == NULL)
		rc_die(RC_RETRY, "out of memory");
	if (info->tls) {
		amqp_ssl_socket_set_verify_peer(socket, 1);
		amqp_ssl_socket_set_verify_hostname(socket, 1);
		if (amqp_ssl_socket_set_cacert(socket, amqp->ca_file == NULL ? system_authorities : amqp->ca_file) != AMQP_STATUS_OK)
			rc_die(RC_FATAL, "%s: no certificates of authorities can be read", amqp->ca_file == NULL ? system_authorities : amqp->ca_file);
	}
	errno = 0;
	status = amqp_socket_open_noblock(socket, info->host, info->port, &limit);
	if (status == AMQP_STATUS_SOCKET_ERROR || status == AMQP_STATUS_TCP_ERROR)
		rc_die(RC_RETRY, "cannot connect to %s: %s", rc_buf_text(&amqp->place),
		    errno == 0 || errno == EINPROGRESS ? "nothing listens there" : strerror(errno));
	if (status == AMQP_STATUS_TIMEOUT)
		rc_die(RC_RETRY, "cannot connect to %s: no answer within %ld ms", rc_buf_text(&amqp->place), amqp->limit);
	if (status != AMQP_STATUS_OK)
		rc_die(class_of_status(status), "cannot connect to %s: %s", rc_buf_text(&amqp->place), amqp_error_string2(status));
	amqp->descriptor = amqp_get_sockfd(amqp->connection);
	keep_alive(amqp->descriptor);
}

/* The broker's own lists of connections show which run this is; and it tells a reader that its queue is gone. */
static amqp_rpc_reply_t
log_in(struct rc_amqp *amqp, const struct rc_amqp_url *info)
{
	struct rc_buf name = {0};
	amqp_table_entry_t told = { .key = rc_amqp_text("consumer_cancel_notify"), .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } };
	amqp_table_entry_t entries[] = {
		{ .key = rc_amqp_text("connection_name"), .value = { .kind = AMQP_FIELD_KIND_UTF8 } },
		{ .key = rc_amqp_text("capabilities"), .value = { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { .num_entries = 1, .entries = &told } } },
	};
	amqp_table_t properties = { .num_entries = 2, .entries = entries };
	amqp_rpc_reply_t reply;

	rc_buf_printf(&name, "%s %s", rc_err_tool(), rc_run_id());
	entries[0].value.value.bytes = rc_amqp_text(rc_buf_text(&name));
	/* No heartbeats: nothing answers them while we wait for records or for a handler; keep_alive() sees a host that has gone. */
	reply = amqp_login_with_properties(amqp->connection, info->vhost, 0, FRAME_MAX, 0, &properties, AMQP_SASL_METHOD_PLAIN,
	    info->user, info->password);
	rc_buf_free(&name);
	return reply;
}

void
rc_amqp_open(struct rc_amqp *amqp)
{
	struct timeval limit = interval(amqp->limit);
	struct rc_amqp_url info;
	struct rc_secret url = {0};

	read_url(&url, &info);
	rc_buf_printf(&amqp->place, "%s:%d%s%s", info.host, info.port, *info.vhost == '/' ? "" : "/", info.vhost);
	if ((amqp->connection = amqp_new_connection()) == NULL)
		rc_die(RC_RETRY, "out of memory");
	amqp_set_handshake_timeout(amqp->connection, &limit);
	amqp_set_rpc_timeout(amqp->connection, &limit);
	open_socket(amqp, &info);
	rc_amqp_check(amqp, log_in(amqp, &info), "login");
	rc_secret_wipe(&url);
	amqp_channel_open(amqp->connection, RC_AMQP_CHANNEL);
	rc_amqp_check(amqp, amqp_get_rpc_reply(amqp->connection), "channel");
}

void
rc_amqp_close(struct rc_amqp *amqp)
{
	if (amqp->connection != NULL) {
		if (!amqp->lost)
			amqp_connection_close(amqp->connection, AMQP_REPLY_SUCCESS);	/* all that matters was answered before */
		amqp_destroy_connection(amqp->connection);
	}
	rc_buf_free(&amqp->place);
	amqp->connection = NULL;
}

unsigned long
rc_amqp_declare(struct rc_amqp *amqp, const char *queue, bool must_exist)
{
	struct rc_buf what = {0};
	amqp_queue_declare_ok_t *answer;
	unsigned long waiting = 0;

	rc_buf_printf(&what, "the queue '%s'", queue);
	answer = amqp_queue_declare(amqp->connection, RC_AMQP_CHANNEL, rc_amqp_text(queue), must_exist, 1, 0, 0, amqp_empty_table);
	rc_amqp_check(amqp, amqp_get_rpc_reply(amqp->connection), rc_buf_text(&what));
	if (answer != NULL)
		waiting = answer->message_count;
	rc_buf_free(&what);
	return waiting;
}

bool
rc_amqp_frame(struct rc_amqp *amqp, amqp_frame_t *frame, long milliseconds, const char *what)
{
	struct timeval wait = interval(milliseconds);
	int status;

	amqp_maybe_release_buffers(amqp->connection);
	status = amqp_simple_wait_frame_noblock(amqp->connection, frame, &wait);
	if (status == AMQP_STATUS_TIMEOUT)
		return false;
	rc_amqp_check_status(amqp, status, what);
	return true;
}

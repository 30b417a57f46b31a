/*
 * rc-amqp-put - put records into queues of a message broker
 *
 * A record is written with status "sent" when the broker has confirmed that its
 * message is on disk, or was handed on, and not before: so what a run that was
 * killed had not written may be sent again, and nothing is lost.  As many
 * records as --window says wait for their confirmation at a time.
 */
/* links: -lrabbitmq */
/* needs: amqp.h librabbitmq-dev */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rc_amqp.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_seen.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_QUEUE_FIELD = RC_OPT_LONG, OPT_BODY, OPT_DECLARE, OPT_EXCHANGE, OPT_WINDOW, OPT_TIMEOUT, OPT_CACERT, OPT_DRY_RUN, OPT_CHECK };
enum { WINDOW_MAX = 10000, WINDOW_BYTES = 16 << 20 };

static const struct rc_option options[] = {
	{ 'q', "queue", "NAME", "the queue of all records" },
	{ OPT_QUEUE_FIELD, "queue-field", "FIELD", "the field that names a record's queue" },
	{ OPT_BODY, "body", "FIELD", "the message is the value of this field (default: the whole record)" },
	{ OPT_DECLARE, "declare", NULL, "make a queue that is not there, a durable one" },
	{ OPT_EXCHANGE, "exchange", "NAME", "send to this exchange; the queue is the routing key (default: the broker's own)" },
	{ OPT_WINDOW, "window", "N", "so many messages wait for their confirmation at a time (default: 500)" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "for each answer of the broker (default: 30s)" },
	{ OPT_CACERT, "cacert", "FILE", "with amqps, trust the authorities in FILE instead of the system's" },
	{ OPT_CHECK, "check", NULL, "log in, look for --queue, and read no records" },
	{ OPT_DRY_RUN, "dry-run", NULL, "look at the records, and send nothing" },
	RC_OPTION_END
};

static const char *const example[] = { "--queue", "mails", "--dry-run", NULL };

static const struct rc_program program = {
	.name = "rc-amqp-put",
	.synopsis = "--queue NAME | --queue-field FIELD [--body FIELD] [--declare] [--exchange NAME] [--window N] [--timeout DURATION] "
	    "[--cacert FILE] [--check | --dry-run] [FILE ...]",
	.summary = "put records into queues of a message broker",
	.options = options,
	.reads = "any record",
	.writes = "the same with status sent, would_send or error",
	.changes = "adds",
	.not_idempotent = true,
	.example = example,
	.example_input = "{\"to\":\"ann@example.org\",\"template\":\"welcome\"}\n",
};

/* A record whose message was sent. */
struct sent {
	struct rc_buf line;	/* the record without its last brace, `status` and `error` */
	struct rc_buf body;
	char *queue;
	bool confirmed, refused, returned;
};

static struct put {
	const char *queue, *queue_field, *body, *exchange;
	bool declare, dry_run, check;
	long window;
	struct rc_amqp amqp;
	struct rc_input in;
	struct rc_output out;
	struct rc_seen declared;	/* queues */
	struct sent *sent;	/* of this window */
	size_t count, open, bytes;	/* of it: messages, those that are not confirmed yet, and all bytes */
	uint64_t first_tag;	/* of the window's first message; the broker counts from 1 */
} put = { .exchange = "", .window = 500, .amqp.limit = 30000, .first_tag = 1 };

/* ---- what has become of a record ---- */

static void
write_error(struct rc_buf *line, const char *code, const char *message)
{
	struct rc_buf error = {0};

	rc_json_open_error(&error, code, message);
	rc_json_close(&error);
	rc_json_add_text(line, "status", "error");
	rc_json_add_value(line, "error", rc_buf_text(&error));
	rc_buf_free(&error);
	put.out.answer = RC_NO;
}

static void
write_status(struct sent *sent)
{
	if (put.dry_run)
		rc_json_add_text(&sent->line, "status", "would_send");
	else if (sent->returned)
		write_error(&sent->line, "no_queue", "the broker has no queue for it");
	else if (sent->refused)
		write_error(&sent->line, "not_taken", "the broker did not take it; its queue may be full");
	else
		rc_json_add_text(&sent->line, "status", "sent");
	rc_json_close(&sent->line);
	rc_output_line(&put.out, sent->line.bytes, sent->line.length);
}

/* The window is over: what became of all its records is known. */
static void
end_window(void)
{
	for (size_t i = 0; i < put.count; i++) {
		struct sent *sent = &put.sent[i];

		write_status(sent);
		rc_buf_wipe(&sent->line);
		rc_buf_wipe(&sent->body);
		free(sent->queue);
	}
	put.first_tag += put.count;
	put.count = put.bytes = 0;
}

/* ---- what the broker says ---- */

static void
settle(uint64_t tag, bool multiple, bool taken)
{
	if (tag < put.first_tag || tag - put.first_tag >= put.count)
		rc_die(RC_FATAL, "%s: a message is confirmed that was not sent", rc_buf_text(&put.amqp.place));
	for (uint64_t at = multiple ? put.first_tag : tag; at <= tag; at++) {
		struct sent *sent = &put.sent[at - put.first_tag];

		if (sent->confirmed || sent->refused)
			continue;
		sent->confirmed = taken;
		sent->refused = !taken;
		put.open--;
	}
}

/* A message comes back that no queue has. Which it was is not said; but two of one queue that are alike are the same to us. */
static void
take_back(const amqp_basic_return_t *method)
{
	struct rc_buf queue = {0};
	amqp_message_t message;
	struct sent *found = NULL;

	rc_buf_add(&queue, method->routing_key.bytes, method->routing_key.len);
	rc_amqp_check(&put.amqp, amqp_read_message(put.amqp.connection, RC_AMQP_CHANNEL, &message, 0), "a message that comes back");
	for (size_t i = 0; i < put.count && found == NULL; i++) {
		struct sent *sent = &put.sent[i];

		if (!sent->returned && strcmp(sent->queue, rc_buf_text(&queue)) == 0 && sent->body.length == message.body.len &&
		    memcmp(sent->body.bytes, message.body.bytes, message.body.len) == 0)
			found = sent;
	}
	amqp_destroy_message(&message);
	rc_buf_free(&queue);
	if (found == NULL)
		rc_die(RC_FATAL, "%s: a message comes back that was not sent", rc_buf_text(&put.amqp.place));
	found->returned = true;
}

/* Takes one frame, for which it waits so long at most; false where none came. */
static bool
listen(long milliseconds)
{
	amqp_frame_t frame;
	const amqp_method_t *method = &frame.payload.method;

	if (!rc_amqp_frame(&put.amqp, &frame, milliseconds, "confirmation"))
		return false;
	if (frame.frame_type != AMQP_FRAME_METHOD)
		return true;
	if (method->id == AMQP_BASIC_ACK_METHOD) {
		const amqp_basic_ack_t *ack = method->decoded;

		settle(ack->delivery_tag, ack->multiple, true);
	} else if (method->id == AMQP_BASIC_NACK_METHOD) {
		const amqp_basic_nack_t *nack = method->decoded;

		settle(nack->delivery_tag, nack->multiple, false);
	} else if (method->id == AMQP_BASIC_RETURN_METHOD) {
		take_back(method->decoded);
	} else {
		rc_amqp_closed(&put.amqp, method, "sending");
	}
	return true;
}

/* The limit is for each sign of life. */
static void
wait_for_all(void)
{
	while (put.open > 0)
		if (!listen(put.amqp.limit)) {
			put.amqp.lost = true;
			rc_die(RC_RETRY, "%s: %zu message(s) were not confirmed within %ld ms; the broker may have them or not",
			    rc_buf_text(&put.amqp.place), put.open, put.amqp.limit);
		}
	end_window();
}

/*
 * What was sent before something failed may be on the broker's disk: those that it confirms yet are told.  Where it is lost,
 * those are told whose fate is known.
 */
static void
settle_at_exit(int code)
{
	size_t kept = 0;

	(void)code;
	if (!put.amqp.lost) {
		put.amqp.lost = true;	/* what fails from here on does not come here again */
		wait_for_all();
		return;
	}
	for (size_t i = 0; i < put.count; i++)
		if (put.sent[i].confirmed || put.sent[i].refused)
			put.sent[kept++] = put.sent[i];
	put.count = kept;
	end_window();
}

/* ---- sending ---- */

/* A broker that has no memory or disk left does not read. */
static void
wait_until_it_reads(void)
{
	struct pollfd ready = { .fd = put.amqp.descriptor, .events = POLLOUT };
	int found;

	do
		found = poll(&ready, 1, (int)put.amqp.limit);
	while (found < 0 && errno == EINTR);
	put.amqp.lost = found == 0;
	if (put.amqp.lost)
		rc_die(RC_RETRY, "%s: nothing was read for %ld ms; the broker may have no memory or disk left", rc_buf_text(&put.amqp.place),
		    put.amqp.limit);
}

static void
send_message(const struct sent *sent)
{
	amqp_basic_properties_t properties = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = AMQP_DELIVERY_PERSISTENT };
	amqp_bytes_t body = { .len = sent->body.length, .bytes = sent->body.bytes };

	wait_until_it_reads();
	put.open++;
	rc_amqp_check_status(&put.amqp, amqp_basic_publish(put.amqp.connection, RC_AMQP_CHANNEL, rc_amqp_text(put.exchange),
	    rc_amqp_text(sent->queue), 1, 0, &properties, body), "sending");
}

static const char *
queue_of(struct rc_record *record)
{
	const char *queue = put.queue != NULL ? put.queue : rc_input_need_string(&put.in, record, put.queue_field);

	if (*queue == '\0' || strlen(queue) > RC_AMQP_NAME_MAX)
		rc_input_fail(&put.in, "a queue's name has 1 to %d bytes", RC_AMQP_NAME_MAX);
	return queue;
}

static void
write_body(struct rc_record *record, struct rc_buf *body)
{
	const char *value;
	size_t length;

	if (put.body == NULL) {
		rc_record_write(record, body);
		return;
	}
	if ((value = rc_record_value(record, put.body, &length)) == NULL)
		rc_input_fail(&put.in, "no field '%s'", put.body);
	rc_json_write_value(body, value, length);
}

static void
put_record(struct rc_record *record)
{
	const char *queue = queue_of(record);
	struct sent *sent = &put.sent[put.count];

	*sent = (struct sent){ .queue = rc_strndup(queue, strlen(queue)) };
	write_body(record, &sent->body);
	rc_record_remove(record, "status");
	rc_record_remove(record, "error");
	record->changed = true;	/* so that the brace is the last byte */
	rc_record_write(record, &sent->line);
	sent->line.length--;
	put.bytes += sent->line.length + sent->body.length;
	put.count++;
	if (put.dry_run) {
		end_window();
		return;
	}
	if (put.declare && !rc_seen_before(&put.declared, sent->queue))
		rc_amqp_declare(&put.amqp, sent->queue, false);
	send_message(sent);
	/* No confirmation waits for a record that is long in coming. */
	if (put.count == (size_t)put.window || put.bytes > WINDOW_BYTES || !rc_input_ready(&put.in))
		wait_for_all();
}

/* ---- options ---- */

static void
check_settings(void)
{
	if ((put.queue == NULL) == (put.queue_field == NULL))
		rc_usage("give one of --queue and --queue-field");
	if (put.queue != NULL && (*put.queue == '\0' || strlen(put.queue) > RC_AMQP_NAME_MAX))
		rc_usage("--queue takes a name of 1 to %d bytes", RC_AMQP_NAME_MAX);
	if (put.queue_field != NULL && !rc_utf8_valid(put.queue_field, strlen(put.queue_field)))
		rc_usage("--queue-field is not UTF-8");
	if (put.body != NULL && !rc_utf8_valid(put.body, strlen(put.body)))
		rc_usage("--body is not UTF-8");
	if (strlen(put.exchange) > RC_AMQP_NAME_MAX)
		rc_usage("--exchange takes a name of at most %d bytes", RC_AMQP_NAME_MAX);
	if (put.amqp.limit == 0)
		rc_usage("--timeout takes more than 0");
	if (put.check && (put.dry_run || put.queue == NULL))
		rc_usage("--check is for --queue, and without --dry-run");
}

static void
connect_to_broker(void)
{
	rc_amqp_open(&put.amqp);
	amqp_confirm_select(put.amqp.connection, RC_AMQP_CHANNEL);
	rc_amqp_check(&put.amqp, amqp_get_rpc_reply(put.amqp.connection), "confirmations");
	if (put.check)
		rc_amqp_declare(&put.amqp, put.queue, !put.declare);
	else
		rc_at_exit(settle_at_exit);
}

int
main(int argc, char *argv[])
{
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'q': put.queue = optarg; break;
		case OPT_QUEUE_FIELD: put.queue_field = optarg; break;
		case OPT_BODY: put.body = optarg; break;
		case OPT_DECLARE: put.declare = true; break;
		case OPT_EXCHANGE: put.exchange = optarg; break;
		case OPT_WINDOW: put.window = rc_opt_long("window", optarg, 1, WINDOW_MAX); break;
		case OPT_TIMEOUT: put.amqp.limit = rc_opt_duration("timeout", optarg); break;
		case OPT_CACERT: put.amqp.ca_file = optarg; break;
		case OPT_CHECK: put.check = true; break;
		case OPT_DRY_RUN: put.dry_run = true; break;
		}
	}
	check_settings();
	rc_output_open(&put.out, NULL);
	if (!put.dry_run)
		connect_to_broker();
	if (!put.check) {
		put.sent = rc_alloc(rc_size_mul((size_t)put.window, sizeof *put.sent));
		rc_input_open(&put.in, argc - optind, argv + optind);
		while (rc_input_next(&put.in, &record))
			put_record(&record);
		if (!put.dry_run)
			wait_for_all();
		rc_output_pass_end(&put.out, &put.in);
		rc_record_free(&record);
		free(put.sent);
	}
	rc_amqp_close(&put.amqp);
	rc_seen_free(&put.declared);
	return rc_finish(put.check ? NULL : &put.in, &put.out);
}

/*
 * rc-amqp-get - take messages out of a queue of a message broker, as records
 *
 * A message is acknowledged, and so gone from the queue, only when its record
 * was written out, or when the command that works on it has ended with 0:
 * whatever is killed before that leaves it in the queue.  One batch of messages
 * is held at a time.
 */
/* links: -lrabbitmq */
/* needs: amqp.h librabbitmq-dev */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_amqp.h"
#include "rc_append.h"
#include "rc_base64.h"
#include "rc_clock.h"
#include "rc_feed.h"
#include "rc_file.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_signal.h"
#include "rc_stream.h"

enum { OPT_DECLARE = RC_OPT_LONG, OPT_MAX, OPT_FOLLOW, OPT_BATCH, OPT_BATCH_WAIT, OPT_REJECTS, OPT_LIMIT, OPT_TIMEOUT, OPT_CACERT, OPT_PORCELAIN };
enum { BATCH_MAX = 10000, BATCH_BYTES = 64 << 20 };
enum {
	GATHER = 20,	/* ms: more of what is in the queue may be on its way to us */
	LOOK = 60000,	/* ms: where nothing comes, whether the queue is still there */
};

static const struct rc_option options[] = {
	{ 'q', "queue", "NAME", "the queue (required)" },
	{ OPT_DECLARE, "declare", NULL, "make the queue where it is not there, a durable one" },
	{ OPT_FOLLOW, "follow", NULL, "wait for more until TERM or INT comes (default: end where the queue is empty)" },
	{ 'm', "max", "N", "take N messages at most" },
	{ OPT_BATCH, "batch", "N", "run the command for N messages at most (default: 1; without a command 100 are written at a time)" },
	{ OPT_BATCH_WAIT, "batch-wait", "DURATION", "with --follow, wait so long for a batch to be full (default: 1s)" },
	{ OPT_LIMIT, "time-limit", "DURATION", "end a command that takes longer for each of its messages" },
	{ OPT_REJECTS, "rejects", "FILE", "add what the command fails for, and what is no JSON object, to FILE, and go on" },
	{ OPT_TIMEOUT, "timeout", "DURATION", "for each answer of the broker (default: 30s)" },
	{ OPT_CACERT, "cacert", "FILE", "with amqps, trust the authorities in FILE instead of the system's" },
	{ OPT_PORCELAIN, "porcelain", "COMMAND", "messages and exit codes are those of that command of bin/" },
	RC_OPTION_END
};

static const char *const example[] = { "--queue", "mails", "--max", "0", NULL };

static const struct rc_program program = {
	.name = "rc-amqp-get",
	.synopsis = "--queue NAME [--declare] [--follow] [--max N] [--batch N] [--batch-wait DURATION] [--time-limit DURATION] "
	    "[--rejects FILE] [--timeout DURATION] [--cacert FILE] [--porcelain COMMAND] [-- COMMAND ...]",
	.summary = "take messages out of a queue of a message broker",
	.options = options,
	.writes = "the messages, or what the command writes",
	.changes = "destroys",
	.not_idempotent = true,
	.example = example,
};

static struct get {
	const char *queue, *rejects;
	char **command;		/* or NULL */
	bool declare, follow;
	long max, taken;	/* -1: no end; given so far */
	long batch, batch_wait, limit;
	struct rc_amqp amqp;
	struct rc_output out;
	int signals;
	int stops;		/* how often we were told to stop */
	bool at_end;		/* the queue is empty */

	struct rc_buf lines;	/* the batch */
	long count;
	uint64_t tag;		/* of its last message */
	struct rc_buf bad;	/* the message after it, which is no record; empty: none */
	const char *bad_reason;
	struct rc_arena arena;
	struct rc_json_object object;
} get = { .max = -1, .batch_wait = 1000, .amqp.limit = 30000 };

/* ---- signals ---- */

/* TERM and INT end us after the batch; a second one ends the command, too. */
static bool
told(void)
{
	struct signalfd_siginfo info;

	while (read(get.signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo != SIGCHLD)
			get.stops++;
	return get.stops > 1;
}

static void
open_signals(void)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP };

	if (get.command != NULL)
		signal(SIGPIPE, SIG_IGN);	/* one that does not read to the end is seen otherwise */
	get.signals = rc_signal_open(wanted, sizeof wanted / sizeof *wanted, NULL);
}

/* ---- what can't be done ---- */

/* Adds what is refused to the file of --rejects, on disk before the message is acknowledged. */
static void
reject(const char *code, const char *message, const char *name, const char *json)
{
	char time[RC_CLOCK_SIZE];
	struct rc_buf line = {0};
	int fd = rc_append_open(get.rejects);

	rc_clock_text(time);
	rc_json_open(&line);
	rc_json_add_text(&line, "queue", get.queue);
	rc_json_add_text(&line, "time", time);
	rc_json_add_text(&line, "code", code);
	rc_json_add_text(&line, "message", message);
	rc_json_add_value(&line, name, json);
	rc_json_close(&line);
	rc_buf_add(&line, "\n", 1);
	rc_append_begin();
	rc_write_all(fd, get.rejects, line.bytes, line.length);
	rc_append_sync();
	rc_append_keep();
	rc_buf_free(&line);
	if (!get.follow)	/* a worker that is told to end has done what it should */
		get.out.answer = RC_NO;
}

/* Its bytes may be anything, so they are kept in base64. */
static void
reject_bad(void)
{
	struct rc_buf text = {0};

	rc_buf_add(&text, "\"", 1);
	rc_base64_write(get.bad.bytes, get.bad.length, &text);
	rc_buf_add(&text, "\"", 1);
	reject("no_record", get.bad_reason, "body_base64", rc_buf_text(&text));
	rc_buf_free(&text);
}

/* ---- the batch ---- */

static void
acknowledge(uint64_t tag)
{
	rc_amqp_check_status(&get.amqp, amqp_basic_ack(get.amqp.connection, RC_AMQP_CHANNEL, tag, 1), "acknowledgement");
}

/* What was written is with its reader, or on disk where that is a file. */
static void
write_batch(void)
{
	struct stat status;

	rc_output_text(&get.out, get.lines.bytes, get.lines.length);
	get.out.records += (unsigned long long)get.count;
	rc_output_flush(&get.out);
	if (fstat(get.out.fd, &status) == 0 && S_ISREG(status.st_mode) && fsync(get.out.fd) != 0)
		rc_die(rc_err_class(errno), "cannot write <stdout>: %s", strerror(errno));
}

/* Runs the command for COUNT records; dies where they must stay in the queue.  False: it failed, and --rejects is there. */
static bool
run_command(struct rc_buf *records, long count, struct rc_buf *words)
{
	enum rc_fed fed;

	words->length = 0;
	rc_buf_printf(words, "%s ", get.command[0]);
	fed = rc_feed(get.command, records, &get.out, get.limit * count, get.signals, told, words);
	if (fed == RC_FED_DONE)
		return true;
	if (fed != RC_FED_FAILED || get.rejects == NULL)
		rc_die(fed == RC_FED_FAILED ? RC_FATAL : RC_RETRY, "%s; %ld message(s) stay in the queue '%s'", rc_buf_text(words), count, get.queue);
	return false;
}

/* Of a batch that failed each record has the command for itself, so that none pays for another one. */
static void
run_for_each(const char *records)
{
	uint64_t tag = get.tag - (uint64_t)get.count + 1;	/* the broker counts on by one */
	struct rc_buf one = {0}, words = {0};

	for (const char *end; *records != '\0'; records = end, tag++) {
		char *record;

		end = strchr(records, '\n') + 1;
		rc_buf_add(&one, records, (size_t)(end - records));
		record = rc_strndup(records, (size_t)(end - records) - 1);
		if (!run_command(&one, 1, &words)) {
			rc_warn("%s; its message goes to %s", rc_buf_text(&words), get.rejects);
			reject("failed", rc_buf_text(&words), "record", record);
		}
		acknowledge(tag);
		free(record);
	}
	rc_buf_free(&one);
	rc_buf_free(&words);
}

static void
run_batch(void)
{
	struct rc_buf kept = {0}, words = {0};

	if (get.rejects != NULL)
		rc_buf_add(&kept, get.lines.bytes, get.lines.length);
	if (get.count == 1 && get.rejects != NULL)
		run_for_each(rc_buf_text(&kept));
	else if (run_command(&get.lines, get.count, &words))
		acknowledge(get.tag);
	else
		run_for_each(rc_buf_text(&kept));
	rc_buf_free(&kept);
	rc_buf_free(&words);
}

static void
work_on_batch(void)
{
	if (get.count > 0) {
		if (get.command != NULL) {
			run_batch();
		} else {
			write_batch();
			acknowledge(get.tag);
		}
		get.taken += get.count;
		get.count = 0;
		get.lines.length = 0;
	}
	if (get.bad_reason != NULL) {
		if (get.rejects == NULL)
			rc_die(RC_FATAL, "the queue '%s': a message is %s; it stays in the queue", get.queue, get.bad_reason);
		rc_warn("the queue '%s': a message is %s; it goes to %s", get.queue, get.bad_reason, get.rejects);
		reject_bad();
		acknowledge(get.tag + 1);
		get.taken++;
		get.bad_reason = NULL;
		get.bad.length = 0;
	}
}

/* ---- messages ---- */

/* Why a body can't be a record, or NULL. */
static const char *
fault_of(const char *body, size_t length)
{
	struct rc_json_error error = {0};
	const char *padded;

	rc_arena_reset(&get.arena);
	padded = rc_json_pad(&get.arena, body, length);
	if (length == 0)
		return "empty";
	if (length > RC_RECORD_MAX)
		return "larger than a record";
	if (!rc_json_read_object(&get.object, padded, length, &get.arena, &error))
		return rc_json_check(padded, length, &error) && rc_json_type(padded) != RC_JSON_OBJECT ? "no JSON object" : "no JSON that a record may be";
	return rc_json_find(&get.object, "rc_end") != NULL ? "an end record" : NULL;
}

static void
take_message(const amqp_basic_deliver_t *deliver)
{
	uint64_t tag = deliver->delivery_tag;
	amqp_message_t message;

	rc_amqp_check(&get.amqp, amqp_read_message(get.amqp.connection, RC_AMQP_CHANNEL, &message, 0), "a message");
	if ((get.bad_reason = fault_of(message.body.bytes, message.body.len)) == NULL) {
		rc_json_write_value(&get.lines, message.body.bytes, message.body.len);
		rc_buf_add(&get.lines, "\n", 1);
		get.tag = tag;
		get.count++;
	} else {
		rc_buf_add(&get.bad, message.body.bytes, message.body.len);
		get.tag = tag - 1;	/* the broker counts on by one */
	}
	amqp_destroy_message(&message);
}

/* Waits so long for a frame or a signal, and takes a message where one came; whether something came. */
static bool
take_next(long wait)
{
	struct pollfd ready[] = { { .fd = get.signals, .events = POLLIN }, { .fd = get.amqp.descriptor, .events = POLLIN } };
	amqp_frame_t frame;

	if (!amqp_frames_enqueued(get.amqp.connection) && !amqp_data_in_buffer(get.amqp.connection)) {
		poll(ready, 2, (int)wait);
		if (ready[0].revents != 0)
			told();
		if (ready[1].revents == 0)
			return ready[0].revents != 0;
	}
	if (!rc_amqp_frame(&get.amqp, &frame, GATHER, "messages"))
		return false;
	if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_DELIVER_METHOD)
		take_message(frame.payload.method.decoded);
	else if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_CANCEL_METHOD)
		rc_die(RC_RETRY, "%s: the queue '%s' was deleted, or has moved", rc_buf_text(&get.amqp.place), get.queue);
	else if (frame.frame_type == AMQP_FRAME_METHOD)
		rc_amqp_closed(&get.amqp, &frame.payload.method, "messages");
	return true;
}

/*
 * Whether nothing is left but what this process has: what the broker has sent to
 * us before it answers is here then.
 */
static bool
is_empty(void)
{
	return rc_amqp_declare(&get.amqp, get.queue, true) == 0 && !amqp_frames_enqueued(get.amqp.connection);
}

static bool
is_full(void)
{
	return get.count >= get.batch || get.bad_reason != NULL || get.lines.length > BATCH_BYTES || get.stops > 0 ||
	    (get.max >= 0 && get.taken + get.count >= get.max);
}

/* Fills a batch: with all that can be had at once, or with --follow for as long as --batch-wait says. */
static void
fill_batch(void)
{
	long long until = 0, now;

	while (!is_full() && !get.at_end) {
		now = rc_clock_ms();
		if (get.count > 0 && until == 0)
			until = now + get.batch_wait;
		if (get.follow && get.count > 0 && now >= until)
			return;
		if (take_next(!get.follow ? GATHER : get.count > 0 ? (long)(until - now) : LOOK))
			continue;
		if (get.follow && get.count > 0)
			continue;
		if (is_empty() && !get.follow)
			get.at_end = true;
	}
}

static void
consume(void)
{
	rc_amqp_declare(&get.amqp, get.queue, !get.declare);
	amqp_basic_qos(get.amqp.connection, RC_AMQP_CHANNEL, 0, (uint16_t)get.batch, 0);
	rc_amqp_check(&get.amqp, amqp_get_rpc_reply(get.amqp.connection), "prefetch");
	amqp_basic_consume(get.amqp.connection, RC_AMQP_CHANNEL, rc_amqp_text(get.queue), rc_amqp_text("rc"), 0, 0, 0, amqp_empty_table);
	rc_amqp_check(&get.amqp, amqp_get_rpc_reply(get.amqp.connection), "messages");
	while (!get.at_end && get.stops == 0 && (get.max < 0 || get.taken < get.max)) {
		fill_batch();
		work_on_batch();
	}
	/* The broker has heard of all acknowledgements when it answers this. */
	amqp_basic_cancel(get.amqp.connection, RC_AMQP_CHANNEL, rc_amqp_text("rc"));
	rc_amqp_check(&get.amqp, amqp_get_rpc_reply(get.amqp.connection), "the end");
}

/* ---- options ---- */

static void
check_settings(void)
{
	if (get.queue == NULL)
		rc_usage("--queue is needed");
	if (*get.queue == '\0' || strlen(get.queue) > RC_AMQP_NAME_MAX)
		rc_usage("--queue takes a name of 1 to %d bytes", RC_AMQP_NAME_MAX);
	if (get.amqp.limit == 0)
		rc_usage("--timeout takes more than 0");
	if (get.command == NULL && (get.limit > 0 || get.batch > 0))
		rc_usage("--batch and --time-limit are for a command");
	if (get.batch == 0)
		get.batch = get.command == NULL ? 100 : 1;
	if (get.max >= 0 && get.max < get.batch)
		get.batch = get.max;
}

int
main(int argc, char *argv[])
{
	int opt;

	get.command = rc_opt_command(&argc, argv);
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'q': get.queue = optarg; break;
		case OPT_DECLARE: get.declare = true; break;
		case OPT_FOLLOW: get.follow = true; break;
		case 'm': get.max = rc_opt_long("max", optarg, 0, 1000000000); break;
		case OPT_BATCH: get.batch = rc_opt_long("batch", optarg, 1, BATCH_MAX); break;
		case OPT_BATCH_WAIT: get.batch_wait = rc_opt_duration("batch-wait", optarg); break;
		case OPT_LIMIT: get.limit = rc_opt_duration("time-limit", optarg); break;
		case OPT_REJECTS: get.rejects = optarg; break;
		case OPT_TIMEOUT: get.amqp.limit = rc_opt_duration("timeout", optarg); break;
		case OPT_CACERT: get.amqp.ca_file = optarg; break;
		case OPT_PORCELAIN: rc_err_set_porcelain(optarg); break;
		}
	}
	if (optind < argc)
		rc_usage("it takes no files, but a command after --");
	check_settings();
	rc_output_open(&get.out, NULL);
	if (get.max != 0) {
		open_signals();
		rc_amqp_open(&get.amqp);
		consume();
		rc_amqp_close(&get.amqp);
	}
	rc_json_object_free(&get.object);
	rc_arena_free(&get.arena);
	rc_buf_free(&get.lines);
	rc_buf_free(&get.bad);
	return rc_finish(NULL, &get.out);
}

/*
 * rc-http-bulk - put records into an index of OpenSearch or Elasticsearch
 *
 * The bodies are those of `_bulk`: for each record a line that says what to do,
 * and the record as it came.  Holds twice as many requests as may be under way.
 * An item that the server has no room for is sent again with the others of its
 * request that it had none for; one that it refuses is a rejected record.
 */
/* links: -lcurl */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rc_file.h"
#include "rc_http_target.h"
#include "rc_import_rejects.h"
#include "rc_items.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_ID = RC_OPT_LONG, OPT_DELETE, OPT_REJECTS, OPT_MAX_REJECTS, OPT_REQUIRE_END };

static const struct rc_option options[] = {
	RC_HTTP_TARGET_OPTIONS,
	{ OPT_ID, "id", "FIELD", "the document's id, a text or number (default: id)" },
	{ OPT_DELETE, "delete", "FIELD", "a record in which FIELD is there, and not null or false, is deleted from the index" },
	{ OPT_REJECTS, "rejects", "FILE", "write refused records there with line, code and message, and go on" },
	{ OPT_MAX_REJECTS, "max-rejects", "N", "refuse at most N records (default: 0, with --rejects no limit)" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "fail where the input has no end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--url", "http://127.0.0.1:1/", "--path", "/books/_bulk", NULL };

static const struct rc_program program = {
	.name = "rc-http-bulk",
	.synopsis = "{--url URL | --url-of NAME} [--path PATH] [--jobs N] [--batch N] [--batch-bytes N] [--id FIELD] [--delete FIELD] "
	    "[--rejects FILE] [--max-rejects N] [OPTION ...] [FILE ...]",
	.summary = "put records into an index of OpenSearch or Elasticsearch",
	.options = options,
	.reads = "documents",
	.writes = "one record: {\"indexed\",\"deleted\",\"rejected\",\"put_off\"}",
	.changes = "changes",
	.risk = "medium",
	.gate = "exempt",
	.example = example,
	.example_input = "{\"rc_end\":{\"v\":1,\"records\":0}}\n",
};

/* One record of a request. */
struct item {
	size_t start, end, length;	/* in the body: its lines, and where the last one begins that is the record, LENGTH 0: none */
	const char *file;
	unsigned long line;
	bool delete;
};

/* What a parcel holds besides its body. */
struct items {
	struct item *each;
	size_t count, room;
};

struct bulk {
	struct rc_http_target target;
	struct rc_input in;
	struct rc_import_rejects rejects;
	const char *id, *delete;
	unsigned long long indexed, deleted;

	struct rc_items answer;		/* of the request that is judged */
	struct rc_http_parcel *parcel;
	size_t at, left;		/* the item whose answer comes next; so many are to be sent again */
	bool no_room;
	struct rc_arena arena;
};

/* ---- requests ---- */

static bool
is_deletion(const struct bulk *work, struct rc_record *record)
{
	size_t length;
	const char *value = work->delete == NULL ? NULL : rc_record_value(record, work->delete, &length);

	return value != NULL && *value != 'n' && *value != 'f';
}

static void
begin_body(void *context, struct rc_http_parcel *parcel)
{
	(void)context;
	if (parcel->own == NULL) {
		parcel->own = rc_alloc(sizeof(struct items));
		*(struct items *)parcel->own = (struct items){0};
	}
	((struct items *)parcel->own)->count = 0;
}

static unsigned long long
add_item(void *context, struct rc_http_parcel *parcel, struct rc_record *record)
{
	struct bulk *work = context;
	struct items *items = parcel->own;
	struct rc_buf *body = &parcel->body;
	size_t length, start = body->length;
	const char *id = rc_record_value(record, work->id, &length);
	bool delete = is_deletion(work, record);

	if (id == NULL)
		rc_input_fail(&work->in, "has no field '%s'", work->id);
	if (rc_json_type(id) != RC_JSON_STRING && rc_json_type(id) != RC_JSON_NUMBER)
		rc_input_fail(&work->in, "field '%s' is neither a text nor a number", work->id);
	rc_buf_add_text(body, delete ? "{\"delete\":{\"_id\":" : "{\"index\":{\"_id\":");
	if (*id != '"')
		rc_buf_add(body, "\"", 1);
	rc_buf_add(body, id, length);
	rc_buf_add_text(body, *id == '"' ? "}}\n" : "\"}}\n");
	if (items->count == items->room) {
		items->room = items->room == 0 ? 256 : rc_size_mul(items->room, 2);
		items->each = rc_realloc(items->each, rc_size_mul(items->room, sizeof *items->each));
	}
	length = delete ? 0 : record->length;
	if (!delete) {
		rc_buf_add(body, record->text, record->length);
		rc_buf_add(body, "\n", 1);
	}
	items->each[items->count++] = (struct item){ start, body->length, length, work->in.name, work->in.line, delete };
	return items->count;
}

/* ---- answers ---- */

static _Noreturn void
die_of_nonsense(const char *words)
{
	rc_die(RC_FATAL, "the answer is not one of _bulk: %s", words);
}

/* The text of a string of OBJECT, or an empty one. */
static const char *
text_of(struct bulk *work, const struct rc_json_object *object, const char *name)
{
	const struct rc_json_field *field = rc_json_find(object, name);
	const char *text = NULL;
	size_t length;

	if (field != NULL && rc_json_type(field->value) == RC_JSON_STRING)
		text = rc_json_decode(&work->arena, field->value, field->value_length, &length);
	return text == NULL ? "" : text;
}

static void
read_object(struct bulk *work, struct rc_json_object *object, const char *text, size_t length)
{
	struct rc_json_error error;

	if (*text != '{' || !rc_json_read_object(object, text, length, &work->arena, &error))
		die_of_nonsense("an item is no object");
}

/* The server has refused it for good. */
static void
reject(struct bulk *work, const struct item *item, const char *code, const char *message)
{
	struct rc_import_fault fault = { item->file, item->line, NULL, code, message };
	const char *record = item->length == 0 ? "null" : work->parcel->body.bytes + item->end - 1 - item->length;

	rc_import_reject(&work->rejects, &fault, record, item->length == 0 ? 4 : item->length);
}

/* Keeps the item for the next try: those that are left stand at the body's beginning, in their order. */
static void
keep(struct bulk *work, const struct item *item)
{
	struct items *items = work->parcel->own;
	struct rc_buf *body = &work->parcel->body;
	size_t to = work->left == 0 ? 0 : items->each[work->left - 1].end, length = item->end - item->start;
	struct item kept = *item;

	memmove(body->bytes + to, body->bytes + item->start, length);
	kept.start = to;
	kept.end = to + length;
	items->each[work->left++] = kept;
}

/* What became of one item. */
static void
take_item(void *context, const char *text, size_t length)
{
	struct bulk *work = context;
	struct items *items = work->parcel->own;
	struct item item;
	struct rc_json_object outer = {0}, inner = {0}, error = {0};
	const struct rc_json_field *field;
	long status = 0;

	if (work->at == items->count)
		die_of_nonsense("it has more items than the request");
	item = items->each[work->at++];
	read_object(work, &outer, text, length);
	if (outer.count != 1)
		die_of_nonsense("an item is not one action");
	read_object(work, &inner, outer.fields[0].value, outer.fields[0].value_length);
	field = rc_json_find(&inner, "status");
	if (field == NULL || !rc_parse_long(rc_arena_copy(&work->arena, field->value, field->value_length), 100, 599, &status))
		die_of_nonsense("an item has no status");
	if ((status >= 200 && status <= 299) || (item.delete && status == 404)) {
		*(item.delete ? &work->deleted : &work->indexed) += 1;
		work->parcel->moved = true;
	} else {
		field = rc_json_find(&inner, "error");
		if (field != NULL && *field->value == '{')
			read_object(work, &error, field->value, field->value_length);
		if (status == 429 || status == 503) {
			keep(work, &item);
			work->no_room = true;
			work->parcel->reason.length = 0;
			rc_buf_printf(&work->parcel->reason, "%s (%s)", text_of(work, &error, "reason"), text_of(work, &error, "type"));
		} else {
			reject(work, &item, text_of(work, &error, "type"), text_of(work, &error, "reason"));
		}
	}
	rc_json_object_free(&outer);
	rc_json_object_free(&inner);
	rc_json_object_free(&error);
	rc_arena_reset(&work->arena);
}

static enum rc_http_verdict
judge(void *context, struct rc_http_parcel *parcel)
{
	struct bulk *work = context;
	struct items *items = parcel->own;

	work->parcel = parcel;
	work->at = work->left = 0;
	work->no_room = false;
	rc_items_begin(&work->answer);
	memset(rc_buf_reserve(&parcel->answer, RC_ITEMS_PAD), 0, RC_ITEMS_PAD);
	if (rc_items_read(&work->answer, parcel->answer.bytes, parcel->answer.length) == RC_ITEMS_BAD || !rc_items_end(&work->answer))
		die_of_nonsense(work->answer.reason == NULL ? "it is cut" : work->answer.reason);
	if (work->at != items->count)
		die_of_nonsense("it has fewer items than the request");
	items->count = work->left;
	parcel->body.length = work->left == 0 ? 0 : items->each[work->left - 1].end;
	return work->left == 0 ? RC_HTTP_TAKEN : RC_HTTP_AGAIN;
}

static void
deliver(void *context, struct rc_http_parcel *parcel)
{
	(void)context, (void)parcel;	/* all is counted when it is judged */
}

static void
release(void *own)
{
	free(((struct items *)own)->each);
	free(own);
}

/* ---- the whole ---- */

static void
report(const struct bulk *work, struct rc_output *out)
{
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "indexed", (long long)work->indexed);
	rc_json_add_integer(&line, "deleted", (long long)work->deleted);
	rc_json_add_integer(&line, "rejected", (long long)work->rejects.count);
	rc_json_add_integer(&line, "put_off", (long long)work->target.sender.put_off);
	rc_json_close(&line);
	rc_output_line(out, line.bytes, line.length);
	rc_buf_free(&line);
}

int
main(int argc, char *argv[])
{
	static const struct rc_http_filling filling = { begin_body, add_item, NULL };
	static struct bulk work = { .id = "id" };
	bool require_end = false, has_max = false;
	struct rc_output out;
	int opt;

	rc_http_target_begin(&work.target);
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (rc_http_target_option(&work.target, opt))
			continue;
		switch (opt) {
		case OPT_ID: work.id = optarg; break;
		case OPT_DELETE: work.delete = optarg; break;
		case OPT_REJECTS: work.rejects.path = optarg; break;
		case OPT_MAX_REJECTS: work.rejects.max = rc_opt_long("max-rejects", optarg, 0, LONG_MAX); has_max = true; break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	if (!has_max && work.rejects.path != NULL)
		work.rejects.max = -1;
	work.rejects.in = &work.in;
	work.answer = (struct rc_items){ .take = take_item, .context = &work };
	rc_items_add_pointer(&work.answer, "/items");
	work.target.sender.content_type = "application/x-ndjson";
	work.target.sender.judge = judge;
	work.target.sender.deliver = deliver;
	work.target.sender.context = &work;
	rc_http_target_open(&work.target);
	rc_input_open(&work.in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	rc_import_rejects_open(&work.rejects, false);

	rc_http_target_send(&work.target, &work.in, &filling);
	rc_import_rejects_put(&work.rejects);
	if (require_end)
		rc_input_require_end(&work.in);
	report(&work, &out);
	if (work.rejects.count > 0)
		out.answer = RC_NO;
	rc_import_rejects_free(&work.rejects);
	rc_items_free(&work.answer);
	rc_arena_free(&work.arena);
	rc_http_target_close(&work.target, release);
	return rc_finish(&work.in, &out);
}

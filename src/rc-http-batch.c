/*
 * rc-http-batch - send records to a server, many in one request, and print its answers
 *
 * A body is a text with one place for the records, an array.  Holds twice as
 * many requests as may be under way; the answers come in the records' order.
 */
/* links: -lcurl */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include <stdlib.h>
#include <string.h>

#include "rc_file.h"
#include "rc_http_target.h"
#include "rc_items.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_BODY = RC_OPT_LONG, OPT_FIELD, OPT_WITH_RECORDS, OPT_ERRORS, OPT_PASSING, OPT_REQUIRE_END };
static const char place[] = "\"@records\"";

static const struct rc_option options[] = {
	RC_HTTP_TARGET_OPTIONS,
	{ OPT_BODY, "body", "JSON", "the request's body, in which \"@records\" is the array of the records (default: only that)" },
	{ OPT_FIELD, "field", "FIELD", "send only this field's values" },
	{ OPT_WITH_RECORDS, "with-records", NULL, "print the records beside the answer" },
	{ OPT_ERRORS, "errors", "POINTER", "an answer that has there an array of {\"code\",\"message\"} with something in it has failed" },
	{ OPT_PASSING, "passing", "TEXT", "such errors whose code begins so pass by themselves" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "fail where the input has no end record" },
	RC_OPTION_END
};

static const char *const example[] = { "--url", "http://127.0.0.1:1/", NULL };

static const struct rc_program program = {
	.name = "rc-http-batch",
	.synopsis = "{--url URL | --url-of NAME} [--path PATH] [--jobs N] [--batch N] [--batch-bytes N] [--body JSON] [--field FIELD] "
	    "[--with-records] [--errors POINTER [--passing TEXT]] [OPTION ...] [FILE ...]",
	.summary = "send records to a server, many in one request, and print its answers",
	.options = options,
	.reads = "any records",
	.writes = "for each request {\"count\",\"answer\"}, with --with-records \"records\" too, and an end record where the input had one",
	.changes = "changes",
	.risk = "medium",
	.gate = "exempt",
	.example = example,
	.example_input = "{\"rc_end\":{\"v\":1,\"records\":0}}\n",
};

/* What a parcel holds besides its body. */
struct batch {
	unsigned long long count;
	struct rc_buf records;		/* with --with-records: the array */
};

struct sending {
	struct rc_http_target target;
	struct rc_input in;
	struct rc_output out;
	const char *body, *field, *passing;
	size_t before;			/* so much of the body stands before the array */
	bool with_records, has_errors;

	struct rc_items errors;		/* of the answer that is judged */
	struct rc_http_parcel *parcel;
	unsigned long long passing_errors, lasting_errors;
	struct rc_arena arena;
};

/* ---- requests ---- */

/* Where in the body the array goes; it must be JSON, and the place must be there once. */
static void
find_place(struct sending *work)
{
	const char *found = strstr(work->body, place);
	struct rc_json_error error;
	struct rc_arena arena = {0};

	if (found == NULL || strstr(found + 1, place) != NULL)
		rc_usage("--body must have \"@records\" in it once");
	if (!rc_json_check(rc_json_pad(&arena, work->body, strlen(work->body)), strlen(work->body), &error))
		rc_usage("--body is no JSON: %s", error.reason);
	rc_arena_free(&arena);
	work->before = (size_t)(found - work->body);
}

static void
begin_body(void *context, struct rc_http_parcel *parcel)
{
	const struct sending *work = context;
	struct batch *batch = parcel->own;

	if (batch == NULL) {
		parcel->own = batch = rc_alloc(sizeof *batch);
		*batch = (struct batch){0};
	}
	batch->count = 0;
	batch->records.length = 0;
	rc_buf_add(&parcel->body, work->body, work->before);
}

static unsigned long long
add_record(void *context, struct rc_http_parcel *parcel, struct rc_record *record)
{
	const struct sending *work = context;
	struct batch *batch = parcel->own;
	const char *value = record->text, *comma = batch->count == 0 ? "[" : ",";
	size_t length = record->length;

	if (work->field != NULL && (value = rc_record_value(record, work->field, &length)) == NULL)
		rc_input_fail(&work->in, "has no field '%s'", work->field);
	rc_buf_add(&parcel->body, comma, 1);
	rc_buf_add(&parcel->body, value, length);
	if (work->with_records) {
		rc_buf_add(&batch->records, comma, 1);
		rc_buf_add(&batch->records, record->text, record->length);
	}
	return ++batch->count;
}

static void
end_body(void *context, struct rc_http_parcel *parcel)
{
	const struct sending *work = context;

	rc_buf_add(&parcel->body, "]", 1);
	rc_buf_add_text(&parcel->body, work->body + work->before + sizeof place - 1);
}

/* ---- answers ---- */

static void
take_error(void *context, const char *text, size_t length)
{
	struct sending *work = context;
	struct rc_json_object object = {0};
	struct rc_json_error error;
	const char *words[2] = { "", "" }, *const names[2] = { "code", "message" };

	if (*text == '{' && rc_json_read_object(&object, text, length, &work->arena, &error)) {
		for (size_t n = 0; n < 2; n++) {
			const struct rc_json_field *field = rc_json_find(&object, names[n]);
			const char *word = NULL;
			size_t ignored;

			if (field != NULL && rc_json_type(field->value) == RC_JSON_STRING)
				word = rc_json_decode(&work->arena, field->value, field->value_length, &ignored);
			words[n] = word == NULL ? "" : word;
		}
	}
	if (work->passing != NULL && rc_str_begins(words[0], work->passing))
		work->passing_errors++;
	else
		work->lasting_errors++;
	work->parcel->reason.length = 0;
	rc_buf_printf(&work->parcel->reason, "the server answers an error: %s (%s)", words[1], words[0]);
	rc_json_object_free(&object);
	rc_arena_reset(&work->arena);
}

static enum rc_http_verdict
judge(void *context, struct rc_http_parcel *parcel)
{
	struct sending *work = context;
	struct rc_json_error error;
	size_t length = parcel->answer.length;

	memset(rc_buf_reserve(&parcel->answer, RC_ITEMS_PAD), 0, RC_ITEMS_PAD);	/* what the readers want to find behind it */
	if (!rc_json_check(parcel->answer.bytes, length, &error))
		rc_die(RC_FATAL, "the answer is no JSON: %s", error.reason);
	if (!work->has_errors)
		return RC_HTTP_TAKEN;
	work->parcel = parcel;
	work->passing_errors = work->lasting_errors = 0;
	rc_items_begin(&work->errors);
	if (rc_items_read(&work->errors, parcel->answer.bytes, length) == RC_ITEMS_BAD || !rc_items_end(&work->errors))
		rc_die(RC_FATAL, "the answer has no array of errors%s%s", work->errors.reason == NULL ? "" : ": ",
		    work->errors.reason == NULL ? "" : work->errors.reason);
	if (work->lasting_errors > 0)
		rc_die(RC_FATAL, "%s", rc_buf_text(&parcel->reason));
	return work->passing_errors > 0 ? RC_HTTP_AT_ONCE : RC_HTTP_TAKEN;
}

static void
deliver(void *context, struct rc_http_parcel *parcel)
{
	struct sending *work = context;
	struct batch *batch = parcel->own;
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "count", (long long)batch->count);
	if (work->with_records) {
		rc_buf_add_text(&line, ",\"records\":");
		rc_buf_add(&line, batch->records.bytes, batch->records.length);
		rc_buf_add(&line, "]", 1);
	}
	rc_buf_add_text(&line, ",\"answer\":");
	while (strchr(" \t\r\n", parcel->answer.bytes[parcel->answer.length - 1]) != NULL)
		parcel->answer.length--;	/* a value ends in no blank */
	rc_json_write_value(&line, parcel->answer.bytes, parcel->answer.length);
	rc_json_close(&line);
	rc_output_line(&work->out, line.bytes, line.length);
	rc_buf_free(&line);
}

static void
release(void *own)
{
	rc_buf_free(&((struct batch *)own)->records);
	free(own);
}

/* ---- the whole ---- */

int
main(int argc, char *argv[])
{
	static const struct rc_http_filling filling = { begin_body, add_record, end_body };
	struct sending work = { .body = place };
	const char *errors = NULL;
	bool require_end = false;
	int opt;

	rc_http_target_begin(&work.target);
	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		if (rc_http_target_option(&work.target, opt))
			continue;
		switch (opt) {
		case OPT_BODY: work.body = optarg; break;
		case OPT_FIELD: work.field = optarg; break;
		case OPT_WITH_RECORDS: work.with_records = true; break;
		case OPT_ERRORS: errors = optarg; break;
		case OPT_PASSING: work.passing = optarg; break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	find_place(&work);
	if (work.passing != NULL && errors == NULL)
		rc_usage("--passing needs --errors");
	work.has_errors = errors != NULL;
	work.errors = (struct rc_items){ .take = take_error, .context = &work };
	if (errors != NULL && (*errors != '/' || rc_items_add_pointer(&work.errors, errors) < 0))
		rc_usage("--errors is no JSON pointer");
	work.target.sender.judge = judge;
	work.target.sender.deliver = deliver;
	work.target.sender.context = &work;
	rc_http_target_open(&work.target);
	rc_input_open(&work.in, argc - optind, argv + optind);
	rc_output_open(&work.out, NULL);

	rc_http_target_send(&work.target, &work.in, &filling);
	if (require_end)
		rc_input_require_end(&work.in);
	rc_output_pass_end(&work.out, &work.in);
	rc_items_free(&work.errors);
	rc_arena_free(&work.arena);
	rc_http_target_close(&work.target, release);
	return rc_finish(&work.in, &work.out);
}

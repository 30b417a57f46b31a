/*
 * rc-record-join - put records together into a JSON document
 *
 * The other way of rc-record-split.  One record is held at a time; memory grows
 * with the count of different names only.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_REQUIRE_END = RC_OPT_LONG };

static const struct rc_option options[] = {
	{ 'n', "name", "NAME", "the records are the elements of one array of that name" },
	{ OPT_REQUIRE_END, "require-end-record", NULL, "fail, and leave the document without its end, where the end record is missing" },
	{ 'o', "output", "FILE", "replace FILE as a whole instead of writing standard output" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-record-join",
	.synopsis = "[--name NAME] [--require-end-record] [--output FILE] [FILE ...]",
	.summary = "put records together into a JSON document",
	.options = options,
	.reads = "what rc-record-split writes, or with --name any record",
	.writes = "a JSON document, a line for each element",
	.example_input = "{\"name\":\"users\",\"element\":{\"id\":1}}\n{\"name\":\"version\",\"value\":7}\n",
};

/* The document as far as it is written. */
struct document {
	struct rc_output out;
	struct rc_buf name;	/* of the last member */
	bool in_array;
	char **names;		/* of the members before */
	size_t count;
};

static void
put_text(struct document *document, const char *text)
{
	rc_output_text(&document->out, text, strlen(text));
}

static void
close_array(struct document *document)
{
	if (document->in_array)
		put_text(document, "\n]");
	document->in_array = false;
}

/* Begins the member NAME (LENGTH bytes); false where there was one of that name. */
static bool
begin_member(struct document *document, const char *name, size_t length)
{
	struct rc_buf text = {0};

	close_array(document);
	for (size_t i = 0; i < document->count; i++)
		if (strlen(document->names[i]) == length && memcmp(document->names[i], name, length) == 0)
			return false;
	document->names = rc_realloc(document->names, rc_size_mul(document->count + 1, sizeof *document->names));
	document->names[document->count++] = rc_strndup(name, length);
	rc_buf_add_text(&text, document->count == 1 ? "\n" : ",\n");
	rc_json_write_string(&text, name, length);
	rc_buf_add_text(&text, ":");
	rc_output_text(&document->out, text.bytes, text.length);
	rc_buf_free(&text);
	document->name.length = 0;
	rc_buf_add(&document->name, name, length);
	return true;
}

static bool
is_open(const struct document *document, const char *name, size_t length)
{
	return document->in_array && document->name.length == length && memcmp(document->name.bytes, name, length) == 0;
}

/* Adds one element to the array NAME, which is the last member or a new one; false where it is neither. */
static bool
put_element(struct document *document, const char *name, size_t length, const char *value, size_t value_length)
{
	if (is_open(document, name, length)) {
		put_text(document, ",\n");
	} else {
		if (!begin_member(document, name, length))
			return false;
		put_text(document, "[\n");
		document->in_array = true;
	}
	rc_output_text(&document->out, value, value_length);
	return true;
}

/* Adds what a record of rc-record-split's says. */
static void
put_record(struct document *document, const struct rc_input *in, struct rc_record *record)
{
	const char *name = rc_input_need_string(in, record, "name");
	const struct rc_json_field *element = rc_record_find(record, "element");
	const struct rc_json_field *value = rc_record_find(record, "value");
	size_t length = strlen(name);
	bool added;

	if (element == NULL && value == NULL)
		value = rc_record_find(record, "elements");
	if (record->object.count != 2 || (element == NULL && value == NULL))
		rc_input_fail(in, "expected the fields 'name' and one of 'element', 'elements' and 'value'");
	if (element != NULL) {
		added = put_element(document, name, length, element->value, element->value_length);
	} else {
		added = begin_member(document, name, length);
		if (added)
			rc_output_text(&document->out, value->value, value->value_length);
	}
	if (!added)
		rc_input_fail(in, "'%s' comes a second time, and its elements must stand together", name);
}

int
main(int argc, char *argv[])
{
	const char *name = NULL, *path = NULL;
	struct document document = {0};
	struct rc_input in;
	struct rc_record record = {0};
	struct rc_buf text = {0};
	bool require_end = false;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'n': name = optarg; break;
		case 'o': path = optarg; break;
		case OPT_REQUIRE_END: require_end = true; break;
		}
	}
	if (name != NULL && !rc_utf8_valid(name, strlen(name)))
		rc_usage("--name is not UTF-8");
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&document.out, path);

	put_text(&document, "{");
	while (rc_input_next(&in, &record)) {
		if (name == NULL) {
			put_record(&document, &in, &record);
			continue;
		}
		text.length = 0;
		rc_record_write(&record, &text);
		put_element(&document, name, strlen(name), text.bytes, text.length);
	}
	if (require_end)
		rc_input_require_end(&in);
	if (name != NULL && in.records == 0) {
		begin_member(&document, name, strlen(name));
		put_text(&document, "[]");
	}
	close_array(&document);
	put_text(&document, document.count == 0 ? "}\n" : "\n}\n");

	for (size_t i = 0; i < document.count; i++)
		free(document.names[i]);
	free(document.names);
	rc_buf_free(&document.name);
	rc_buf_free(&text);
	rc_record_free(&record);
	return rc_finish(&in, &document.out);
}

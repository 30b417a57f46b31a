/*
 * rc-record-split - take a JSON document apart into records
 *
 * The document is an object of any size; one element of one of its arrays is
 * held at a time.
 */
#include <string.h>

#include "rc_document.h"
#include "rc_json.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_END_RECORD = RC_OPT_LONG };

static const struct rc_option options[] = {
	{ 'n', "name", "NAME", "the elements of that array alone, as they are" },
	{ OPT_END_RECORD, "end-record", NULL, "end with an end record that has the count" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-record-split",
	.synopsis = "[--name NAME] [--end-record] [FILE]",
	.summary = "take a JSON document apart into records",
	.options = options,
	.reads = "a JSON document: one object whose members are arrays or other values",
	.writes = "for each element of an array {\"name\",\"element\"}, for an empty one {\"name\",\"elements\":[]}, for another member {\"name\",\"value\"}",
	.example_input = "{\"users\":[{\"id\":1},{\"id\":2}],\"version\":7}\n",
};

/* Whether the member that was read is called NAME. */
static bool
is_named(struct rc_arena *arena, const struct rc_document *document, const char *name)
{
	size_t length;
	const char *found = rc_json_decode(arena, document->name.bytes, document->name.length, &length);
	bool same = found != NULL && length == strlen(name) && memcmp(found, name, length) == 0;

	rc_arena_reset(arena);
	return same;
}

/* Writes VALUE, on one line, behind the member's name; as it is where KEY is NULL. */
static void
put(struct rc_output *out, const struct rc_document *document, const char *key, const char *value, size_t length)
{
	struct rc_buf line = {0};

	if (key != NULL) {
		rc_buf_add_text(&line, "{\"name\":");
		rc_buf_add(&line, document->name.bytes, document->name.length);
		rc_buf_printf(&line, ",\"%s\":", key);
	}
	rc_json_write_value(&line, value, length);
	if (key != NULL)
		rc_buf_add_text(&line, "}");
	rc_output_line(out, line.bytes, line.length);
	rc_buf_free(&line);
}

int
main(int argc, char *argv[])
{
	enum rc_document_event event;
	struct rc_document document;
	struct rc_arena arena = {0};
	struct rc_output out;
	const char *name = NULL;
	bool end_record = false, found = false;
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'n': name = optarg; break;
		case OPT_END_RECORD: end_record = true; break;
		}
	}
	if (argc - optind > 1)
		rc_usage("one document at a time, but '%s' is given", argv[optind + 1]);
	rc_document_open(&document, argv[optind]);
	rc_output_open(&out, NULL);

	while ((event = rc_document_next(&document)) != RC_DOCUMENT_END) {
		if (name != NULL && !is_named(&arena, &document, name))
			continue;
		found = true;
		if (name != NULL && (event == RC_DOCUMENT_VALUE || (event == RC_DOCUMENT_ELEMENT && document.value.bytes[0] != '{')))
			rc_die(RC_FATAL, "%s:%lu: '%s' is not an array of objects", document.file, document.line, name);
		if (event == RC_DOCUMENT_EMPTY && name == NULL)
			put(&out, &document, "elements", "[]", 2);
		else if (event == RC_DOCUMENT_ELEMENT)
			put(&out, &document, name == NULL ? "element" : NULL, document.value.bytes, document.value.length);
		else if (event == RC_DOCUMENT_VALUE)
			put(&out, &document, "value", document.value.bytes, document.value.length);
	}
	if (name != NULL && !found)
		rc_die(RC_FATAL, "%s: no '%s' in the document", document.file, name);
	if (end_record)
		rc_output_end_record(&out);
	rc_document_close(&document);
	rc_arena_free(&arena);
	return rc_finish(NULL, &out);
}

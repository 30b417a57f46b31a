/*
 * rc-tally - count records by the value of a field
 *
 * One pass; memory grows with the number of different values, not of records.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

static const struct rc_option options[] = {
	{ 'b', "by", "FIELD", "count by the value of FIELD (default: status)" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-tally",
	.synopsis = "[--by FIELD] [FILE ...]",
	.summary = "count records by the value of a field",
	.options = options,
	.reads = "any record",
	.writes = "one record: {\"records\":N,\"by\":{VALUE:N,...}}, and \"missing\":N where records lack the field",
	.example_input = "{\"status\":\"signed\"}\n{\"status\":\"signed\"}\n{\"status\":\"missing\"}\n",
};

struct value {
	char *text;	/* a string's characters, or another value's JSON text */
	size_t length;
	unsigned long long count;
};

/* The values in the order of their first record, found by an open hash table of indexes + 1. */
struct tally {
	struct value *values;
	size_t count, room;
	size_t *slots;
	size_t slot_count;	/* a power of two, more than twice the count */
	size_t last;		/* the value seen last is the likeliest to come next */
};

static bool
is_value(const struct value *value, const char *text, size_t length)
{
	return value->length == length && memcmp(value->text, text, length) == 0;
}

/* The slot that holds the value, or the free one where it belongs. */
static size_t *
find_slot(struct tally *tally, const char *text, size_t length)
{
	size_t i = rc_str_hash(text, length) & (tally->slot_count - 1);

	while (tally->slots[i] != 0 && !is_value(&tally->values[tally->slots[i] - 1], text, length))
		i = (i + 1) & (tally->slot_count - 1);
	return &tally->slots[i];
}

static void
grow(struct tally *tally)
{
	tally->room = tally->room == 0 ? 32 : rc_size_mul(tally->room, 2);
	tally->values = rc_realloc(tally->values, rc_size_mul(tally->room, sizeof *tally->values));
	tally->slot_count = rc_size_mul(tally->room, 4);
	free(tally->slots);
	tally->slots = rc_alloc(rc_size_mul(tally->slot_count, sizeof *tally->slots));
	memset(tally->slots, 0, tally->slot_count * sizeof *tally->slots);
	for (size_t i = 0; i < tally->count; i++)
		*find_slot(tally, tally->values[i].text, tally->values[i].length) = i + 1;
}

static void
count(struct tally *tally, const char *text, size_t length)
{
	size_t *slot;

	if (tally->count > 0 && is_value(&tally->values[tally->last], text, length)) {
		tally->values[tally->last].count++;
		return;
	}
	if (tally->count == tally->room)
		grow(tally);
	slot = find_slot(tally, text, length);
	if (*slot == 0) {
		tally->values[tally->count++] = (struct value){ .text = rc_strndup(text, length), .length = length };
		*slot = tally->count;
	}
	tally->last = *slot - 1;
	tally->values[tally->last].count++;
}

static void
report(const struct tally *tally, unsigned long long records, unsigned long long missing, struct rc_output *out)
{
	struct rc_buf by = {0}, line = {0};

	rc_json_open(&by);
	for (size_t i = 0; i < tally->count; i++) {
		if (i > 0)
			rc_buf_add_text(&by, ",");
		rc_json_write_string(&by, tally->values[i].text, tally->values[i].length);
		rc_buf_printf(&by, ":%llu", tally->values[i].count);
	}
	rc_json_close(&by);
	rc_json_open(&line);
	rc_json_add_integer(&line, "records", (long long)records);
	rc_json_add_value(&line, "by", rc_buf_text(&by));
	if (missing > 0)
		rc_json_add_integer(&line, "missing", (long long)missing);
	rc_json_close(&line);
	rc_output_line(out, line.bytes, line.length);
	rc_buf_free(&by);
	rc_buf_free(&line);
}

int
main(int argc, char *argv[])
{
	const char *by = "status";
	unsigned long long missing = 0;
	struct tally tally = {0};
	struct rc_input in;
	struct rc_output out;
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1)
		if (opt == 'b')
			by = optarg;
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);

	while (rc_input_next(&in, &record)) {
		const struct rc_json_field *field = rc_record_find(&record, by);
		const char *text;
		size_t length;

		if (field == NULL) {
			missing++;
			continue;
		}
		text = field->value;
		length = field->value_length;
		if (rc_json_type(text) == RC_JSON_STRING)
			text = rc_json_decode(&record.arena, text, length, &length);
		count(&tally, text, length);
	}
	report(&tally, in.records, missing, &out);

	for (size_t i = 0; i < tally.count; i++)
		free(tally.values[i].text);
	free(tally.values);
	free(tally.slots);
	rc_record_free(&record);
	return rc_finish(&in, &out);
}

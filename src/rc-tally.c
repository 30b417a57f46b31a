/*
 * rc-tally - count records by the value of a field
 *
 * One pass; memory grows with the number of different values, not of records,
 * and holds each value once.  With --count it does not grow.
 */
#include <stdlib.h>
#include <string.h>

#include "rc_condition.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"

enum { OPT_COUNT = RC_OPT_LONG, COLUMNS_MAX = 32 };

static const struct rc_option options[] = {
	{ 'b', "by", "FIELD", "count by the value of FIELD (default: status)" },
	{ OPT_COUNT, "count", "FIELD[=VALUE[|VALUE]]", "print a line with the number of these; may be repeated, for more numbers" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-tally",
	.synopsis = "[--by FIELD | --count FIELD[=VALUE[|VALUE]] ...] [FILE ...]",
	.summary = "count records by the value of a field",
	.options = options,
	.reads = "any record",
	.writes = "one record: {\"records\":N,\"by\":{VALUE:N,...}}, and \"missing\":N where records lack the field; "
	    "with --count a line of text: one number for each",
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

/* Counts one more of the value; where it is new, OWNED (NULL: a copy) becomes the tally's, and is TEXT. */
static void
count(struct tally *tally, const char *text, size_t length, char *owned)
{
	size_t *slot;

	if (tally->count > 0 && is_value(&tally->values[tally->last], text, length)) {
		tally->values[tally->last].count++;
		free(owned);
		return;
	}
	if (tally->count == tally->room)
		grow(tally);
	slot = find_slot(tally, text, length);
	if (*slot == 0) {
		if (owned == NULL)
			owned = rc_strndup(text, length);
		tally->values[tally->count++] = (struct value){ .text = owned, .length = length };
		*slot = tally->count;
	} else {
		free(owned);
	}
	tally->last = *slot - 1;
	tally->values[tally->last].count++;
}

/* Counts a value by its JSON text; a long string with escapes is decoded once, to where it stays. */
static void
count_json(struct tally *tally, const char *json, size_t length, struct rc_arena *arena)
{
	const char *p = json + 1, *end = json + length - 1, *text = json;
	struct rc_buf decoded = {0};

	if (rc_json_type(json) != RC_JSON_STRING) {
		count(tally, json, length, NULL);
	} else if (memchr(p, '\\', length - 2) == NULL) {
		count(tally, p, length - 2, NULL);
	} else if (length < RC_JSON_PART) {
		text = rc_json_decode(arena, json, length, &length);
		count(tally, text, length, NULL);
	} else {
		rc_buf_reserve(&decoded, length);	/* decoding never grows */
		while (p < end)
			decoded.length += rc_json_decode_part(&p, end, rc_buf_reserve(&decoded, RC_JSON_PART));
		count(tally, decoded.bytes, decoded.length, decoded.bytes);
	}
}

/* Writes a value as a name, piece by piece. */
static void
put_name(struct rc_output *out, const struct value *value)
{
	struct rc_buf escaped = {0};

	rc_output_part(out, "\"", 1);
	for (size_t done = 0, piece; done < value->length; done += piece) {
		piece = value->length - done < RC_JSON_PART ? value->length - done : RC_JSON_PART;
		escaped.length = 0;
		rc_json_write_characters(&escaped, value->text + done, piece);
		rc_output_part(out, escaped.bytes, escaped.length);
	}
	rc_output_part(out, "\"", 1);
	rc_buf_free(&escaped);
}

static void
put_number(struct rc_output *out, const char *before, unsigned long long number)
{
	struct rc_buf text = {0};

	rc_buf_printf(&text, "%s%llu", before, number);
	rc_output_part(out, text.bytes, text.length);
	rc_buf_free(&text);
}

/* Written in parts, since a value may be long. */
static void
report(const struct tally *tally, unsigned long long records, unsigned long long missing, struct rc_output *out)
{
	put_number(out, "{\"records\":", records);
	rc_output_part(out, ",\"by\":{", 7);
	for (size_t i = 0; i < tally->count; i++) {
		if (i > 0)
			rc_output_part(out, ",", 1);
		put_name(out, &tally->values[i]);
		put_number(out, ":", tally->values[i].count);
	}
	rc_output_part(out, "}", 1);
	if (missing > 0)
		put_number(out, ",\"missing\":", missing);
	rc_output_part(out, "}", 1);
	rc_output_end_line(out);
}

/* ---- conditions ---- */

/* What --count asks for. */
struct columns {
	struct rc_condition conditions[COLUMNS_MAX];
	unsigned long long counts[COLUMNS_MAX];
	int count;
};

static void
add_column(struct columns *columns, const char *condition)
{
	if (columns->count == COLUMNS_MAX)
		rc_usage("more than %d --count", COLUMNS_MAX);
	if (!rc_condition_parse(&columns->conditions[columns->count++], condition))
		rc_usage("--count takes FIELD or FIELD=VALUE, not '%s'", condition);
}

static void
count_columns(struct columns *columns, struct rc_record *record)
{
	for (int i = 0; i < columns->count; i++)
		columns->counts[i] += rc_condition_fits(&columns->conditions[i], record);
}

static void
report_columns(const struct columns *columns, struct rc_output *out)
{
	for (int i = 0; i < columns->count; i++)
		put_number(out, i == 0 ? "" : " ", columns->counts[i]);
	rc_output_end_line(out);
}

int
main(int argc, char *argv[])
{
	const char *by = NULL;
	unsigned long long missing = 0;
	struct tally tally = {0};
	struct columns columns = {0};
	struct rc_input in;
	struct rc_output out;
	struct rc_record record = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case 'b': by = optarg; break;
		case OPT_COUNT: add_column(&columns, optarg); break;
		}
	}
	if (by != NULL && columns.count > 0)
		rc_usage("--by and --count exclude one another");
	if (by == NULL)
		by = "status";
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);

	while (rc_input_next(&in, &record)) {
		const struct rc_json_field *field;

		if (columns.count > 0)
			count_columns(&columns, &record);
		else if ((field = rc_record_find(&record, by)) == NULL)
			missing++;
		else
			count_json(&tally, field->value, field->value_length, &record.arena);
	}
	if (columns.count > 0)
		report_columns(&columns, &out);
	else
		report(&tally, in.records, missing, &out);

	for (int i = 0; i < columns.count; i++)
		rc_condition_free(&columns.conditions[i]);
	for (size_t i = 0; i < tally.count; i++)
		free(tally.values[i].text);
	free(tally.values);
	free(tally.slots);
	rc_record_free(&record);
	return rc_finish(&in, &out);
}

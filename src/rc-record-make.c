/*
 * rc-record-make - make records from arguments and values
 *
 * What scripts use instead of printf: a name or value can hold anything and
 * the record is still JSON.  A secret comes from a descriptor, an environment
 * variable, a file or with --each from standard input, since arguments can be
 * read by every user of the machine.  Holds one record; what held a value is
 * wiped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_digest.h"
#include "rc_err.h"
#include "rc_opt.h"
#include "rc_secret.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { OPT_OMIT_EMPTY = RC_OPT_LONG, OPT_EACH, OPT_END_RECORD, READ_SIZE = 64 * 1024 };

static const struct rc_option options[] = {
	{ OPT_OMIT_EMPTY, "omit-empty", NULL, "with --each, an empty value makes no field" },
	{ OPT_EACH, "each", "NAME[,NAME...]", "read values that end with a NUL, and make a record of as many as names" },
	{ OPT_END_RECORD, "end-record", NULL, "end with an end record that has the count and the SHA-256" },
	RC_OPTION_END
};

static const char *const example[] = { "user=admin", "project_id:=42", NULL };

static const struct rc_program program = {
	.name = "rc-record-make",
	.synopsis = "[--each NAME[,NAME...] [--omit-empty]] [--end-record] [NAME=TEXT | NAME:=JSON | NAME@FD | NAME@SECRET] ...",
	.summary = "make records from arguments",
	.options = options,
	.writes = "one record with the fields in the order of the arguments; with --each one for each group of values",
	.example = example,
};

static void
set_json(struct rc_record *record, const char *name, const char *json)
{
	size_t length = strlen(json);
	const char *text = rc_json_pad(&record->arena, json, length);
	struct rc_json_error error;

	if (!rc_json_check(text, length, &error))
		rc_die(RC_FATAL, "%s: %s (byte %zu of the value)", name, error.reason, (size_t)(error.where - text) + 1);
	while (strchr(" \t\r\n", *text) != NULL && *text != '\0')
		text++, length--;
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	rc_record_set_json(record, name, text, length);
}

/* Letters, digits and _ . - as in the names of variables and credentials; no digit first, and no slash. */
static bool
is_secret_name(const char *word)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return *word != '\0' && strchr(first, *word) != NULL &&
	    word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-")] == '\0';
}

/* SOURCE is a descriptor's number or a secret's name. */
static void
set_secret(struct rc_record *record, const char *name, const char *source, bool each)
{
	struct rc_secret secret;
	long fd;

	if (rc_parse_long(source, 0, 1L << 20, &fd)) {
		if (each && fd == STDIN_FILENO)
			rc_usage("--each reads standard input, so %s@0 can't", name);
		rc_secret_read((int)fd, name, &secret);
	} else if (!is_secret_name(source)) {
		rc_usage("%s@ takes the number of a descriptor or the name of a secret", name);
	} else if (!rc_secret_find(source, &secret)) {
		rc_die(RC_FATAL, "%s is not set", source);
	}
	if (!rc_utf8_valid(secret.bytes, secret.length))
		rc_die(RC_FATAL, "%s: not UTF-8", name);
	rc_record_set_string(record, name, secret.bytes, secret.length);
	rc_secret_wipe(&secret);
}

static void
set_field(struct rc_record *record, const char *argument, bool each)
{
	size_t length = strcspn(argument, "=@:");
	const char *value = argument + length;
	char *name;

	if (!rc_utf8_valid(argument, strlen(argument)))
		rc_die(RC_FATAL, "an argument is not UTF-8");
	if (*value == ':')
		while (*value != '\0' && *value != '@' && *value != '=' && !(value[0] == ':' && value[1] == '='))
			value++;
	if (*value == '\0')
		rc_usage("'%s' is not NAME=TEXT, NAME:=JSON, NAME@FD or NAME@SECRET", argument);
	name = rc_strndup(argument, (size_t)(value - argument));
	if (rc_record_find(record, name) != NULL)
		rc_die(RC_FATAL, "the field '%s' is given twice", name);
	if (*value == '=')
		rc_record_set_text(record, name, value + 1);
	else if (*value == ':')
		set_json(record, name, value + 2);
	else
		set_secret(record, name, value + 1, each);
	free(name);
}

/*
 * Gives the record's text in TEXT, which is empty.  It must be what a filter
 * takes: nesting and surrogates show only in the whole.
 */
static void
write_checked(struct rc_record *record, struct rc_buf *text)
{
	struct rc_json_object object = {0};
	struct rc_json_error error;

	rc_buf_reserve(text, RC_WIPED_ROOM);
	rc_record_write(record, text);
	if (!rc_json_read_object(&object, rc_json_pad(&record->arena, text->bytes, text->length), text->length,
	    &record->arena, &error))
		rc_die(RC_FATAL, "%.*s: %s", error.name == NULL ? 10 : (int)error.name_length,
		    error.name == NULL ? "the record" : error.name, error.reason);
	rc_json_object_free(&object);
}

/* ---- --each ---- */

/* Splits LIST in place at its commas; the caller frees the array. */
static const char **
parse_names(char *list, const struct rc_record *record, size_t *count)
{
	const char **names = rc_alloc(rc_size_mul(strlen(list) + 1, sizeof *names));

	if (!rc_utf8_valid(list, strlen(list)))
		rc_usage("--each is not UTF-8");
	*count = 0;
	for (char *name, *rest = list; (name = strsep(&rest, ",")) != NULL; names[(*count)++] = name) {
		if (*name == '\0')
			rc_usage("--each takes names with commas between them; one is empty");
		for (size_t i = 0; i < *count; i++)
			if (strcmp(names[i], name) == 0)
				rc_die(RC_FATAL, "the field '%s' is given twice", name);
		if (rc_record_find(record, name) != NULL)
			rc_die(RC_FATAL, "the field '%s' is given twice", name);
	}
	return names;
}

/* The values of standard input, and which one is read, for messages. */
struct values {
	unsigned long long record;	/* counted from 1 */
	const char *field;
	size_t at, length;		/* in POOL: the next byte, and the end */
	char pool[READ_SIZE];
};

static _Noreturn void
refuse(const struct values *in, const char *reason)
{
	rc_die(RC_FATAL, "record %llu: field '%s': %s", in->record, in->field, reason);
}

/* False at the end of the input. */
static bool
refill(struct values *in)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, in->pool, sizeof in->pool);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		rc_die(rc_err_class(errno), "cannot read <stdin>: %s", strerror(errno));
	in->at = 0;
	in->length = (size_t)n;
	return n > 0;
}

/* Reads a value without its NUL; false where the input has ended before it. */
static bool
read_value(struct values *in, struct rc_buf *value, struct rc_output *out)
{
	value->length = 0;
	for (;;) {
		const char *from = in->pool + in->at, *nul = memchr(from, '\0', in->length - in->at);
		size_t length = nul == NULL ? in->length - in->at : (size_t)(nul - from);

		rc_buf_add(value, from, length);
		if (value->length > RC_RECORD_MAX)
			refuse(in, "longer than a record may be");
		in->at += length;
		if (nul != NULL) {
			in->at++;
			return true;
		}
		rc_output_flush(out);	/* a slow source's records are seen at once */
		if (!refill(in))
			break;
	}
	if (value->length > 0)
		refuse(in, "cut short: no NUL after the last value");
	return false;
}

/* Makes a record of each COUNT values; REST is the text of one with the fields that all of them get. */
static void
make_each(const char *const *names, size_t count, bool omit_empty, const struct rc_buf *rest, struct rc_output *out)
{
	static struct values in;
	struct rc_buf line = {0}, value = {0};

	rc_buf_reserve(&line, RC_WIPED_ROOM);
	rc_buf_reserve(&value, RC_WIPED_ROOM);
	for (size_t i = 0;; i = (i + 1) % count) {
		if (i == 0) {
			in.record++;
			line.length = 0;
			rc_json_open(&line);
		}
		in.field = names[i];
		if (!read_value(&in, &value, out)) {
			if (i > 0)
				refuse(&in, "cut short: the input ends before its value");
			break;
		}
		if (!rc_utf8_valid(value.bytes, value.length))
			refuse(&in, "not UTF-8");
		if (value.length > 0 || !omit_empty)
			rc_json_add_bytes(&line, names[i], value.bytes, value.length);
		if (rc_size_add(line.length, rest->length) > RC_RECORD_MAX)
			refuse(&in, "the record becomes longer than a record may be");
		if (i + 1 < count)
			continue;
		if (rest->length > strlen("{}") && line.length > strlen("{"))
			rc_buf_add(&line, ",", 1);
		rc_buf_add(&line, rest->bytes + 1, rest->length - 1);	/* with its closing brace */
		rc_output_line(out, line.bytes, line.length);
	}
	rc_wipe(in.pool, sizeof in.pool);
	rc_buf_wipe(&line);
	rc_buf_wipe(&value);
}

int
main(int argc, char *argv[])
{
	bool end_record = false, omit_empty = false;
	char *each = NULL;
	const char **names = NULL;
	size_t count = 0;
	struct rc_output out;
	struct rc_record record = {0};
	struct rc_buf text = {0};
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_EACH: each = optarg; break;
		case OPT_OMIT_EMPTY: omit_empty = true; break;
		case OPT_END_RECORD: end_record = true; break;
		}
	}
	rc_record_clear(&record);
	for (int i = optind; i < argc; i++)
		set_field(&record, argv[i], each != NULL);
	if (omit_empty && each == NULL)
		rc_usage("--omit-empty needs --each");
	if (each != NULL)
		names = parse_names(each, &record, &count);
	write_checked(&record, &text);
	rc_output_open(&out, NULL);
	rc_buf_reserve(&out.buffer, RC_WIPED_ROOM);
	if (end_record)
		out.digest = rc_digest_new();

	if (each != NULL)
		make_each(names, count, omit_empty, &text, &out);
	else
		rc_output_line(&out, text.bytes, text.length);
	if (end_record)
		rc_output_end_record(&out);
	rc_stream_wipe(NULL, &out);
	rc_buf_wipe(&text);
	free(names);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	return rc_finish(NULL, &out);
}

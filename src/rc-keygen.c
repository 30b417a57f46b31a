/*
 * rc-keygen - add a random key to each record, or print one
 *
 * Holds one record at a time, with --save two.  What held keys is wiped at the
 * end; what reads the output sees them.
 */
#include <string.h>

#include "rc_digest.h"
#include "rc_err.h"
#include "rc_file.h"
#include "rc_key.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum { DEFAULT_BYTES = 48, DEFAULT_PUBLIC_LENGTH = 8 };

enum {
	OPT_FORMAT = RC_OPT_LONG, OPT_BYTES, OPT_LENGTH, OPT_PUBLIC_FIELD, OPT_PUBLIC_LENGTH, OPT_ONLY_MISSING,
	OPT_SAVE, OPT_COUNT, OPT_END_RECORD, OPT_RAW
};

static const struct rc_option options[] = {
	{ OPT_FORMAT, "format", "urlsafe|hex|alnum|base32", "the alphabet (default: urlsafe, which is A-Z a-z 0-9 - _)" },
	{ OPT_BYTES, "bytes", "N", "that many random bytes, encoded as base64url or hex (default: 48)" },
	{ OPT_LENGTH, "length", "N", "that many characters, each drawn from the whole alphabet" },
	{ 'p', "prefix", "TEXT", "put TEXT before the key" },
	{ 'f', "field", "NAME", "the field for the key (default: key)" },
	{ OPT_PUBLIC_FIELD, "public-field", "NAME", "also add a field with the key's first characters, to find it by" },
	{ OPT_PUBLIC_LENGTH, "public-length", "N", "how many, not counting the prefix (default: 8)" },
	{ OPT_ONLY_MISSING, "only-missing", NULL, "pass a record that has a key already, instead of failing" },
	{ OPT_SAVE, "save", "FILE", "also write the records that got a key to FILE, which must not exist" },
	{ OPT_COUNT, "count", "N", "read nothing and make N records" },
	{ OPT_END_RECORD, "end-record", NULL, "with --count, end with an end record that has the count and the SHA-256" },
	{ OPT_RAW, "raw", NULL, "read nothing and print the key as text, N with --count" },
	RC_OPTION_END
};

static const struct rc_program program = {
	.name = "rc-keygen",
	.synopsis = "[--format urlsafe|hex|alnum|base32] [--bytes N | --length N] [--prefix TEXT] [--field NAME] "
	    "[--public-field NAME [--public-length N]] [--only-missing] [--save FILE] "
	    "[--raw] [--count N [--end-record] | FILE ...]",
	.summary = "add a random key to each record, or print one",
	.options = options,
	.reads = "any record without the field",
	.writes = "the same with the key as its last field, and after it --public-field",
	.not_idempotent = true,
	.example_input = "{\"name\":\"k1\"}\n{\"name\":\"k2\"}\n",
};

struct settings {
	enum rc_key_format format;
	long bytes, length;	/* of the key; one of them is 0 */
	const char *prefix, *field;
	const char *public_field;	/* NULL: none */
	long public_length;
	const char *save;	/* NULL: nowhere */
	long count;		/* of records to make; 0: they are read */
	bool only_missing, end_record, raw;
};

/* ---- the file of --save: whole and safe, or not there ---- */

static struct rc_output saved;
static struct rc_file *saved_file;

static void
save_open(const char *path)
{
	saved_file = rc_file_create(path, 0600);
	rc_output_open(&saved, NULL);
	saved.fd = saved_file->fd;
	saved.name = path;
	rc_buf_reserve(&saved.buffer, RC_WIPED_ROOM);
}

static void
save_finish(void)
{
	rc_output_flush(&saved);
	rc_file_commit(saved_file);
	rc_buf_wipe(&saved.buffer);
}

/* ---- options ---- */

static enum rc_key_format
parse_format(const char *name)
{
	static const char *const names[] = {
		[RC_KEY_URLSAFE] = "urlsafe", [RC_KEY_HEX] = "hex", [RC_KEY_ALNUM] = "alnum", [RC_KEY_BASE32] = "base32",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum rc_key_format)i;
	rc_usage("--format is urlsafe, hex, alnum or base32, not '%s'", name);
}

static struct settings
parse(int argc, char *argv[])
{
	struct settings s = { .format = RC_KEY_URLSAFE, .prefix = "" };
	int opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_FORMAT: s.format = parse_format(optarg); break;
		case OPT_BYTES: s.bytes = rc_opt_long("bytes", optarg, 1, RC_KEY_MAX); break;
		case OPT_LENGTH: s.length = rc_opt_long("length", optarg, 1, RC_KEY_MAX); break;
		case 'p': s.prefix = optarg; break;
		case 'f': s.field = optarg; break;
		case OPT_PUBLIC_FIELD: s.public_field = optarg; break;
		case OPT_PUBLIC_LENGTH: s.public_length = rc_opt_long("public-length", optarg, 1, RC_KEY_MAX); break;
		case OPT_ONLY_MISSING: s.only_missing = true; break;
		case OPT_SAVE: s.save = optarg; break;
		case OPT_COUNT: s.count = rc_opt_long("count", optarg, 1, __LONG_MAX__); break;
		case OPT_END_RECORD: s.end_record = true; break;
		case OPT_RAW: s.raw = true; break;
		}
	}
	return s;
}

/* The characters of a key without its prefix. */
static long
key_characters(const struct settings *s)
{
	if (s->length > 0)
		return s->length;
	return s->format == RC_KEY_HEX ? s->bytes * 2 : (s->bytes * 8 + 5) / 6;
}

static void
need_utf8(const char *option, const char *text)
{
	if (!rc_utf8_valid(text, strlen(text)))
		rc_usage("%s is not UTF-8", option);
}

/* Refuses what does not fit together, and fills in the defaults. */
static void
complete(struct settings *s, const char *operand)
{
	if (s->bytes > 0 && s->length > 0)
		rc_usage("--bytes or --length, not both");
	if ((s->format == RC_KEY_ALNUM || s->format == RC_KEY_BASE32) && s->length == 0)
		rc_usage(s->bytes > 0 ? "%s has no form for bytes: use --length" : "%s needs --length",
		    s->format == RC_KEY_ALNUM ? "alnum" : "base32");
	if (s->raw && (s->field != NULL || s->public_field != NULL || s->save != NULL || s->end_record))
		rc_usage("--raw prints no records, so it takes no --field, --public-field, --save or --end-record");
	if ((s->raw || s->count > 0) && operand != NULL)
		rc_usage("--raw and --count read nothing, but '%s' is given", operand);
	if ((s->raw || s->count > 0) && s->only_missing)
		rc_usage("--raw and --count read nothing, so there is no --only-missing");
	if (s->end_record && s->count == 0)
		rc_usage("--end-record needs --count; the end record of what is read is passed on without it");
	if (s->public_length > 0 && s->public_field == NULL)
		rc_usage("--public-length needs --public-field");

	if (s->bytes == 0 && s->length == 0)
		s->bytes = DEFAULT_BYTES;
	if (s->field == NULL)
		s->field = "key";
	if (s->public_length == 0)
		s->public_length = DEFAULT_PUBLIC_LENGTH;
	if (s->raw && s->count == 0)
		s->count = 1;

	need_utf8("--prefix", s->prefix);
	need_utf8("--field", s->field);
	if (s->public_field == NULL)
		return;
	need_utf8("--public-field", s->public_field);
	if (strcmp(s->public_field, s->field) == 0)
		rc_usage("--field and --public-field are both '%s'", s->field);
	if (s->public_length >= key_characters(s))
		rc_usage("%ld public characters would be the whole key, which has %ld", s->public_length, key_characters(s));
}

/* ---- keys ---- */

/* Replaces what is in KEY by a new key with its prefix. */
static void
make_key(const struct settings *s, struct rc_buf *key)
{
	char *place;

	key->length = 0;
	rc_buf_add_text(key, s->prefix);
	place = rc_buf_reserve(key, RC_KEY_ROOM);
	if (s->length > 0)
		rc_key_characters(place, s->format, (size_t)s->length);
	else
		rc_key_bytes(place, s->format, (size_t)s->bytes);
	key->length += strlen(place);
}

/* Whether the record has the field; with --only-missing null is as good as absent. */
static bool
has(const struct settings *s, const struct rc_record *record, const char *name)
{
	const struct rc_json_field *field = rc_record_find(record, name);

	return field != NULL && !(s->only_missing && rc_json_type(field->value) == RC_JSON_NULL);
}

static void
add_key(const struct settings *s, const struct rc_input *in, struct rc_record *record, struct rc_buf *key)
{
	if (has(s, record, s->field))
		rc_input_fail(in, "already has a field '%s'", s->field);
	if (s->public_field != NULL && has(s, record, s->public_field))
		rc_input_fail(in, "already has a field '%s'", s->public_field);
	make_key(s, key);
	rc_record_set_string(record, s->field, key->bytes, key->length);
	if (s->public_field != NULL)
		rc_record_set_string(record, s->public_field, key->bytes + strlen(s->prefix), (size_t)s->public_length);
	if (s->save != NULL)
		rc_output_put(&saved, record);
}

static void
release(struct rc_output *out, struct rc_buf *held)
{
	if (held->length > 0)
		rc_output_line(out, held->bytes, held->length);
	held->length = 0;
}

int
main(int argc, char *argv[])
{
	struct settings s = parse(argc, argv);
	long made = 0;
	struct rc_buf key = {0}, held = {0};	/* held: the last record, until the file of --save is safe */
	struct rc_input in = {0};
	struct rc_output out;
	struct rc_record record = {0};

	complete(&s, argv[optind]);
	if (s.save != NULL)
		save_open(s.save);
	if (s.count == 0)
		rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	rc_buf_reserve(&out.buffer, RC_WIPED_ROOM);
	if (s.end_record)
		out.digest = rc_digest_new();

	for (long i = 0; s.raw && i < s.count; i++) {
		make_key(&s, &key);
		rc_output_line(&out, key.bytes, key.length);
	}
	while (!s.raw && (s.count > 0 ? made++ < s.count : rc_input_next(&in, &record))) {
		if (s.count > 0)
			rc_record_clear(&record);
		if (!s.only_missing || !has(&s, &record, s.field))
			add_key(&s, &in, &record, &key);
		release(&out, &held);
		if (s.save != NULL)
			rc_record_write(&record, &held);
		else
			rc_output_put(&out, &record);
	}
	if (s.save != NULL)
		save_finish();
	release(&out, &held);
	if (s.end_record || in.whole)
		rc_output_end_record(&out);
	rc_buf_wipe(&key);
	rc_buf_wipe(&held);
	rc_stream_wipe(&in, &out);
	rc_arena_wipe(&record.arena);
	rc_record_free(&record);
	return rc_finish(s.count == 0 ? &in : NULL, &out);
}

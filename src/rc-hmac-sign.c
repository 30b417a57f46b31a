/*
 * rc-hmac-sign - sign files with HMAC-SHA256, or check their signatures
 *
 * A signed file is 32 bytes of signature and its payload (rc_signed.h, rc_signed_file.h).  Each
 * file is read once to decide, and once more to sign; memory does not depend
 * on its size.  Files are worked on by --jobs threads.
 */
/* links: -pthread */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_condition.h"
#include "rc_counter.h"
#include "rc_err.h"
#include "rc_finding.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_pool.h"
#include "rc_secret.h"
#include "rc_signed_file.h"
#include "rc_stream.h"

enum {
	OPT_ROOT = RC_OPT_LONG, OPT_KEY_FILE, OPT_OLD_KEY_FILE, OPT_PAYLOAD_PREFIX, OPT_ADOPT, OPT_DRY_RUN, OPT_CHECK,
	OPT_REQUIRE_SIGNED, OPT_JOBS, OPT_FOREIGN, OPT_WHEN,
	RESULT_SIZE = 1024,
	DESCRIPTORS = 6,	/* that a job has open: the file, its folder twice, the temporary file */
};

static const struct rc_option options[] = {
	{ OPT_ROOT, "root", "DIR", "the folder that paths are relative to (default: .)" },
	{ OPT_KEY_FILE, "key-file", "FILE", "the key (default: the secret SECRET_KEY)" },
	{ OPT_OLD_KEY_FILE, "old-key-file", "FILE", "an old key, whose signatures are replaced; may be repeated" },
	{ OPT_PAYLOAD_PREFIX, "payload-prefix", "HEX", "what a payload begins with; may be repeated" },
	{ OPT_FOREIGN, "foreign", "BYTES=MESSAGE", "a file that begins with BYTES is another's: the error foreign with MESSAGE" },
	{ OPT_ADOPT, "adopt-unknown", NULL, "sign files that may have a signature by a key we don't know" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would be signed and change nothing" },
	{ OPT_CHECK, "check", NULL, "verify, change nothing, and end with 1 if a signature is bad" },
	{ OPT_REQUIRE_SIGNED, "require-signed", NULL, "with --check, end with 1 if a file is not signed, too" },
	{ OPT_WHEN, "when", "FIELD=VALUE", "work on these only (see rc-say); the other records pass as they are" },
	{ OPT_JOBS, "jobs", "N", "work on N files at a time (default: 1)" },
	RC_OPTION_END
};

static const char *const example[] = { "--dry-run", "--adopt-unknown", "--root", "/", "--key-file", "/etc/passwd", NULL };

static const struct rc_program program = {
	.name = "rc-hmac-sign",
	.synopsis = "[--root DIR] [--key-file FILE] [--old-key-file FILE] ... [--payload-prefix HEX] ... [--foreign BYTES=MESSAGE] [--adopt-unknown] "
	    "[--dry-run | --check [--require-signed]] [--when FIELD=VALUE] [--jobs N] [FILE ...]",
	.summary = "sign files with HMAC-SHA256, or check their signatures",
	.options = options,
	.reads = "files: {\"path\"}",
	.writes = "the same with \"size_before\", \"size\", \"status\" (already_signed, signed, resigned, would_sign, would_resign, unsigned, "
	    "unknown_signature, missing, outside_root, error) and \"error\" or \"warning\"",
	.changes = "changes",
	.risk = "medium",
	.example = example,
	.example_input = "{\"path\":\"etc/passwd\"}\n",
};

static struct {
	int root;
	struct rc_signed_known known;
	bool adopt, dry_run, check, require_signed;
	struct rc_condition when;	/* its field is NULL: all records */
	const char *foreign;		/* what another's file begins with, "=" and the message; or NULL */
	struct rc_input in;
	struct rc_output out;
	struct rc_counter counter;
	unsigned long long files, bytes;	/* looked at so far */
} settings;

/* One file. */
struct job {
	struct rc_pool_job pool;
	const char *path;		/* NULL where the record has none */
	struct rc_finding finding;
	long long size_before, size;	/* as it was found, and is now; -1: not known */
	bool is_warning, answer_is_no;
	bool passes;			/* the record is none of those that are worked on */
};

static void
set_error(struct job *job, const char *status, const char *code, const char *message, int error)
{
	rc_finding_set(&job->finding, status, code, message, error);
	job->answer_is_no = true;
}

/* ---- one file, in a worker ---- */

static void
could_not(struct job *job, const struct rc_signed_file *file)
{
	const char *what = file->error.what;
	int error = file->error.number;

	if (file->changed)
		set_error(job, "error", "changed", "it changed while it was read, and was left as it is", 0);
	else if (error == ENOSPC || error == EDQUOT)
		set_error(job, "error", "no_space", what, error);
	else if (strcmp(what, "read") == 0)
		set_error(job, "error", "cannot_read", what, error);
	else if (strncmp(what, "keep ", 5) == 0)
		set_error(job, "error", "cannot_keep", what, error);
	else
		set_error(job, "error", "cannot_write", what, error);
}

/* Signs a file that needs it, or says what would be done. */
static void
sign(struct job *job, struct rc_signed_file *file, struct rc_signed_buffer *buffer)
{
	bool old = file->found.state == RC_SIGNED_OLD;

	if (settings.check || settings.dry_run) {
		job->finding.status = old ? "would_resign" : settings.check ? "unsigned" : "would_sign";
		job->answer_is_no = settings.require_signed && !old;
	} else if (rc_signed_file_sign(file, settings.known.keys[0], buffer) || file->error.in_place) {
		job->finding.status = old ? "resigned" : "signed";
		job->size += RC_HMAC_SIZE - file->found.payload;
		if (file->error.in_place)	/* whatever failed then: what is said of the file is what is true of it */
			set_error(job, job->finding.status, "not_synced", file->error.what, file->error.number);
	} else {
		could_not(job, file);
	}
}

/* Whether the file begins as another's does. */
static bool
is_foreign(const struct rc_signed_file *file)
{
	char begin[64];
	size_t length = settings.foreign == NULL ? 0 : (size_t)(strchr(settings.foreign, '=') - settings.foreign);

	return length > 0 && pread(file->path.fd, begin, length, 0) == (ssize_t)length && memcmp(begin, settings.foreign, length) == 0;
}

static void
look_and_sign(struct job *job, struct rc_signed_file *file, struct rc_signed_buffer *buffer)
{
	job->size_before = job->size = file->stat.st_size;
	if (is_foreign(file)) {	/* before the look: no key of ours says anything of it */
		set_error(job, "error", "foreign", strchr(settings.foreign, '=') + 1, 0);
		return;
	}
	if (!rc_signed_file_look(file, &settings.known, buffer)) {
		could_not(job, file);
		return;
	}
	switch (file->found.state) {
	case RC_SIGNED_CURRENT:
		job->finding.status = "already_signed";
		break;
	case RC_SIGNED_OLD:
	case RC_SIGNED_NOT:
		sign(job, file, buffer);
		break;
	case RC_SIGNED_UNKNOWN:
		if (settings.adopt)
			sign(job, file, buffer);
		else
			set_error(job, "unknown_signature", "unknown_signature", file->stat.st_size <= RC_HMAC_SIZE ?
			    "it is too short to be signed, and does not begin as a payload does" :
			    "no key fits, and it does not begin as a payload does: it was signed with another key, or changed since", 0);
		break;
	case RC_SIGNED_EMPTY:
		set_error(job, "error", "empty", "the file is empty", 0);
		break;
	}
	if (file->found.odd_payload && job->finding.code == NULL) {
		job->is_warning = true;
		job->finding.code = "odd_payload";
		job->finding.message = "what is signed does not begin as a payload does: perhaps it was signed twice, with a key that is not known";
	}
}

static void
work(struct rc_pool_job *pool_job, void *engine)
{
	struct job *job = (struct job *)pool_job;
	struct rc_signed_file file;
	enum rc_path_status path;

	if (job->path == NULL)
		return;
	path = rc_signed_file_open(settings.root, job->path, !settings.check && !settings.dry_run, &file);
	if (path == RC_PATH_OK) {
		look_and_sign(job, &file, engine);
		rc_signed_file_close(&file);
	} else {
		rc_finding_set_path(&job->finding, path, errno);
		job->answer_is_no = true;
	}
}

/* ---- records ---- */

static void
prepare(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_record *record = &pool_job->record;
	const struct rc_json_field *path = rc_record_find(record, "path");

	*job = (struct job){ .pool = *pool_job, .size = -1 };
	if (settings.when.field != NULL && !rc_condition_fits(&settings.when, record)) {
		job->passes = true;
		return;
	}
	if (path != NULL && rc_json_type(path->value) == RC_JSON_NULL)
		set_error(job, "error", "no_path", "the path is null", 0);
	else
		job->path = rc_input_need_string(&settings.in, record, "path");
	rc_record_remove(record, "size_before");
	rc_record_remove(record, "size");
	rc_record_remove(record, "status");
	rc_record_remove(record, "error");
	rc_record_remove(record, "warning");
}

static void
finish(struct rc_pool_job *pool_job)
{
	const struct job *job = (struct job *)pool_job;

	if (job->passes)
		return;
	if (job->size >= 0) {
		rc_json_add_integer(&pool_job->line, "size_before", job->size_before);
		rc_json_add_integer(&pool_job->line, "size", job->size);
	}
	rc_json_add_text(&pool_job->line, "status", job->finding.status);
	if (job->finding.code != NULL)
		rc_finding_write(&job->finding, job->is_warning ? "warning" : "error", &pool_job->line);
	if (job->answer_is_no)
		settings.out.answer = RC_NO;
	settings.files++;
	settings.bytes += job->size_before > 0 ? (unsigned long long)job->size_before : 0;
	rc_counter_at(&settings.counter, settings.files, settings.bytes);
}

static void *
engine_new(void)
{
	return rc_alloc(sizeof(struct rc_signed_buffer));
}

static void
engine_free(void *engine)
{
	free(engine);
}

static const struct rc_pool_work pool_work = {
	.job_size = sizeof(struct job),
	.result_size = RESULT_SIZE,
	.prepare = prepare,
	.work = work,
	.finish = finish,
	.engine_new = engine_new,
	.engine_free = engine_free,
};

/* ---- keys and options ---- */

static void
add_key(const char *bytes, size_t length)
{
	if (settings.known.key_count == RC_SIGNED_KEYS_MAX)
		rc_usage("more than %d keys", RC_SIGNED_KEYS_MAX);
	settings.known.keys[settings.known.key_count++] = rc_hmac_key_new(bytes, length);
}

static void
add_key_file(const char *path)
{
	struct rc_secret secret;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path, strerror(errno));
	rc_secret_read(fd, path, &secret);
	close(fd);
	add_key(secret.bytes, secret.length);
	rc_secret_wipe(&secret);
}

/* The current key first, then the old ones: of files, and SECRET_KEY_FALLBACKS, keys with commas between. */
static void
read_keys(const char *key_file, const char *const *old, int old_count)
{
	struct rc_secret secret;

	if (key_file != NULL) {
		add_key_file(key_file);
	} else {
		if (!rc_secret_find("SECRET_KEY", &secret))
			rc_die(RC_FATAL, "no key: SECRET_KEY is not set, and there is no --key-file");
		add_key(secret.bytes, secret.length);
		rc_secret_wipe(&secret);
	}
	for (int i = 0; i < old_count; i++)
		add_key_file(old[i]);
	if (rc_secret_find_list("SECRET_KEY_FALLBACKS", &secret)) {
		for (char *key = secret.bytes, *end; key != NULL; key = end) {
			size_t length = strcspn(key, ",");

			end = key[length] == ',' ? key + length + 1 : NULL;
			if (length > 0)
				add_key(key, length);
		}
		rc_secret_wipe(&secret);
	}
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)((found - digits) % 16);
}

static void
add_prefix(const char *hex)
{
	struct rc_signed_prefix *prefix = &settings.known.prefixes[settings.known.prefix_count];

	if (settings.known.prefix_count++ == RC_SIGNED_PREFIXES_MAX)
		rc_usage("more than %d --payload-prefix", RC_SIGNED_PREFIXES_MAX);
	prefix->length = strlen(hex) / 2;
	if (*hex == '\0' || strlen(hex) % 2 != 0 || prefix->length > sizeof prefix->bytes)
		rc_usage("--payload-prefix takes 1 to %zu bytes as hex, not '%s'", sizeof prefix->bytes, hex);
	for (size_t i = 0; i < prefix->length; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			rc_usage("--payload-prefix takes hex, not '%s'", hex);
		prefix->bytes[i] = (unsigned char)(high << 4 | low);
	}
}

int
main(int argc, char *argv[])
{
	const char *root = ".", *key_file = NULL, *old[RC_SIGNED_KEYS_MAX];
	int old_count = 0, jobs = 1, opt;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_ROOT: root = optarg; break;
		case OPT_KEY_FILE: key_file = optarg; break;
		case OPT_OLD_KEY_FILE:
			if (old_count == RC_SIGNED_KEYS_MAX)
				rc_usage("more than %d keys", RC_SIGNED_KEYS_MAX);
			old[old_count++] = optarg;
			break;
		case OPT_PAYLOAD_PREFIX: add_prefix(optarg); break;
		case OPT_FOREIGN:
			settings.foreign = optarg;
			if (strchr(optarg, '=') == NULL || strchr(optarg, '=') == optarg || strchr(optarg, '=') - optarg > 64)
				rc_usage("--foreign takes BYTES=MESSAGE, 64 bytes at most");
			break;
		case OPT_ADOPT: settings.adopt = true; break;
		case OPT_DRY_RUN: settings.dry_run = true; break;
		case OPT_CHECK: settings.check = true; break;
		case OPT_REQUIRE_SIGNED: settings.require_signed = true; break;
		case OPT_WHEN: rc_condition_option(&settings.when, "when", optarg); break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, RC_POOL_THREADS_MAX); break;
		}
	}
	if (settings.check && settings.dry_run)
		rc_usage("--check and --dry-run exclude one another");
	if (settings.require_signed && !settings.check)
		rc_usage("--require-signed needs --check");
	settings.root = rc_path_root(root);
	read_keys(key_file, old, old_count);
	rc_input_open(&settings.in, argc - optind, argv + optind);
	rc_output_open(&settings.out, NULL);
	rc_file_start();

	if (rc_counter_fits(settings.out.fd))
		rc_counter_start(&settings.counter, "files");
	rc_pool_run(&pool_work, rc_pool_fit(jobs, DESCRIPTORS), &settings.in, &settings.out);
	rc_counter_end(&settings.counter, settings.files, settings.bytes);
	for (int i = 0; i < settings.known.key_count; i++)
		rc_hmac_key_free(settings.known.keys[i]);
	rc_condition_free(&settings.when);
	close(settings.root);
	rc_output_pass_end(&settings.out, &settings.in);
	return rc_finish(&settings.in, &settings.out);
}

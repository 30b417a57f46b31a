/*
 * rc-password-hash - turn passwords into the hashes that Django stores
 *
 * One hash takes about a third of a second of one core, by intent, so the
 * records are hashed by one thread for each core (rc_pool.h).
 */
/* links: -pthread -lm */
/* links with argon2.h: -largon2 */
/* links with zxcvbn.h: -lzxcvbn */
#include <string.h>

#include "rc_err.h"
#include "rc_key.h"
#include "rc_opt.h"
#include "rc_password.h"
#include "rc_password_guesses.h"
#include "rc_pool.h"
#include "rc_stream.h"
#include "rc_utf8.h"

enum {
	OPT_FROM = RC_OPT_LONG, OPT_TO, OPT_CHECK, OPT_KEEP, OPT_DJANGO, OPT_ITERATIONS, OPT_JOBS, OPT_SCHEME,
	OPT_IF_PRESENT, OPT_MIN_LENGTH, OPT_MIN_GUESSES,
	RESULT_ROOM = 512,	/* for what a job adds to its record, the field's name aside */
};

static const struct rc_option options[] = {
	{ OPT_FROM, "from", "FIELD", "the field with the password (required)" },
	{ OPT_TO, "to", "FIELD", "the field with the hash (required)" },
	{ OPT_CHECK, "check", NULL, "compare the password with the hash that is there" },
	{ OPT_KEEP, "keep", NULL, "keep the password in the record" },
	{ OPT_SCHEME, "scheme", "NAME", "pbkdf2_sha256 (the default), argon2id or scrypt" },
	{ OPT_IF_PRESENT, "if-present", NULL, "a record without a password, or with null, gets no hash" },
	{ OPT_MIN_LENGTH, "min-length", "N", "refuse a password of fewer characters" },
	{ OPT_MIN_GUESSES, "min-guesses", "N", "refuse a password that zxcvbn finds in fewer guesses" },
	{ OPT_DJANGO, "django", "VERSION", "iterate as often as Django 5.1, 5.2 or 6.0 does (default: 5.1)" },
	{ OPT_ITERATIONS, "iterations", "N", "iterate N times; argon2id passes N times, scrypt's N is this" },
	{ OPT_JOBS, "jobs", "N", "hash N records at a time (default: the number of cores)" },
	RC_OPTION_END
};

static const char *const example[] = { "--from", "plain", "--to", "password", "--iterations", "1", NULL };

static const struct rc_program program = {
	.name = "rc-password-hash",
	.synopsis = "--from FIELD --to FIELD [--check] [--keep] [--scheme NAME] [--django VERSION | --iterations N] [--if-present] "
	    "[--min-length N] [--min-guesses N] [--jobs N] [FILE ...]",
	.summary = "turn passwords into the hashes that Django stores",
	.options = options,
	.reads = "any record with a password",
	.writes = "the same with a hash in its place, or with --check with status ok, bad, needs_rehash or error",
	.not_idempotent = true,	/* each hash has a new salt */
	.example = example,
	.example_input = "{\"username\":\"alice\",\"plain\":\"correct horse\"}\n{\"username\":\"bob\",\"plain\":\"battery staple\"}\n",
};

static struct settings {
	const char *from, *to;
	bool check, keep, if_present;
	long min_length, min_guesses;	/* 0: any password will do */
	struct rc_password_policy policy;
	const char *absent, *package;	/* what is not in this build and what brings it, or NULL */
	struct rc_input in;
	struct rc_output out;
} settings;

/* One record in work. */
struct job {
	struct rc_pool_job pool;	/* the record's arena holds the password and the hash to check */
	const char *password;
	const char *stored;	/* the hash to check, with --check */
	char salt[RC_PASSWORD_SALT + 1], hash[RC_PASSWORD_HASH_SIZE];	/* without it */
	enum rc_password_answer answer;
	const char *weak;	/* why the password is refused, or NULL */
	char failure[256];	/* which library failed and why, or empty */
};

/* Whether the record has no password at all, which --if-present allows. */
static bool
has_none(struct rc_record *record)
{
	const struct rc_json_field *field = rc_record_find(record, settings.from);

	return field == NULL || (field->value_length == 4 && memcmp(field->value, "null", 4) == 0);
}

static void
fail_where_absent(void)
{
	if (settings.absent != NULL)
		rc_die(RC_FATAL, "%s is not in this build: it needs the package %s when rc is built", settings.absent, settings.package);
}

/* Takes the record apart: the worker gets the texts it needs. */
static void
prepare(struct rc_pool_job *pool_job)
{
	struct job *job = (struct job *)pool_job;
	struct rc_record *record = &pool_job->record;

	job->password = NULL;
	job->weak = NULL;
	if (!settings.check && rc_record_find(record, settings.to) != NULL)
		rc_input_fail(&settings.in, "already has a field '%s'", settings.to);
	if (settings.if_present && has_none(record)) {
		rc_record_remove(record, settings.from);
		return;
	}
	fail_where_absent();
	job->password = rc_input_need_string(&settings.in, record, settings.from);
	if (settings.min_length > 0 || settings.min_guesses > 0) {
		rc_record_remove(record, "status");
		rc_record_remove(record, "error");
	}
	if (*job->password == '\0' && settings.min_length == 0)
		rc_input_fail(&settings.in, "the field '%s' is empty", settings.from);
	if (settings.check) {
		job->stored = rc_input_need_string(&settings.in, record, settings.to);
		rc_record_remove(record, "status");
		rc_record_remove(record, "error");
	} else {
		rc_key_characters(job->salt, RC_KEY_ALNUM, RC_PASSWORD_SALT);
	}
	if (!settings.keep)
		rc_record_remove(record, settings.from);
}

static size_t
count_characters(const char *utf8)
{
	size_t count = 0;

	for (; *utf8 != '\0'; utf8++)
		count += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return count;
}

/* Why the password is refused, or NULL. */
static const char *
weakness(const char *password)
{
	if (count_characters(password) < (size_t)settings.min_length)
		return "The password is too short.";
	if (settings.min_guesses > 0 && rc_password_guesses(password) < (double)settings.min_guesses)
		return "The password is too weak.";
	return NULL;
}

static void
hash(struct rc_pool_job *pool_job, void *none)
{
	struct job *job = (struct job *)pool_job;
	size_t length;

	(void)none;
	if (job->password == NULL)
		return;
	length = strlen(job->password);
	if (!settings.check && (job->weak = weakness(job->password)) != NULL)
		return;
	if (settings.check)
		job->answer = rc_password_check(&settings.policy, job->password, length, job->stored);
	else if (rc_password_make(&settings.policy, job->password, length, job->salt, job->hash))
		job->answer = RC_PASSWORD_OK;
	else
		job->answer = RC_PASSWORD_FAILED;
	if (job->answer == RC_PASSWORD_FAILED)
		rc_password_reason(job->failure, sizeof job->failure);
}

static void
add_error(struct rc_buf *line, const char *code, const char *message)
{
	struct rc_buf error = {0};

	rc_json_open_error(&error, code, message);
	rc_json_close(&error);
	rc_json_add_value(line, "error", rc_buf_text(&error));
	rc_buf_free(&error);
}

/* Adds what --check found to the record, and to the exit code. */
static void
add_answer(struct rc_buf *line, enum rc_password_answer answer)
{
	static const char *const status[] = {
		[RC_PASSWORD_OK] = "ok", [RC_PASSWORD_BAD] = "bad", [RC_PASSWORD_NEEDS_REHASH] = "needs_rehash",
		[RC_PASSWORD_UNUSABLE] = "error", [RC_PASSWORD_UNKNOWN] = "error",
	};

	rc_json_add_text(line, "status", status[answer]);
	if (answer == RC_PASSWORD_UNUSABLE)
		add_error(line, "unusable", "the hash is empty or begins with '!': no password fits");
	if (answer == RC_PASSWORD_UNKNOWN)
		add_error(line, "unknown_algorithm", "the hash has no form that is known here");
	if (answer != RC_PASSWORD_OK && answer != RC_PASSWORD_NEEDS_REHASH)
		settings.out.answer = RC_NO;
}

static void
finish(struct rc_pool_job *pool_job)
{
	const struct job *job = (struct job *)pool_job;

	if (job->password == NULL)
		return;
	if (job->weak != NULL) {
		rc_json_add_text(&pool_job->line, "status", "error");
		add_error(&pool_job->line, "weak_password", job->weak);
		settings.out.answer = RC_NO;
		return;
	}
	if (job->answer == RC_PASSWORD_FAILED)
		rc_die(RC_FATAL, "%s", job->failure);
	if (settings.check)
		add_answer(&pool_job->line, job->answer);
	else
		rc_json_add_text(&pool_job->line, settings.to, job->hash);
}

/* ---- options ---- */

static void
check_field(const char *option, const char *name, bool check)
{
	if (name == NULL)
		rc_usage("--%s is needed", option);
	if (!rc_utf8_valid(name, strlen(name)))
		rc_usage("--%s is not UTF-8", option);
	if (check && (strcmp(name, "status") == 0 || strcmp(name, "error") == 0))
		rc_usage("--%s %s: --check writes that field", option, name);
}

/* What the form of the hash and the length or strength need, and how much of the machine one hash takes. */
static void
check_scheme(const char *name, const char *django)
{
	const struct rc_password_scheme *scheme = rc_password_scheme(name);

	if (scheme == NULL)
		rc_usage("--scheme takes pbkdf2_sha256, argon2id or scrypt, not '%s'", name);
	if (rc_password_missing(scheme) != NULL) {
		settings.absent = name;
		settings.package = rc_password_missing(scheme);
	} else if (settings.min_guesses > 0 && rc_password_guesses_missing() != NULL) {
		settings.absent = "--min-guesses";
		settings.package = rc_password_guesses_missing();
	}
	if (!settings.if_present)	/* else only a record with a password needs it */
		fail_where_absent();
	settings.policy.scheme = scheme;
	if (django != NULL && settings.policy.iterations > 0)
		rc_usage("--django and --iterations exclude each other");
	if (settings.policy.iterations == 0 && !rc_password_django(django == NULL ? "5.1" : django, &settings.policy))
		rc_usage("--django takes 5.1, 5.2 or 6.0, not '%s'", django);
	if (!rc_password_iterations_fit(&settings.policy))
		rc_usage("--iterations %ld: %s takes a power of two from 2 to 16777216", settings.policy.iterations, name);
}

static void
check_settings(void)
{
	check_field("from", settings.from, settings.check);
	check_field("to", settings.to, settings.check);
	if (strcmp(settings.from, settings.to) == 0)
		rc_usage("--from and --to are the same field");
}

int
main(int argc, char *argv[])
{
	const char *django = NULL, *scheme = "pbkdf2_sha256";
	int jobs = 0, opt;
	struct rc_pool_work work = {
		.job_size = sizeof(struct job), .prepare = prepare, .work = hash, .finish = finish,
	};

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_FROM: settings.from = optarg; break;
		case OPT_TO: settings.to = optarg; break;
		case OPT_CHECK: settings.check = true; break;
		case OPT_KEEP: settings.keep = true; break;
		case OPT_SCHEME: scheme = optarg; break;
		case OPT_IF_PRESENT: settings.if_present = true; break;
		case OPT_MIN_LENGTH: settings.min_length = rc_opt_long("min-length", optarg, 1, 1000000); break;
		case OPT_MIN_GUESSES: settings.min_guesses = rc_opt_long("min-guesses", optarg, 1, 1000000000000000); break;
		case OPT_DJANGO: django = optarg; break;
		case OPT_ITERATIONS:
			settings.policy.iterations = rc_opt_long("iterations", optarg, 1, RC_PASSWORD_ITERATIONS_MAX);
			break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, RC_POOL_THREADS_MAX); break;
		}
	}
	check_settings();
	check_scheme(scheme, django);
	/* What one hash can't use, several at a time do: all cores are busy, and of argon2id's 100 MB there are as few as can be. */
	if (jobs == 0) {
		settings.policy.threads = rc_pool_cores() < rc_password_threads(settings.policy.scheme)
		    ? rc_pool_cores() : rc_password_threads(settings.policy.scheme);
		jobs = (rc_pool_cores() + settings.policy.threads - 1) / settings.policy.threads;
	}
	rc_input_open(&settings.in, argc - optind, argv + optind);
	rc_output_open(&settings.out, NULL);
	work.result_size = 6 * strlen(settings.to) + RESULT_ROOM;

	rc_pool_run(&work, jobs, &settings.in, &settings.out);
	rc_output_pass_end(&settings.out, &settings.in);
	rc_stream_wipe(&settings.in, &settings.out);
	return rc_finish(&settings.in, &settings.out);
}

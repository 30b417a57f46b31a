/*
 * rc-password-hash - turn passwords into the hashes that Django stores
 *
 * One hash takes about a third of a second of one core, by intent, so the
 * records are hashed by one thread for each core.  The main thread alone reads,
 * takes records apart and writes: it puts records as jobs into a ring, and
 * writes them in order when they are done.  Memory is bounded by the ring.
 */
/* links: -pthread */
#define _GNU_SOURCE	/* sched_getaffinity */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_key.h"
#include "rc_mem.h"
#include "rc_opt.h"
#include "rc_password.h"
#include "rc_stream.h"

enum {
	OPT_FROM = RC_OPT_LONG, OPT_TO, OPT_CHECK, OPT_KEEP, OPT_DJANGO, OPT_ITERATIONS, OPT_JOBS,
	THREADS_MAX = 256,
	JOBS_PER_THREAD = 4,
	RING_BYTES = 4 << 20,	/* of the records in the ring; one that is larger waits there alone */
	RESULT_ROOM = 512,	/* for what a job adds to its record, the field's name aside */
};

static const struct rc_option options[] = {
	{ OPT_FROM, "from", "FIELD", "the field with the password (required)" },
	{ OPT_TO, "to", "FIELD", "the field with the hash (required)" },
	{ OPT_CHECK, "check", NULL, "compare the password with the hash that is there" },
	{ OPT_KEEP, "keep", NULL, "keep the password in the record" },
	{ OPT_DJANGO, "django", "VERSION", "iterate as often as Django 5.1, 5.2 or 6.0 does (default: 5.1)" },
	{ OPT_ITERATIONS, "iterations", "N", "iterate N times" },
	{ OPT_JOBS, "jobs", "N", "hash N records at a time (default: the number of cores)" },
	RC_OPTION_END
};

static const char *const example[] = { "--from", "plain", "--to", "password", "--iterations", "1", NULL };

static const struct rc_program program = {
	.name = "rc-password-hash",
	.synopsis = "--from FIELD --to FIELD [--check] [--keep] [--django VERSION | --iterations N] [--jobs N] [FILE ...]",
	.summary = "turn passwords into the hashes that Django stores",
	.options = options,
	.reads = "any record with a password",
	.writes = "the same with a hash in its place, or with --check with status ok, bad, needs_rehash or error",
	.not_idempotent = true,	/* each hash has a new salt */
	.example = example,
	.example_input = "{\"username\":\"alice\",\"plain\":\"correct horse\"}\n{\"username\":\"bob\",\"plain\":\"battery staple\"}\n",
};

struct settings {
	const char *from, *to;
	bool check, keep;
	struct rc_password_policy policy;
};

/* One record in work. */
struct job {
	struct rc_record record;	/* its arena holds the password and the hash to check */
	size_t size;		/* of the record, in bytes */
	struct rc_buf line;	/* the record to be written, its last brace still missing */
	const char *password;
	const char *stored;	/* the hash to check, with --check */
	char salt[RC_PASSWORD_SALT + 1], hash[RC_PASSWORD_HASH_SIZE];	/* without it */
	enum rc_password_answer answer;
	char failure[256];	/* why OpenSSL failed, or empty */
	bool done;
};

/*
 * Jobs are numbered as they come, and number N is in jobs[N % room].
 * written <= taken <= filled <= written + room.
 */
struct pool {
	const struct settings *settings;
	struct rc_input *in;
	struct rc_output *out;
	struct job *jobs;
	size_t room, filled, written;
	size_t bytes;		/* of the records in the ring */
	pthread_t *workers;
	int worker_count, workers_wanted;
	int done_fd;		/* an eventfd(2) that the workers raise */
	bool broken;		/* a job failed, the others are not worth waiting for */

	pthread_mutex_t lock;	/* of what follows, and of each job's `done` */
	pthread_cond_t work;	/* there is a new job, or the pool is closed */
	size_t taken;
	int idle;		/* workers that wait, or were woken and have no job yet */
	bool closed;
};

/* The exit hook must find it, so it stands here. */
static struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER };

static struct job *
job_at(size_t number)
{
	return &pool.jobs[number % pool.room];
}

/* ---- workers: they neither read, write nor end the process ---- */

static void
hash(struct job *job)
{
	const struct rc_password_policy *policy = &pool.settings->policy;
	size_t length = strlen(job->password);

	if (pool.settings->check)
		job->answer = rc_password_check(policy, job->password, length, job->stored);
	else if (rc_password_make(policy, job->password, length, job->salt, job->hash))
		job->answer = RC_PASSWORD_OK;
	else
		job->answer = RC_PASSWORD_FAILED;
	if (job->answer == RC_PASSWORD_FAILED)
		rc_password_reason(job->failure, sizeof job->failure);
}

/* The next job, or NULL when there will be none. */
static struct job *
take(void)
{
	struct job *job = NULL;

	pthread_mutex_lock(&pool.lock);
	pool.idle++;
	while (pool.taken == pool.filled && !pool.closed)
		pthread_cond_wait(&pool.work, &pool.lock);
	pool.idle--;
	if (pool.taken < pool.filled)
		job = job_at(pool.taken++);
	pthread_mutex_unlock(&pool.lock);
	return job;
}

static void *
work(void *unused)
{
	struct job *job;

	(void)unused;
	while ((job = take()) != NULL) {
		hash(job);
		pthread_mutex_lock(&pool.lock);
		job->done = true;
		pthread_mutex_unlock(&pool.lock);
		eventfd_write(pool.done_fd, 1);
	}
	return NULL;
}

/* Starts one more worker.  Where the system allows no more threads, those that run have to do. */
static void
start_worker(void)
{
	int error = pthread_create(&pool.workers[pool.worker_count], NULL, work, NULL);

	if (error == 0)
		pool.worker_count++;
	else if (pool.worker_count == 0)
		rc_die(RC_RETRY, "cannot start a thread: %s", strerror(error));
	else
		pool.workers_wanted = pool.worker_count;
}

/* ---- the main thread ---- */

static int
count_cores(void)
{
	cpu_set_t cores;
	int count = 1;

	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		count = CPU_COUNT(&cores);
	return count < THREADS_MAX ? count : THREADS_MAX;
}

static void
open_pool(const struct settings *settings, int jobs, struct rc_input *in, struct rc_output *out)
{
	pool.settings = settings;
	pool.in = in;
	pool.out = out;
	pool.workers_wanted = jobs;
	pool.workers = rc_alloc(rc_size_mul((size_t)jobs, sizeof *pool.workers));
	pool.room = rc_size_mul((size_t)jobs, JOBS_PER_THREAD);
	pool.jobs = rc_alloc(rc_size_mul(pool.room, sizeof *pool.jobs));
	for (size_t i = 0; i < pool.room; i++)
		pool.jobs[i] = (struct job){0};
	if ((pool.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		rc_die(RC_RETRY, "cannot make an eventfd: %s", strerror(errno));
}

static void
close_pool(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.closed = true;
	pthread_cond_broadcast(&pool.work);
	pthread_mutex_unlock(&pool.lock);
	for (int i = 0; i < pool.worker_count; i++)
		pthread_join(pool.workers[i], NULL);
	for (size_t i = 0; i < pool.room; i++)
		rc_record_free(&pool.jobs[i].record);
	free(pool.workers);
	free(pool.jobs);
	close(pool.done_fd);
}

/* Takes the record apart: the worker gets the texts it needs, the line all that is known already. */
static void
prepare(struct job *job)
{
	const struct settings *settings = pool.settings;
	struct rc_record *record = &job->record;

	job->password = rc_input_need_string(pool.in, record, settings->from);
	if (*job->password == '\0')
		rc_input_fail(pool.in, "the field '%s' is empty", settings->from);
	if (settings->check) {
		job->stored = rc_input_need_string(pool.in, record, settings->to);
		rc_record_remove(record, "status");
		rc_record_remove(record, "error");
	} else {
		if (rc_record_find(record, settings->to) != NULL)
			rc_input_fail(pool.in, "already has a field '%s'", settings->to);
		rc_key_characters(job->salt, RC_KEY_ALNUM, RC_PASSWORD_SALT);
	}
	if (!settings->keep)
		rc_record_remove(record, settings->from);
	record->changed = true;	/* so that it is written without a blank after its last brace, which is taken off */
	/* All the room at once: a buffer that moves leaves a copy behind that nothing wipes. */
	rc_buf_reserve(&job->line, record->length + 6 * strlen(settings->to) + RESULT_ROOM);
	rc_record_write(record, &job->line);
	job->line.length--;
	job->size = record->length;
}

/* Gives the job to a worker. */
static void
submit(struct job *job)
{
	size_t waiting;
	bool all_busy;

	job->done = false;
	pool.bytes += job->size;
	pthread_mutex_lock(&pool.lock);
	pool.filled++;
	waiting = pool.filled - pool.taken;
	all_busy = waiting > (size_t)pool.idle;
	pthread_cond_signal(&pool.work);
	pthread_mutex_unlock(&pool.lock);
	if (all_busy && pool.worker_count < pool.workers_wanted)
		start_worker();
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
		rc_json_add_value(line, "error",
		    "{\"code\":\"unusable\",\"message\":\"the hash is empty or begins with '!': no password fits\"}");
	if (answer == RC_PASSWORD_UNKNOWN)
		rc_json_add_value(line, "error",
		    "{\"code\":\"unknown_algorithm\",\"message\":\"the hash has not the form of pbkdf2_sha256\"}");
	if (answer != RC_PASSWORD_OK && answer != RC_PASSWORD_NEEDS_REHASH)
		pool.out->answer = RC_NO;
}

static void
write_job(struct job *job)
{
	if (job->answer == RC_PASSWORD_FAILED) {
		pool.broken = true;
		rc_die(RC_FATAL, "OpenSSL cannot compute a hash: %s", job->failure);
	}
	if (pool.settings->check)
		add_answer(&job->line, job->answer);
	else
		rc_json_add_text(&job->line, pool.settings->to, job->hash);
	rc_json_close(&job->line);
	rc_output_line(pool.out, job->line.bytes, job->line.length);
	rc_wipe(job->line.bytes, job->line.length);
	rc_buf_free(&job->line);
	rc_arena_wipe(&job->record.arena);
	pool.bytes -= job->size;
}

static bool
is_done(const struct job *job)
{
	bool done;

	pthread_mutex_lock(&pool.lock);
	done = job->done;
	pthread_mutex_unlock(&pool.lock);
	return done;
}

/* Writes the oldest jobs as far as they are done. */
static void
write_done(void)
{
	while (pool.written < pool.filled && is_done(job_at(pool.written))) {
		write_job(job_at(pool.written));
		pool.written++;
	}
}

enum wait { FOR_JOB, FOR_JOB_OR_INPUT };

static void
wait_for(enum wait what)
{
	struct pollfd ready[] = { { .fd = pool.done_fd, .events = POLLIN }, { .fd = pool.in->fd, .events = POLLIN } };
	eventfd_t ignored;

	rc_output_flush(pool.out);
	if (poll(ready, what == FOR_JOB ? 1 : 2, -1) < 0 && errno != EINTR)
		rc_die(RC_RETRY, "poll: %s", strerror(errno));
	eventfd_read(pool.done_fd, &ignored);	/* before the jobs are looked at, so that none is missed */
}

static void
drain(void)
{
	for (write_done(); pool.written < pool.filled; write_done())
		wait_for(FOR_JOB);
}

/* A record that is refused ends the process; those before it are written all the same, as by any filter. */
static void
drain_at_exit(int code)
{
	if (code == RC_FATAL && !pool.broken)
		drain();
}

static bool
is_full(void)
{
	return pool.filled - pool.written == pool.room || (pool.filled > pool.written && pool.bytes > RING_BYTES);
}

static void
run(void)
{
	for (;;) {
		struct job *job = job_at(pool.filled);

		write_done();
		if (is_full()) {
			wait_for(FOR_JOB);
		} else if (pool.filled > pool.written && !rc_input_ready(pool.in)) {
			wait_for(FOR_JOB_OR_INPUT);
		} else {
			if (!rc_input_next(pool.in, &job->record))
				break;
			prepare(job);
			submit(job);
		}
	}
	drain();
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

static void
check_settings(const struct settings *settings)
{
	check_field("from", settings->from, settings->check);
	check_field("to", settings->to, settings->check);
	if (strcmp(settings->from, settings->to) == 0)
		rc_usage("--from and --to are the same field");
}

int
main(int argc, char *argv[])
{
	struct settings settings = {0};
	const char *django = NULL;
	int jobs = count_cores(), opt;
	struct rc_input in;
	struct rc_output out;

	while ((opt = rc_getopt(&program, argc, argv)) != -1) {
		switch (opt) {
		case OPT_FROM: settings.from = optarg; break;
		case OPT_TO: settings.to = optarg; break;
		case OPT_CHECK: settings.check = true; break;
		case OPT_KEEP: settings.keep = true; break;
		case OPT_DJANGO: django = optarg; break;
		case OPT_ITERATIONS:
			settings.policy.iterations = rc_opt_long("iterations", optarg, 1, RC_PASSWORD_ITERATIONS_MAX);
			break;
		case OPT_JOBS: jobs = (int)rc_opt_long("jobs", optarg, 1, THREADS_MAX); break;
		}
	}
	check_settings(&settings);
	if (django != NULL && settings.policy.iterations > 0)
		rc_usage("--django and --iterations exclude each other");
	if (settings.policy.iterations == 0 && !rc_password_django(django == NULL ? "5.1" : django, &settings.policy))
		rc_usage("--django takes 5.1, 5.2 or 6.0, not '%s'", django);
	rc_input_open(&in, argc - optind, argv + optind);
	rc_output_open(&out, NULL);
	open_pool(&settings, jobs, &in, &out);
	rc_at_exit(drain_at_exit);	/* after the output's own hook, so that it runs before that */

	run();
	close_pool();
	rc_output_pass_end(&out, &in);
	rc_stream_wipe(&in, &out);
	return rc_finish(&in, &out);
}

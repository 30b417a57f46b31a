#define _GNU_SOURCE	/* sched_getaffinity */
#include "rc_pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"

enum { JOBS_PER_THREAD = 4, RING_BYTES = 4 << 20 };

struct worker {
	pthread_t thread;
	void *engine;
};

/*
 * Jobs are numbered as they come, and number N is in the ring's place N % room.
 * written <= taken <= filled <= written + room.
 */
struct pool {
	const struct rc_pool_work *work;
	struct rc_input *in;
	struct rc_output *out;
	unsigned char *ring;
	size_t room, filled, written;
	size_t bytes;		/* of the records in the ring */
	struct worker *workers;
	int worker_count, workers_wanted;
	int done_fd;		/* an eventfd(2) that the workers raise */
	bool writing;		/* what ends the process then is no bad input */

	pthread_mutex_t lock;	/* of what follows, and of each job's `done` */
	pthread_cond_t more;	/* there is a new job, or the pool is closed */
	size_t taken;
	int idle;		/* workers that wait, or were woken and have no job yet */
	bool closed;
};

/* The exit hook must find it, so it stands here. */
static struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

static struct rc_pool_job *
job_at(size_t number)
{
	return (struct rc_pool_job *)(void *)(pool.ring + number % pool.room * pool.work->job_size);
}

/* ---- workers ---- */

/* The next job, or NULL when there will be none. */
static struct rc_pool_job *
take(void)
{
	struct rc_pool_job *job = NULL;

	pthread_mutex_lock(&pool.lock);
	pool.idle++;
	while (pool.taken == pool.filled && !pool.closed)
		pthread_cond_wait(&pool.more, &pool.lock);
	pool.idle--;
	if (pool.taken < pool.filled)
		job = job_at(pool.taken++);
	pthread_mutex_unlock(&pool.lock);
	return job;
}

static void *
work(void *argument)
{
	const struct worker *worker = argument;
	struct rc_pool_job *job;

	while ((job = take()) != NULL) {
		pool.work->work(job, worker->engine);
		pthread_mutex_lock(&pool.lock);
		job->done = true;
		pthread_mutex_unlock(&pool.lock);
		eventfd_write(pool.done_fd, 1);
	}
	return NULL;
}

static void
free_engine(struct worker *worker)
{
	if (pool.work->engine_free != NULL)
		pool.work->engine_free(worker->engine);
}

/* Starts the thread, which leaves the signals that end the process to the main thread. */
static int
start_thread(struct worker *worker)
{
	sigset_t ends, old;
	int error;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, &old);
	error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

/* Starts one more worker.  Where the system allows no more threads, those that run have to do. */
static void
start_worker(void)
{
	struct worker *worker = &pool.workers[pool.worker_count];
	int error;

	worker->engine = pool.work->engine_new == NULL ? NULL : pool.work->engine_new();
	if ((error = start_thread(worker)) == 0) {
		pool.worker_count++;
		return;
	}
	free_engine(worker);
	if (pool.worker_count == 0)
		rc_die(RC_RETRY, "cannot start a thread: %s", strerror(error));
	pool.workers_wanted = pool.worker_count;
}

/* ---- the main thread ---- */

int
rc_pool_cores(void)
{
	cpu_set_t cores;
	int count = 1;

	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		count = CPU_COUNT(&cores);
	return count < RC_POOL_THREADS_MAX ? count : RC_POOL_THREADS_MAX;
}

int
rc_pool_fit(int threads, unsigned each)
{
	enum { OTHERS = 32 };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return threads;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max == RLIM_INFINITY || (rlim_t)threads * each + OTHERS <= files.rlim_max)
		return threads;
	return files.rlim_max > each + OTHERS ? (int)((files.rlim_max - OTHERS) / each) : 1;
}

static void
open_pool(void)
{
	pool.workers = rc_alloc(rc_size_mul((size_t)pool.workers_wanted, sizeof *pool.workers));
	pool.room = rc_size_mul((size_t)pool.workers_wanted, pool.work->jobs_per_thread > 0 ? pool.work->jobs_per_thread : JOBS_PER_THREAD);
	pool.ring = rc_alloc(rc_size_mul(pool.room, pool.work->job_size));
	memset(pool.ring, 0, pool.room * pool.work->job_size);
	if ((pool.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		rc_die(RC_RETRY, "cannot make an eventfd: %s", strerror(errno));
}

static void
close_pool(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.closed = true;
	pthread_cond_broadcast(&pool.more);
	pthread_mutex_unlock(&pool.lock);
	for (int i = 0; i < pool.worker_count; i++) {
		pthread_join(pool.workers[i].thread, NULL);
		free_engine(&pool.workers[i]);
	}
	for (size_t i = 0; i < pool.room; i++)
		rc_record_free(&job_at(i)->record);
	free(pool.workers);
	free(pool.ring);
	close(pool.done_fd);
}

/* Writes the record into its line, without the last brace, and gives the job to a worker. */
static void
submit(struct rc_pool_job *job)
{
	bool all_busy;

	job->record.changed = true;	/* so that it is written without a blank after its last brace, which is taken off */
	rc_buf_reserve(&job->line, rc_size_add(job->record.length, pool.work->result_size));
	rc_record_write(&job->record, &job->line);
	job->line.length--;
	job->done = job->is_silent = false;
	pool.bytes += job->record.length;
	pthread_mutex_lock(&pool.lock);
	pool.filled++;
	all_busy = pool.filled - pool.taken > (size_t)pool.idle;
	pthread_cond_signal(&pool.more);
	pthread_mutex_unlock(&pool.lock);
	if (all_busy && pool.worker_count < pool.workers_wanted)
		start_worker();
}

static bool
is_done(const struct rc_pool_job *job)
{
	bool done;

	pthread_mutex_lock(&pool.lock);
	done = job->done;
	pthread_mutex_unlock(&pool.lock);
	return done;
}

/* Writes the oldest jobs as far as they are done, and wipes their records, for they may hold secrets. */
static void
write_done(void)
{
	pool.writing = true;
	while (pool.written < pool.filled && is_done(job_at(pool.written))) {
		struct rc_pool_job *job = job_at(pool.written);

		pool.bytes -= job->record.length;
		pool.work->finish(job);
		rc_json_close(&job->line);
		if (!job->is_silent)
			rc_output_line(pool.out, job->line.bytes, job->line.length);
		rc_buf_wipe(&job->line);
		rc_arena_wipe(&job->record.arena);
		pool.written++;
	}
	pool.writing = false;
}

enum wait { FOR_JOB, FOR_JOB_OR_INPUT };

static void
wait_for(enum wait what)
{
	struct pollfd ready[] = { { .fd = pool.done_fd, .events = POLLIN }, { .fd = pool.in == NULL ? -1 : pool.in->fd, .events = POLLIN } };
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

static void
drain_at_exit(int code)
{
	if (code == RC_FATAL && !pool.writing)
		drain();
}

static bool
is_full(void)
{
	return pool.filled - pool.written == pool.room || (pool.filled > pool.written && pool.bytes > RING_BYTES);
}

void
rc_pool_run(const struct rc_pool_work *program, int threads, struct rc_input *input, struct rc_output *output)
{
	pool.work = program;
	pool.in = input;
	pool.out = output;
	pool.workers_wanted = threads;
	open_pool();
	rc_at_exit(drain_at_exit);	/* after the output's own hook, so that it runs before that */
	for (;;) {
		struct rc_pool_job *job = job_at(pool.filled);

		write_done();
		if (is_full()) {
			wait_for(FOR_JOB);
		} else if (program->next == NULL && pool.filled > pool.written && !rc_input_ready(pool.in)) {
			wait_for(FOR_JOB_OR_INPUT);
		} else {
			if (program->next == NULL ? !rc_input_next(pool.in, &job->record) : !program->next(job))
				break;
			if (program->prepare != NULL)
				program->prepare(job);
			submit(job);
		}
	}
	drain();
	close_pool();
	pool.filled = pool.written = 0;	/* no thread looks any more */
}

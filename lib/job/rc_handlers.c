#include "rc_handlers.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_handler_copy.h"
#include "rc_mem.h"

enum { LOOK_EVERY = 250, READS_MOST = 16, LINGER = 2000 };

void
rc_handlers_start(struct rc_handlers *handlers, const struct rc_handler_rules *rules, struct rc_job_index *index)
{
	*handlers = (struct rc_handlers){ .rules = *rules, .index = index };
}

/* ---- which handler ---- */

static struct rc_handler *
new_handler(struct rc_handlers *handlers, const char *name)
{
	struct rc_handler *handler = rc_alloc(sizeof *handler);
	struct rc_buf path = {0};

	*handler = (struct rc_handler){ .name = rc_strndup(name, strlen(name)), .command = handlers->rules.command, .next = handlers->first };
	if (handler->command == NULL) {
		rc_buf_printf(&path, "%s/%s", handlers->rules.folder, name);
		handler->path[0] = rc_buf_text(&path);
		handler->command = handler->path;
	}
	handlers->first = handler;
	return handler;
}

/* Whether a file of the folder can be run for the type; a type may be any text. */
static bool
has_program(const struct rc_handlers *handlers, const char *type)
{
	struct rc_buf path = {0};
	bool has;

	if (*type == '\0' || *type == '.' || strchr(type, '/') != NULL)
		return false;
	rc_buf_printf(&path, "%s/%s", handlers->rules.folder, type);
	has = access(rc_buf_text(&path), X_OK) == 0;
	rc_buf_free(&path);
	return has;
}

/* The handler of the type, or NULL. */
static struct rc_handler *
find_handler(struct rc_handlers *handlers, const char *type)
{
	const char *name = handlers->rules.command != NULL ? handlers->rules.command[0] : type;

	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		if (strcmp(handler->name, name) == 0)
			return handler;
	return handlers->rules.command != NULL || has_program(handlers, type) ? new_handler(handlers, name) : NULL;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Says which handlers there are, as the workers that these tables know do. */
static void
refuse_type(struct rc_handlers *handlers, struct rc_job *job)
{
	DIR *folder = opendir(handlers->rules.folder);
	struct rc_buf text = {0};
	const struct dirent *entry;
	char *names[256];
	size_t count = 0;

	while (folder != NULL && count < sizeof names / sizeof *names && (entry = readdir(folder)) != NULL)
		if (has_program(handlers, entry->d_name))
			names[count++] = rc_strndup(entry->d_name, strlen(entry->d_name));
	if (folder != NULL)
		closedir(folder);
	qsort(names, count, sizeof *names, by_name);
	rc_buf_printf(&text, "ValueError: Unknown job_type: %s. Available handlers: [", job->type);
	for (size_t i = 0; i < count; i++) {
		rc_buf_printf(&text, "%s'%s'", i == 0 ? "" : ", ", names[i]);
		free(names[i]);
	}
	rc_buf_add_text(&text, "]");
	rc_job_judge(job, RC_VERDICT_RETRY, rc_buf_text(&text));
	rc_buf_free(&text);
	rc_job_append(&handlers->answered, job);
}

void
rc_handlers_take(struct rc_handlers *handlers, struct rc_job_list *list)
{
	struct rc_job *job;

	while ((job = rc_job_take_first(list)) != NULL) {
		struct rc_handler *handler;

		if (handlers->stopping) {	/* the claim was under way */
			rc_job_judge(job, RC_VERDICT_BACK, NULL);
			rc_job_append(&handlers->answered, job);
			continue;
		}
		if ((handler = find_handler(handlers, job->type)) == NULL) {
			refuse_type(handlers, job);
			continue;
		}
		rc_job_append(&handler->waiting, job);
		handlers->waiting++;
	}
}

/* ---- giving ---- */

/* The copy that the next job can go to, started if need be; NULL where none has room. */
static struct rc_copy *
find_copy(struct rc_handlers *handlers, struct rc_handler *handler, const struct rc_job *job)
{
	const struct rc_handler_rules *rules = &handlers->rules;
	struct rc_copy *best = NULL;

	for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
		if (copy->ending == 0 && (best == NULL || copy->given.count < best->given.count))
			best = copy;
	if ((best == NULL || best->given.count > 0) && handler->running < rules->copies && rc_clock_ms() >= handler->again)
		return rc_copy_start(handlers, handler);
	if (best == NULL || (job->alone && best->given.count > 0) || best->given.count >= rules->in_flight ||
	    (best->given.count > 0 && best->given.first->alone))
		return NULL;
	return best;
}

static void
give_one(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	struct rc_job *job = rc_job_take_first(&handler->waiting);

	job->given = rc_clock_ms();
	if (copy->given.count == 0)
		copy->active = job->given;
	rc_buf_add(&copy->process.to, job->line, job->line_length);
	rc_job_append(&copy->given, job);
	handlers->waiting--;
	handlers->given++;
	copy->ending = handlers->rules.exec ? job->given : 0;	/* it is one that runs until it ends, but gets no other job */
}

/* Whether a copy has been silent for so long; what it has written is read before: it may be we who slept. */
static bool
is_silent(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy, long long now, long limit)
{
	if (now - copy->active < limit || (handlers->rules.exec && rc_coprocess_ended(&copy->process)))
		return false;
	for (int reads = 0; !handlers->rules.exec && reads < READS_MOST && rc_copy_read(handlers, handler, copy); reads++)
		continue;
	return copy->fault == NULL && copy->given.count > 0 && now - copy->active >= limit;
}

/* Whether a copy has nothing to do but to end: it may tidy up before. */
static bool
lingers(const struct rc_copy *copy)
{
	return copy->ending != 0 && copy->given.count == 0 && copy->fault == NULL;
}

bool
rc_handlers_linger(const struct rc_handlers *handlers)
{
	for (const struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (const struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
			if (lingers(copy))
				return true;
	return false;
}

/* A copy that has jobs and says nothing for too long, or has none and does not end. */
static void
look_after(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy, long long now)
{
	const struct rc_handler_rules *rules = &handlers->rules;

	if (lingers(copy) && now - (copy->ending > copy->active ? copy->ending : copy->active) >= LINGER)
		rc_copy_end(copy, "did not end with its input");	/* it would be in the way of the next one */
	if (copy->given.count == 0 || copy->fault != NULL)
		return;
	if (copy->closed != 0 && !rules->exec && now - copy->closed >= LOOK_EVERY) {
		rc_copy_end(copy, "closed its standard output");
	} else if (rules->job_timeout > 0 && is_silent(handlers, handler, copy, now, rules->job_timeout)) {
		rc_copy_end(copy, "gave no verdict within %g s", (double)rules->job_timeout / 1000);
	} else if (!rules->exec && copy->ending == 0 && copy->given.count > 0 && is_silent(handlers, handler, copy, now, rules->stall)) {
		if (!handler->warned)
			rc_warn("%s: no verdict for %g s; where it holds its output back (jq without --unbuffered, a C program without "
			    "setvbuf) an end of input brings it out, so it gets one, and when it has ended a new copy is started for what comes",
			    handler->name, (double)rules->stall / 1000);
		handler->warned = true;
		rc_copy_stop_using(copy);
		rc_copy_write(copy);
	}
}

/* The jobs that wait, as far as copies have room; and exec's copies count until they have ended. */
static void
give_waiting(struct rc_handlers *handlers, struct rc_handler *handler)
{
	struct rc_copy *copy;

	while (handler->waiting.first != NULL && (copy = find_copy(handlers, handler, handler->waiting.first)) != NULL)
		give_one(handlers, handler, copy);
	for (copy = handler->copies; copy != NULL; copy = copy->next)
		if (copy->process.to.length > 0)
			rc_copy_write(copy);
}

long
rc_handlers_give(struct rc_handlers *handlers)
{
	long long now = rc_clock_ms();
	long wait = -1;

	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next) {
		if (handler->waiting.count > 0 && now >= handler->again)
			give_waiting(handlers, handler);
		if (handler->again > now && (wait < 0 || handler->again - now < wait))
			wait = (long)(handler->again - now);
		for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
			look_after(handlers, handler, copy, now);
	}
	return (handlers->given > 0 || rc_handlers_linger(handlers)) && (wait < 0 || wait > LOOK_EVERY) ? LOOK_EVERY : wait;
}

/* ---- what is ready ---- */

int
rc_handlers_poll(struct rc_handlers *handlers, struct pollfd *ready, int room)
{
	int count = 0;

	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next) {
			copy->in_index = copy->out_index = -1;
			if (count + 2 > room)
				continue;
			if (copy->process.out >= 0) {
				copy->out_index = (short)count;
				ready[count++] = (struct pollfd){ .fd = copy->process.out, .events = POLLIN };
			}
			if (copy->process.in >= 0 && copy->process.to.length > 0) {
				copy->in_index = (short)count;
				ready[count++] = (struct pollfd){ .fd = copy->process.in, .events = POLLOUT };
			}
		}
	return count;
}

void
rc_handlers_go_on(struct rc_handlers *handlers, const struct pollfd *ready)
{
	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next) {
			if (copy->out_index >= 0 && ready[copy->out_index].revents != 0)
				rc_copy_read(handlers, handler, copy);
			if (copy->in_index >= 0 && ready[copy->in_index].revents != 0)
				rc_copy_write(copy);
		}
}

static bool
is_copy(const struct rc_handlers *handlers, pid_t pid)
{
	for (const struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (const struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
			if (copy->process.pid == pid)
				return true;
	return false;
}

/* The first process of a container gets what handlers leave behind, and must wait for it. */
static void
reap_strangers(const struct rc_handlers *handlers)
{
	siginfo_t info = {0};

	while (getpid() == 1 && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && !is_copy(handlers, info.si_pid)) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

void
rc_handlers_reap(struct rc_handlers *handlers)
{
	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (struct rc_copy *copy = handler->copies, *next; copy != NULL; copy = next) {
			next = copy->next;
			if (!rc_coprocess_ended(&copy->process))
				continue;
			while (rc_copy_read(handlers, handler, copy))
				continue;	/* but not until its end: a process that it left behind may hold it open */
			rc_copy_finish(handlers, handler, copy);
		}
	reap_strangers(handlers);
}

bool
rc_handlers_paused(const struct rc_handlers *handlers, struct rc_buf *array)
{
	long long now = rc_clock_ms();
	bool all = false;

	array->length = 0;
	for (const struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next) {
		if (handler->again <= now)
			continue;
		all |= handlers->rules.command != NULL;
		rc_buf_add_text(array, array->length == 0 ? "{\"" : ",\"");
		for (const char *p = handler->name; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				rc_buf_add(array, "\\", 1);
			rc_buf_add(array, p, 1);
		}
		rc_buf_add_text(array, "\"");
	}
	rc_buf_add_text(array, array->length == 0 ? "{}" : "}");
	rc_buf_text(array);
	return all;
}

/* ---- the end ---- */

void
rc_handlers_drain(struct rc_handlers *handlers)
{
	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next) {
			if (!handlers->rules.exec)
				rc_copy_stop_using(copy);
			rc_copy_write(copy);
		}
}

void
rc_handlers_stop(struct rc_handlers *handlers)
{
	handlers->stopping = true;
	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		rc_handler_give_back(handlers, handler);
	rc_handlers_drain(handlers);
}

void
rc_handlers_end(struct rc_handlers *handlers)
{
	struct rc_handler *handler;

	while ((handler = handlers->first) != NULL) {
		struct rc_copy *copy;

		rc_handler_give_back(handlers, handler);
		while ((copy = handler->copies) != NULL) {
			rc_coprocess_kill(&copy->process);
			if (copy->process.pid > 0)
				waitpid(copy->process.pid, &copy->process.status, 0);
			while (copy->given.count > 0)
				rc_copy_answer(handlers, copy, copy->given.first, RC_VERDICT_BACK, NULL);
			rc_copy_finish(handlers, handler, copy);
		}
		handlers->first = handler->next;
		free(handler->path[0]);
		free(handler->name);
		free(handler);
	}
}

void
rc_handlers_tell(const struct rc_handlers *handlers)
{
	long long now = rc_clock_ms();

	rc_warn("in flight: %ld %s with handlers, %ld waiting for one", handlers->given, handlers->given == 1 ? "job" : "jobs", handlers->waiting);
	for (const struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (const struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
			for (const struct rc_job *job = copy->given.first; job != NULL; job = job->next)
				rc_warn("in flight: job %s (%s), attempt %d, for %lld ms", job->id, job->type, job->attempts + 1, now - job->given);
}

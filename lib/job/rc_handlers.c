#include "rc_handlers.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_utf8.h"
#include "rc_verdict.h"

enum { FAULT_WAIT = 100, FAULT_WAIT_MOST = 5000, GIVE_BACK_FROM = 1000, LOOK_EVERY = 250, OUTPUT_MAX = 1 << 20, LINE_MAX_BYTES = 16 << 20 };
enum { EXEC_FAILED = 100 };

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
		struct rc_handler *handler = find_handler(handlers, job->type);

		if (handler == NULL) {
			refuse_type(handlers, job);
			continue;
		}
		rc_job_append(&handler->waiting, job);
		handlers->waiting++;
	}
}

/* ---- faults ---- */

static void
give_back_waiting(struct rc_handlers *handlers, struct rc_handler *handler)
{
	struct rc_job *job;

	while ((job = rc_job_take_first(&handler->waiting)) != NULL) {
		handlers->waiting--;
		rc_job_judge(job, RC_VERDICT_BACK, NULL);
		rc_job_append(&handlers->answered, job);
	}
}

/* A handler did wrong: its next copy has to wait, longer each time; what would wait long goes back meanwhile. */
static void
note_fault(struct rc_handlers *handlers, struct rc_handler *handler)
{
	long wait = handler->faults == 0 ? 0 : handler->faults > 6 ? FAULT_WAIT_MOST : FAULT_WAIT << (handler->faults - 1);

	handler->faults++;
	if (wait > FAULT_WAIT_MOST)
		wait = FAULT_WAIT_MOST;
	handler->again = rc_clock_ms() + wait;
	if (wait >= GIVE_BACK_FROM)
		give_back_waiting(handlers, handler);
}

static void
answer(struct rc_handlers *handlers, struct rc_copy *copy, struct rc_job *job, enum rc_verdict verdict, const char *error)
{
	rc_job_remove(&copy->given, job);
	handlers->given--;
	rc_job_judge(job, verdict, error);
	rc_job_append(&handlers->answered, job);
}

/* The verdict that the exit status of a process for one job is. */
static void
judge_exec(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	const struct rc_coprocess *process = &copy->process;
	struct rc_buf text = {0};
	bool exited = WIFEXITED(process->status);

	if (copy->fault == NULL && exited && WEXITSTATUS(process->status) == 0) {
		answer(handlers, copy, copy->given.first, RC_VERDICT_DONE, NULL);
		return;
	}
	rc_buf_printf(&text, "HandlerError: %s ", handler->name);
	if (copy->fault != NULL)
		rc_buf_add_text(&text, copy->fault);
	else
		rc_coprocess_add_end(process, &text);
	if (process->from.length > 0) {
		rc_buf_add_text(&text, "\n");
		for (size_t i = 0; i < process->from.length && i < RC_JOB_ERROR_MAX; i++)
			rc_buf_add(&text, process->from.bytes[i] == '\0' ? " " : &process->from.bytes[i], 1);
	}
	if (!rc_utf8_valid(text.bytes, text.length))
		text.length = strcspn(rc_buf_text(&text), "\n");
	answer(handlers, copy, copy->given.first,
	    copy->fault == NULL && exited && WEXITSTATUS(process->status) == EXEC_FAILED ? RC_VERDICT_FAILED : RC_VERDICT_RETRY,
	    rc_buf_text(&text));
	rc_buf_free(&text);
}

/* A copy has ended with jobs unanswered: the one that it was, or each of them alone. */
static void
find_guilty(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	struct rc_buf text = {0};
	struct rc_job *job;

	rc_buf_printf(&text, "HandlerError: %s ", handler->name);
	if (copy->fault != NULL)
		rc_buf_add_text(&text, copy->fault);
	else
		rc_coprocess_add_end(&copy->process, &text);
	rc_buf_text(&text);
	if (copy->given.count == 1) {
		answer(handlers, copy, copy->given.first, RC_VERDICT_RETRY, rc_buf_text(&text));
	} else {
		rc_warn("%s, with %ld jobs; each of them is tried alone", text.bytes + strlen("HandlerError: "), copy->given.count);
		while ((job = copy->given.last) != NULL) {
			rc_job_remove(&copy->given, job);
			handlers->given--;
			job->alone = true;
			rc_job_prepend(&handler->waiting, job);
			handlers->waiting++;
		}
	}
	rc_buf_free(&text);
	note_fault(handlers, handler);
	if (handlers->stopping)
		give_back_waiting(handlers, handler);
}

/* ---- copies ---- */

/* Makes room for a copy, running or not. */
static struct rc_copy *
start_copy(struct rc_handlers *handlers, struct rc_handler *handler)
{
	struct rc_copy *copy = rc_alloc(sizeof *copy);
	struct rc_buf text = {0};
	struct rc_job *job;

	*copy = (struct rc_copy){ .in_index = -1, .out_index = -1, .active = rc_clock_ms() };
	if (rc_coprocess_start(&copy->process, handler->command)) {
		copy->next = handler->copies;
		handler->copies = copy;
		handler->running++;
		return copy;
	}
	job = rc_job_take_first(&handler->waiting);
	handlers->waiting--;
	rc_buf_printf(&text, "HandlerError: %s ", handler->name);
	rc_coprocess_add_end(&copy->process, &text);
	rc_job_judge(job, RC_VERDICT_RETRY, rc_buf_text(&text));
	rc_job_append(&handlers->answered, job);
	rc_buf_free(&text);
	free(copy);
	note_fault(handlers, handler);
	return NULL;
}

static void
stop_using(struct rc_handler *handler, struct rc_copy *copy)
{
	if (!copy->ending)
		handler->running--;
	copy->ending = true;
}

/* The copy has ended and all that it wrote was read. */
static void
finish(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	struct rc_copy **link = &handler->copies;

	stop_using(handler, copy);
	if (copy->given.count > 0 && handlers->rules.exec)
		judge_exec(handlers, handler, copy);
	else if (copy->given.count > 0)
		find_guilty(handlers, handler, copy);
	while (*link != copy)
		link = &(*link)->next;
	*link = copy->next;
	rc_coprocess_free(&copy->process);
	free(copy->fault);
	free(copy);
}

/* What a copy did wrong ends it; its end is seen by rc_handlers_reap(). */
static void RC_PRINTF(3, 4)
end_copy(struct rc_handler *handler, struct rc_copy *copy, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (copy->fault == NULL)
		copy->fault = rc_strndup(text, strlen(text));
	stop_using(handler, copy);
	rc_coprocess_kill(&copy->process);
}

/* ---- verdicts ---- */

static bool
has_job(const struct rc_copy *copy, const struct rc_job *job)
{
	const struct rc_job *one = copy->given.first;

	while (one != NULL && one != job)
		one = one->next;
	return one != NULL;
}

static void
take_line(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy, const char *line, size_t length)
{
	struct rc_verdict_line verdict;
	const char *wrong = rc_verdict_read(&verdict, line, length);
	struct rc_job *job = NULL;

	copy->line++;
	if (wrong != NULL) {
		rc_warn("%s: line %lu of its output is no verdict: %s", handler->name, copy->line, wrong);
		end_copy(handler, copy, "wrote what is no verdict: %s", wrong);
		return;
	}
	job = rc_job_find(handlers->index, verdict.id, strlen(verdict.id));
	if (job == NULL || !has_job(copy, job)) {
		rc_warn("%s: line %lu of its output: it has no job %s now", handler->name, copy->line, verdict.id);
	} else {
		job->after = verdict.after;
		answer(handlers, copy, job, verdict.verdict, verdict.error);
		handler->faults = 0;
		copy->active = rc_clock_ms();
	}
	free(verdict.error);
}

static void
take_output(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	struct rc_buf *from = &copy->process.from;
	size_t start = 0;
	char *newline;

	if (handlers->rules.exec) {
		if (from->length > OUTPUT_MAX)
			from->length = OUTPUT_MAX;	/* what it writes is for the error, where there is one */
		return;
	}
	while (copy->fault == NULL && from->length > start && (newline = memchr(from->bytes + start, '\n', from->length - start)) != NULL) {
		take_line(handlers, handler, copy, from->bytes + start, (size_t)(newline - (from->bytes + start)));
		start = (size_t)(newline + 1 - from->bytes);
	}
	from->length -= start;
	memmove(from->bytes, from->bytes + start, from->length);
	if (copy->fault != NULL)
		from->length = 0;
	else if (from->length > LINE_MAX_BYTES)
		end_copy(handler, copy, "wrote a line of more than %d bytes", LINE_MAX_BYTES);
}

/* Reads once; whether there may be more. */
static bool
read_copy(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	size_t before = copy->process.from.length;
	bool open = rc_coprocess_read(&copy->process), more = copy->process.from.length > before;

	if (more)
		take_output(handlers, handler, copy);
	if (!open && copy->closed == 0) {
		copy->closed = rc_clock_ms();
		stop_using(handler, copy);	/* it is about to end, or look_after() ends it */
	}
	return open && more;
}

/* Writes, and ends the input where no more will come. */
static void
write_copy(const struct rc_handlers *handlers, struct rc_copy *copy)
{
	if (!rc_coprocess_write(&copy->process) && (copy->ending || handlers->rules.exec))
		rc_coprocess_close_input(&copy->process);
}

/* ---- giving ---- */

/* The copy that the next job can go to, started if need be; NULL where none has room. */
static struct rc_copy *
find_copy(struct rc_handlers *handlers, struct rc_handler *handler, const struct rc_job *job)
{
	const struct rc_handler_rules *rules = &handlers->rules;
	struct rc_copy *best = NULL;

	for (struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
		if (!copy->ending && (best == NULL || copy->given.count < best->given.count))
			best = copy;
	if ((best == NULL || best->given.count > 0) && handler->running < rules->copies && rc_clock_ms() >= handler->again)
		return start_copy(handlers, handler);
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
	copy->ending = handlers->rules.exec;	/* it is one that runs until it ends, but gets no other job */
}

/* A copy that has jobs and says nothing for too long. */
static void
look_after(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy, long long now)
{
	const struct rc_handler_rules *rules = &handlers->rules;

	if (copy->given.count == 0 || copy->fault != NULL)
		return;
	if (copy->closed != 0 && !rules->exec && now - copy->closed >= LOOK_EVERY) {
		end_copy(handler, copy, "closed its standard output");
	} else if (rules->job_timeout > 0 && now - copy->active >= rules->job_timeout) {
		end_copy(handler, copy, "gave no verdict within %g s", (double)rules->job_timeout / 1000);
	} else if (!rules->exec && !copy->ending && now - copy->active >= rules->stall) {
		if (!handler->warned)
			rc_warn("%s: no verdict for %g s; where it holds its output back (jq without --unbuffered, a C program without "
			    "setvbuf) an end of input brings it out, so it gets one, and a new copy is started for what comes",
			    handler->name, (double)rules->stall / 1000);
		handler->warned = true;
		stop_using(handler, copy);
		write_copy(handlers, copy);
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
			write_copy(handlers, copy);
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
	return handlers->given > 0 && (wait < 0 || wait > LOOK_EVERY) ? LOOK_EVERY : wait;
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
				read_copy(handlers, handler, copy);
			if (copy->in_index >= 0 && ready[copy->in_index].revents != 0)
				write_copy(handlers, copy);
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
			while (read_copy(handlers, handler, copy))
				continue;	/* but not until its end: a process that it left behind may hold it open */
			if (handlers->rules.exec)
				handler->running--;
			finish(handlers, handler, copy);
		}
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
				stop_using(handler, copy);
			write_copy(handlers, copy);
		}
}

void
rc_handlers_stop(struct rc_handlers *handlers)
{
	handlers->stopping = true;
	for (struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		give_back_waiting(handlers, handler);
	rc_handlers_drain(handlers);
}

void
rc_handlers_end(struct rc_handlers *handlers)
{
	struct rc_handler *handler;

	while ((handler = handlers->first) != NULL) {
		struct rc_copy *copy;

		give_back_waiting(handlers, handler);
		while ((copy = handler->copies) != NULL) {
			rc_coprocess_kill(&copy->process);
			if (copy->process.pid > 0)
				waitpid(copy->process.pid, &copy->process.status, 0);
			while (copy->given.count > 0)
				answer(handlers, copy, copy->given.first, RC_VERDICT_BACK, NULL);
			finish(handlers, handler, copy);
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

	for (const struct rc_handler *handler = handlers->first; handler != NULL; handler = handler->next)
		for (const struct rc_copy *copy = handler->copies; copy != NULL; copy = copy->next)
			for (const struct rc_job *job = copy->given.first; job != NULL; job = job->next)
				rc_warn("in flight: job %s (%s), attempt %d, for %lld ms", job->id, job->type, job->attempts + 1, now - job->given);
}

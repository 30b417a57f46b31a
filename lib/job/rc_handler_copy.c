#include "rc_handler_copy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_utf8.h"
#include "rc_verdict.h"

enum { FAULT_WAIT = 100, FAULT_WAIT_MOST = 5000, GIVE_BACK_FROM = 1000, OUTPUT_MAX = 1 << 20, LINE_MAX_BYTES = 16 << 20 };
enum { EXEC_FAILED = 100 };

/* ---- faults ---- */

void
rc_handler_give_back(struct rc_handlers *handlers, struct rc_handler *handler)
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
		rc_handler_give_back(handlers, handler);
}

void
rc_copy_answer(struct rc_handlers *handlers, struct rc_copy *copy, struct rc_job *job, enum rc_verdict verdict, const char *error)
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
		rc_copy_answer(handlers, copy, copy->given.first, RC_VERDICT_DONE, NULL);
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
	rc_copy_answer(handlers, copy, copy->given.first,
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
		rc_copy_answer(handlers, copy, copy->given.first, RC_VERDICT_RETRY, rc_buf_text(&text));
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
		rc_handler_give_back(handlers, handler);
}

/* ---- copies ---- */

struct rc_copy *
rc_copy_start(struct rc_handlers *handlers, struct rc_handler *handler)
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
	if (handler->faults == 0)
		rc_warn("%s", rc_buf_text(&text) + strlen("HandlerError: "));
	rc_job_judge(job, rc_err_class(copy->process.failure) == RC_RETRY ? RC_VERDICT_BACK : RC_VERDICT_RETRY, rc_buf_text(&text));
	rc_job_append(&handlers->answered, job);
	rc_buf_free(&text);
	free(copy);
	note_fault(handlers, handler);
	return NULL;
}

void
rc_copy_stop_using(struct rc_copy *copy)
{
	if (copy->ending == 0)
		copy->ending = rc_clock_ms();
}

void
rc_copy_finish(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	struct rc_copy **link = &handler->copies;

	handler->running--;
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

void
rc_copy_end(struct rc_copy *copy, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (copy->fault == NULL)
		copy->fault = rc_strndup(text, strlen(text));
	rc_copy_stop_using(copy);
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
		rc_copy_end(copy, "wrote what is no verdict: %s", wrong);
		return;
	}
	job = rc_job_find(handlers->index, verdict.id, strlen(verdict.id));
	if (job == NULL || !has_job(copy, job)) {
		rc_warn("%s: line %lu of its output: it has no job %s now", handler->name, copy->line, verdict.id);
	} else {
		job->after = verdict.after;
		rc_copy_answer(handlers, copy, job, verdict.verdict, verdict.error);
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
		rc_copy_end(copy, "wrote a line of more than %d bytes", LINE_MAX_BYTES);
}

bool
rc_copy_read(struct rc_handlers *handlers, struct rc_handler *handler, struct rc_copy *copy)
{
	size_t before = copy->process.from.length;
	bool open = rc_coprocess_read(&copy->process), more = copy->process.from.length > before;

	if (more)
		take_output(handlers, handler, copy);
	if (!open && copy->closed == 0) {
		copy->closed = rc_clock_ms();
		rc_copy_stop_using(copy);	/* it is about to end, or look_after() ends it */
	}
	return open && more;
}

void
rc_copy_write(struct rc_copy *copy)
{
	if (!rc_coprocess_write(&copy->process) && copy->ending != 0)
		rc_coprocess_close_input(&copy->process);
}

#include "rc_feed.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "rc_clock.h"
#include "rc_coprocess.h"
#include "rc_err.h"

enum { LOOK = 1000 };	/* ms: a process of its own that lives on with its output must not keep us waiting */

enum { SIGNALS, IN, OUT, POLLED };

/* Waits until there is something to do, LOOK at most. */
static void
wait_for(const struct rc_coprocess *process, int signals, bool has_more, long left, struct pollfd ready[POLLED])
{
	ready[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
	ready[IN] = (struct pollfd){ .fd = has_more ? process->in : -1, .events = POLLOUT };
	ready[OUT] = (struct pollfd){ .fd = process->out, .events = POLLIN };
	poll(ready, POLLED, left >= 0 && left < LOOK ? (int)left : LOOK);
}

/* What it has written so far goes out at once: what a worker says should not wait for the end of its work. */
static void
pass_on(struct rc_coprocess *process, struct rc_output *output)
{
	size_t length;

	do {
		rc_coprocess_read(process);
		length = process->from.length;
		if (length > 0)
			rc_output_text(output, process->from.bytes, length);
		process->from.length = 0;
	} while (length > 0);
	rc_output_flush(output);
}

static enum rc_fed
judge(const struct rc_coprocess *process)
{
	if (WIFSIGNALED(process->status) || WEXITSTATUS(process->status) == RC_RETRY)
		return RC_FED_RETRY;
	return WEXITSTATUS(process->status) == 0 ? RC_FED_DONE : RC_FED_FAILED;
}

enum rc_fed
rc_feed(char *const command[], struct rc_buf *records, struct rc_output *output, long limit,
    int signals, bool (*told)(void), struct rc_buf *words)
{
	struct rc_coprocess process;
	struct pollfd ready[POLLED];
	long long until = rc_clock_ms() + limit;
	bool is_late = false, is_ended = false;
	enum rc_fed found;

	if (!rc_coprocess_start(&process, command)) {
		rc_coprocess_add_end(&process, words);
		return RC_FED_FAILED;
	}
	process.to = *records;
	*records = (struct rc_buf){0};
	for (;;) {
		bool has_more = rc_coprocess_write(&process), has_ended;

		if (!has_more)
			rc_coprocess_close_input(&process);
		has_ended = rc_coprocess_ended(&process);	/* before its output is read, so that all of that is there */
		pass_on(&process, output);
		if (has_ended)
			break;
		wait_for(&process, signals, has_more, limit == 0 ? -1 : (long)(until - rc_clock_ms()), ready);
		if (ready[SIGNALS].revents != 0 && told())
			is_ended = true;
		if (limit != 0 && rc_clock_ms() >= until)
			is_late = true;
		if (is_late || is_ended)
			rc_coprocess_kill(&process);
	}
	if (is_late)
		rc_buf_printf(words, "took longer than %ld ms", limit);
	else
		rc_coprocess_add_end(&process, words);
	found = is_late ? RC_FED_FAILED : is_ended ? RC_FED_ENDED : judge(&process);
	rc_coprocess_free(&process);
	return found;
}

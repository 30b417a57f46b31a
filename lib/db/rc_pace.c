#include "rc_pace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_opt.h"
#include "rc_signal.h"
#include "rc_utf8.h"

enum { FIRST_REST = 20, LONGEST_REST = 1000 };	/* ms from one look to the next while it waits */
enum { TELL_LAG = 1000, TELL_RATE = 10000 };	/* ms: a wait of that length is told */
enum { A_SECOND = 1000, LINE_SIZE = 1024 };

enum why { NOT = 0, PAUSED, LAG, RATE };

/* ---- what signals print ---- */

/*
 * A line is made while all is at rest, and a handler only writes it; the one that
 * is in use is never written to.
 */
struct line {
	char texts[2][LINE_SIZE];
	size_t lengths[2];
	volatile sig_atomic_t current;
};

static struct line progress, standing;
static struct rc_pace *the_pace;	/* for the exit hook */

/* TEXT is NULL where there is nothing to print. */
static void
set_line(struct line *line, const char *text)
{
	int other = !line->current, length = 0;
	char visible[LINE_SIZE - 256];

	if (text != NULL) {
		rc_utf8_visible(text, strlen(text), visible, sizeof visible);
		length = snprintf(line->texts[other], LINE_SIZE, "%.200s: %s\n", rc_err_speaker(), visible);
	}
	line->lengths[other] = length < 0 ? 0 : (size_t)length;
	line->current = other;
}

static void
write_line(const struct line *line)
{
	int error = errno;

	if (write(STDERR_FILENO, line->texts[line->current], line->lengths[line->current]) < 0)
		errno = error;	/* there is no one left to tell */
	errno = error;
}

static void
tell_progress(int signal_number)
{
	(void)signal_number;
	write_line(&progress);
}

static void
tell_standing_at_signal(void)
{
	write_line(&standing);
}

/* What is committed stays, whatever ends the process. */
static void
print_standing(const struct rc_pace *pace, struct rc_buf *text)
{
	rc_buf_printf(text, "%llu %s were committed in %llu batch%s, and stay; the same call goes on from there", pace->done, pace->unit,
	    pace->batches, pace->batches == 1 ? "" : "es");
}

static void
tell_standing_at_exit(int code)
{
	struct rc_buf text = {0};

	if (code == RC_OK || the_pace == NULL || the_pace->batches == 0)
		return;
	print_standing(the_pace, &text);
	rc_warn("%s", rc_buf_text(&text));
	rc_buf_free(&text);
}

static void
hear_signals(void)
{
	struct sigaction action = { .sa_handler = tell_progress, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	rc_at_signal(tell_standing_at_signal);
	rc_at_exit(tell_standing_at_exit);
}

/* ---- words ---- */

static void
add_size(struct rc_buf *text, unsigned long long bytes)
{
	char size[RC_SIZE_TEXT];

	rc_size_text(size, bytes);
	rc_buf_add_text(text, size);
}

static void
add_lag(const struct rc_pace *pace, struct rc_buf *text)
{
	const struct rc_lag *lag = &pace->lag;

	if (lag->known)
		rc_buf_printf(text, "%.1f s, ", (double)lag->ms / A_SECOND);
	else
		rc_buf_printf(text, "more than %.1f s, ", (double)lag->ms / A_SECOND);
	add_size(text, lag->bytes);
}

static void
add_why(const struct rc_pace *pace, enum why why, struct rc_buf *text)
{
	switch (why) {
	case NOT:
		break;
	case PAUSED:
		rc_buf_printf(text, "paused: %s exists", pace->pause_file);
		break;
	case LAG:
		rc_buf_printf(text, "waiting for the standby %s, which is %sbehind by ", pace->lag.slowest, pace->lag.gone ? "gone and " : "");
		add_lag(pace, text);
		break;
	case RATE:
		rc_buf_add_text(text, "waiting for the server's WAL to come down to ");
		add_size(text, pace->max_rate);
		rc_buf_add_text(text, "/s");
		break;
	}
}

/* Makes the lines anew; WHY is what it waits for. */
static void
make_lines(const struct rc_pace *pace, enum why why)
{
	long long passed = rc_clock_ms() - pace->start;
	struct rc_buf text = {0};

	rc_buf_printf(&text, "%llu", pace->done);
	if (pace->total > 0)
		rc_buf_printf(&text, " of %llu", pace->total);
	rc_buf_printf(&text, " %s", pace->unit);
	if (strcmp(pace->unit, "rows") != 0)
		rc_buf_printf(&text, ", %llu rows", pace->rows);
	rc_buf_printf(&text, " in %llu batches of up to %ld, %.0f/s", pace->batches, pace->size,
	    passed > 0 ? (double)pace->done * A_SECOND / (double)passed : 0.0);
	if (pace->max_rate > 0 || pace->lag.standbys) {
		rc_buf_add_text(&text, ", WAL ");
		add_size(&text, (unsigned long long)pace->rate);
		rc_buf_add_text(&text, "/s");
	}
	if (pace->lag.slowest != NULL) {
		rc_buf_add_text(&text, ", lag ");
		add_lag(pace, &text);
	}
	rc_buf_add_text(&text, why == NOT ? ", at work" : ", ");
	add_why(pace, why, &text);
	set_line(&progress, rc_buf_text(&text));
	text.length = 0;
	print_standing(pace, &text);
	set_line(&standing, pace->batches > 0 ? rc_buf_text(&text) : NULL);
	rc_buf_free(&text);
}

/* ---- options ---- */

void
rc_pace_take_max_lag(struct rc_pace *pace, const char *argument)
{
	pace->max_lag = 0;
	pace->max_lag_bytes = 0;
	if (!rc_parse_size(argument, &pace->max_lag_bytes) && !rc_parse_duration(argument, &pace->max_lag))
		rc_usage("--max-lag takes a duration such as 10s or a size such as 64MB, not '%s'", argument);
	if (pace->max_lag == 0 && pace->max_lag_bytes == 0)
		rc_usage("--max-lag must be more than 0");
}

void
rc_pace_take_max_wal_rate(struct rc_pace *pace, const char *argument)
{
	if (!rc_parse_size(argument, &pace->max_rate))
		rc_usage("--max-wal-rate takes a size such as 16MB, not '%s'", argument);
	if (pace->max_rate == 0)
		rc_usage("--max-wal-rate must be more than 0");
}

void
rc_pace_take_pause_file(struct rc_pace *pace, const char *argument)
{
	if (*argument == '\0')
		rc_usage("--pause-file needs the name of a file");
	pace->pause_file = argument;
}

bool
rc_pace_is_wanted(const struct rc_pace *pace)
{
	return pace->max_lag > 0 || pace->max_lag_bytes > 0 || pace->max_rate > 0 || pace->pause_file != NULL;
}

/* ---- looking ---- */

static bool
pause_file_exists(const struct rc_pace *pace)
{
	struct stat stat;

	if (pace->pause_file == NULL)
		return false;
	if (lstat(pace->pause_file, &stat) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTDIR)
		rc_die(rc_err_class(errno), "cannot look for %s: %s", pace->pause_file, strerror(errno));
	return false;
}

static void
look(struct rc_pace *pace)
{
	long long passed;

	if (pace->max_rate == 0 && !pace->lag.standbys) {	/* still, that the session is there, and does not seem idle */
		PQclear(rc_session_query(pace->lag.session, "the session", "select", NULL));
		return;
	}
	rc_lag_look(&pace->lag);
	if (pace->batches > 0 && (passed = pace->lag.moment - pace->begin.moment) > 0)
		pace->rate = (double)(pace->lag.wal - pace->begin.wal) * A_SECOND / (double)passed;
	if (pace->lag.standbys && pace->lag.slowest == NULL && !pace->told_none) {
		rc_warn("no standby is connected, so --max-lag has nothing to wait for");
		pace->told_none = true;
	}
}

static bool
lags(const struct rc_pace *pace)
{
	const struct rc_lag *lag = &pace->lag;

	if (lag->slowest == NULL)
		return false;
	return pace->max_lag_bytes > 0 ? lag->bytes > pace->max_lag_bytes : !lag->known || lag->ms > pace->max_lag;
}

static enum why
why_not_yet(const struct rc_pace *pace)
{
	if (pause_file_exists(pace))
		return PAUSED;
	if (lags(pace))
		return LAG;
	if (pace->max_rate > 0 && pace->batches > 0 && pace->rate > (double)pace->max_rate)
		return RATE;
	return NOT;
}

/* ---- waiting ---- */

/* How long it will take until the average is down to the rate, if nothing more is written. */
static double
ms_to_rate(const struct rc_pace *pace)
{
	double all = (double)(pace->lag.wal - pace->begin.wal) * A_SECOND / (double)pace->max_rate;

	return all - (double)(pace->lag.moment - pace->begin.moment);
}

static void
rest(const struct rc_pace *pace, enum why why, long *ms)
{
	double wanted = why == RATE ? ms_to_rate(pace) + 1 : (double)*ms;
	long now = wanted < LONGEST_REST ? (long)wanted : LONGEST_REST;
	struct timespec time = { .tv_sec = now / A_SECOND, .tv_nsec = now % A_SECOND * 1000000 };

	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
	if ((*ms *= 2) > LONGEST_REST)
		*ms = LONGEST_REST;
}

/* Tells why it waits: a pause at once, else what takes its time. */
static void
tell(struct rc_pace *pace, enum why why, long long since)
{
	struct rc_buf text = {0};

	if (pace->told == (int)why)
		return;
	if (why == LAG && rc_clock_ms() - since < TELL_LAG)
		return;
	if (why == RATE && (pace->told_rate || ms_to_rate(pace) < TELL_RATE))
		return;
	add_why(pace, why, &text);
	rc_warn("%s", rc_buf_text(&text));
	pace->told = (int)why;
	if (why == RATE)
		pace->told_rate = true;
	rc_buf_free(&text);
}

void
rc_pace_wait(struct rc_pace *pace)
{
	long long since = rc_clock_ms();
	long ms = FIRST_REST;
	enum why why;

	for (look(pace); (why = why_not_yet(pace)) != NOT; look(pace)) {
		make_lines(pace, why);
		tell(pace, why, since);
		rest(pace, why, &ms);
	}
	if (pace->told != NOT)
		rc_warn("goes on after %.1f s", (double)(rc_clock_ms() - since) / A_SECOND);
	pace->told = NOT;
	make_lines(pace, NOT);
	pace->begin.moment = rc_clock_ms();
	pace->begin.wal = pace->lag.wal;
}

/* ---- batches ---- */

void
rc_pace_open(struct rc_pace *pace, const char *unit, long most)
{
	pace->unit = unit;
	pace->size = pace->most = most;
	pace->start = rc_clock_ms();
	make_lines(pace, NOT);
	the_pace = pace;
	hear_signals();
}

void
rc_pace_start(struct rc_pace *pace, struct rc_session *session)
{
	pace->start = rc_clock_ms();
	pace->lag.session = session;
	pace->lag.standbys = pace->max_lag > 0 || pace->max_lag_bytes > 0;
	look(pace);
}

/* What a batch of COUNT has cost in MS decides on the size of the next one. */
static void
adapt(struct rc_pace *pace, unsigned long long count, long long ms)
{
	double wal = (double)(pace->lag.wal - pace->begin.wal), cost = 0;	/* as a part of what a batch may cost */

	if (pace->max_rate > 0)
		cost = wal / (double)pace->max_rate;
	if (pace->max_lag_bytes > 0 && wal * 2 / (double)pace->max_lag_bytes > cost)
		cost = wal * 2 / (double)pace->max_lag_bytes;
	if (pace->max_lag > 0) {
		long may = pace->max_lag / 2 < A_SECOND ? pace->max_lag / 2 + 1 : A_SECOND;

		if ((double)ms / (double)may > cost)
			cost = (double)ms / (double)may;
	}
	if (cost > 1)
		pace->size = count < 2 ? 1 : (long)(count / 2);
	else if (cost < 0.25 && count >= (unsigned long long)pace->size)
		pace->size = pace->size < pace->most / 2 ? pace->size * 2 : pace->most;
}

void
rc_pace_done(struct rc_pace *pace, unsigned long long count, unsigned long long rows)
{
	long long ms = rc_clock_ms() - pace->begin.moment;

	pace->done += count;
	pace->rows += rows;
	pace->batches++;
	make_lines(pace, NOT);
	rc_signal_release();
	look(pace);
	adapt(pace, count, ms);
}

void
rc_pace_end(struct rc_pace *pace)
{
	the_pace = NULL;
	set_line(&progress, NULL);
	set_line(&standing, NULL);
	rc_lag_free(&pace->lag);
}

/*
 * many-connections - several connections of lib/db at once in one poll(2), for t/connection.bats
 *
 * usage: many-connections SILENT_PORT SQL ...
 *
 * Logs in once for each SQL by the environment, and once to 127.0.0.1 at
 * SILENT_PORT, where no one answers.  Prints a line for each as it ends: its
 * number, how, the first value or the words, and after how many tenths of a
 * second.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "rc_clock.h"
#include "rc_connection.h"
#include "rc_login.h"

enum { MAX = 16 };

struct worker {
	struct rc_connection connection;
	const char *sql;
	bool sent, over;
	struct rc_answer answer;
};

static long long began;

/* Goes on with one as far as it can; prints how it has ended. */
static void
go_on(struct worker *worker, int number)
{
	static const char *const names[] = { "busy", "ready", "failed" };
	static const struct rc_parameters none = {0};
	enum rc_progress progress = rc_connection_login(&worker->connection);

	if (progress == RC_READY && !worker->sent) {
		rc_connection_send(&worker->connection, worker->sql, &none);
		worker->sent = true;
	}
	if (progress == RC_READY)
		progress = rc_connection_answer(&worker->connection, &worker->answer);
	if (progress == RC_BUSY)
		return;
	printf("%d %s %s %lld\n", number, names[progress], progress == RC_FAILED ? worker->connection.failure.words.bytes :
	    rc_result_is_good(worker->answer.result) ? rc_result_text(worker->answer.result, 0, 0) : rc_result_words(worker->answer.result),
	    (rc_clock_ms() - began) / 100);
	worker->over = true;
	PQclear(worker->answer.result);
	rc_connection_close(&worker->connection);
}

int
main(int argc, char *argv[])
{
	static struct worker workers[MAX];
	static const struct rc_login_limits limits = { .address = 300 };
	struct rc_settings settings = {0}, silent = {0};
	int count = argc - 1, left = count;

	if (count < 1 || count > MAX)
		return RC_FATAL;
	began = rc_clock_ms();
	rc_login_read(&settings);
	rc_settings_set(&silent, "host", "127.0.0.1");
	rc_settings_set(&silent, "port", argv[1]);
	for (int i = 0; i < count; i++) {
		workers[i].sql = argv[i + 1];
		rc_connection_start(&workers[i].connection, i == 0 ? &silent : &settings, &limits);
	}
	while (left > 0) {
		struct pollfd ready[MAX];
		long long wait = 60000;

		left = 0;
		for (int i = 0; i < count; i++) {
			struct rc_connection *connection = &workers[i].connection;

			if (!workers[i].over)
				go_on(&workers[i], i);
			ready[i] = (struct pollfd){ .fd = -1 };
			if (workers[i].over)
				continue;
			left++;
			ready[i] = (struct pollfd){ .fd = PQsocket(connection->libpq), .events = connection->events };
			if (connection->deadline != 0 && connection->deadline - rc_clock_ms() < wait)
				wait = connection->deadline - rc_clock_ms();
		}
		if (left > 0)
			poll(ready, (nfds_t)count, wait < 0 ? 0 : (int)wait);
	}
	rc_settings_wipe(&settings);
	rc_settings_wipe(&silent);
	return 0;
}

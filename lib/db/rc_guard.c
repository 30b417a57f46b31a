#include "rc_guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "rc_child.h"
#include "rc_err.h"

enum { ROLLBACK_FOR = 5000 };	/* ms */

int
rc_guard_run(struct rc_session *session, char *command[], const char *held)
{
	struct rc_child child = { .ends_with_us = SIGTERM };
	struct pollfd ready[] = { { .events = POLLIN }, { .fd = PQsocket(session->connection.libpq), .events = POLLIN } };
	bool lost = false;
	PGresult *ignored;

	rc_child_start(&child, command);
	ready[0].fd = child.signals;
	while (!rc_child_look(&child)) {
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			rc_die(RC_RETRY, "poll: %s", strerror(errno));
		if (ready[1].revents != 0 && !rc_connection_is_alive(&session->connection)) {
			rc_warn("the connection and with it %s is lost; ending the command", held);
			rc_child_kill(&child, SIGTERM);
			lost = true;
			ready[1].fd = -1;
		}
	}
	rc_connection_ask(&session->connection, "rollback", ROLLBACK_FOR, &ignored);	/* whatever becomes of it, the command's status stands */
	PQclear(ignored);
	rc_session_close(session);
	return lost ? RC_RETRY : rc_child_code(&child);
}

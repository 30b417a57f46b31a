#define _GNU_SOURCE	/* pipe2(2), F_SETPIPE_SZ */
#include "rc_coprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"

enum { PIPE_SIZE = 1 << 20, READ_SIZE = 256 * 1024 };

/* In the child, which has our memory and stops us until it is another program: only system calls. */
static _Noreturn void
become(char *const command[], int in, int out, pid_t parent, volatile int *error)
{
	sigset_t none;

	sigemptyset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* whoever takes its jobs over must not run beside it */
	if (getppid() != parent)
		raise(SIGKILL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	*error = errno;
	_exit(127);
}

static bool
can_run(const char *path)
{
	struct stat stat;

	if (access(path, X_OK) != 0 || fstatat(AT_FDCWD, path, &stat, 0) != 0)
		return false;
	errno = EACCES;		/* as execve(2) says of a folder */
	return S_ISREG(stat.st_mode);
}

bool
rc_coprocess_can_run(const char *program)
{
	const char *folder = getenv("PATH");
	struct rc_buf path = {0};
	bool can = false;
	int why = ENOENT;

	if (strchr(program, '/') != NULL)
		return can_run(program);
	if (folder == NULL)
		folder = "/bin:/usr/bin";
	for (size_t length; !can && *program != '\0'; folder += length + 1) {
		length = strcspn(folder, ":");
		path.length = 0;
		rc_buf_add(&path, folder, length);
		rc_buf_printf(&path, "%s%s", length == 0 ? "" : "/", program);
		can = can_run(rc_buf_text(&path));
		if (!can && errno == EACCES)
			why = EACCES;
		if (folder[length] == '\0')
			break;
	}
	rc_buf_free(&path);
	errno = why;
	return can;
}

bool
rc_coprocess_start(struct rc_coprocess *process, char *const command[])
{
	int in[2], out[2];
	volatile int error = 0;
	pid_t parent = getpid(), pid;

	*process = (struct rc_coprocess){ .in = -1, .out = -1 };
	if (pipe2(in, O_CLOEXEC) != 0) {
		process->failure = errno;
		return false;
	}
	if (pipe2(out, O_CLOEXEC) != 0) {
		process->failure = errno;
		close(in[0]);
		close(in[1]);
		return false;
	}
	fcntl(in[1], F_SETPIPE_SZ, PIPE_SIZE);	/* where that is more than a user may have, it stays as it is */
	if ((pid = vfork()) == 0)
		become(command, in[0], out[1], parent, &error);
	if (pid < 0)
		error = errno;
	close(in[0]);
	close(out[1]);
	if (error != 0) {
		process->failure = error;
		close(in[1]);
		close(out[0]);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return false;
	}
	process->pid = pid;
	process->in = in[1];
	process->out = out[0];
	fcntl(process->in, F_SETFL, O_NONBLOCK);
	fcntl(process->out, F_SETFL, O_NONBLOCK);
	return true;
}

bool
rc_coprocess_write(struct rc_coprocess *process)
{
	struct rc_buf *to = &process->to;
	ssize_t n;

	while (process->in >= 0 && process->taken < to->length) {
		n = write(process->in, to->bytes + process->taken, to->length - process->taken);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {	/* it does not read any more; its end will be seen */
			close(process->in);
			process->in = -1;
			break;
		}
		process->taken += (size_t)n;
	}
	process->taken = to->length = 0;
	if (to->room > READ_SIZE)
		rc_buf_free(to);
	return false;
}

void
rc_coprocess_close_input(struct rc_coprocess *process)
{
	if (process->in >= 0)
		close(process->in);
	process->in = -1;
}

bool
rc_coprocess_read(struct rc_coprocess *process)
{
	struct rc_buf *from = &process->from;
	ssize_t n;

	if (process->out < 0)
		return false;
	do {
		rc_buf_reserve(from, READ_SIZE + 1 + RC_COPROCESS_PAD);
		n = read(process->out, from->bytes + from->length, from->room - from->length - 1 - RC_COPROCESS_PAD);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0) {
		close(process->out);
		process->out = -1;
		return false;
	}
	from->length += (size_t)n;
	return true;
}

bool
rc_coprocess_ended(struct rc_coprocess *process)
{
	if (process->pid > 0 && waitpid(process->pid, &process->status, WNOHANG) == process->pid)
		process->pid = 0;
	return process->pid == 0;
}

void
rc_coprocess_kill(struct rc_coprocess *process)
{
	if (process->pid > 0)
		kill(-process->pid, SIGKILL);
}

void
rc_coprocess_free(struct rc_coprocess *process)
{
	rc_coprocess_close_input(process);
	if (process->out >= 0)
		close(process->out);
	rc_buf_free(&process->to);
	rc_buf_free(&process->from);
}

void
rc_coprocess_add_end(const struct rc_coprocess *process, struct rc_buf *text)
{
	if (process->failure != 0)
		rc_buf_printf(text, "cannot be run: %s", strerror(process->failure));
	else if (WIFSIGNALED(process->status))
		rc_buf_printf(text, "ended by signal %d", WTERMSIG(process->status));
	else
		rc_buf_printf(text, "ended with exit status %d", WEXITSTATUS(process->status));
}

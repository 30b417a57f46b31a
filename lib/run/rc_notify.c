#include "rc_notify.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_clock.h"
#include "rc_err.h"
#include "rc_sealed.h"

#if __has_include(<curl/curl.h>)
#include <curl/curl.h>
#define HAS_CURL 1
#else
#define HAS_CURL 0
#endif

int
rc_notify_wait(pid_t pid, long limit)
{
	const struct timespec a_moment = { 0, 5000000 };
	long long end = rc_clock_ms() + limit;
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (rc_clock_ms() >= end) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&a_moment, NULL);
	}
	return status;
}

void
rc_notify_shell(const char *code, const char *text, size_t length, const sigset_t *mask, long limit)
{
	int fd = rc_sealed("rc-record", text, length), status;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, mask, NULL);
		signal(SIGXFSZ, SIG_DFL);
		if (lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO)
			execl("/bin/sh", "sh", "-c", code, (char *)NULL);
		_exit(126);
	}
	close(fd);
	if (pid < 0)
		rc_warn("cannot start the command of --on-failure: %s", strerror(errno));
	else if ((status = rc_notify_wait(pid, limit)) == -1)
		rc_warn("the command of --on-failure was ended after %ld ms", limit);
	else if (status != 0)
		rc_warn("the command of --on-failure failed");
}

#if HAS_CURL
static size_t
forget(char *bytes, size_t size, size_t n, void *context)
{
	(void)bytes, (void)context;
	return size * n;
}

/* The functions of libcurl that we call; it is no part of this program, since few runs ping and loading it takes longer than they do. */
struct curl_calls {
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_perform)(CURL *);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	const char *(*easy_strerror)(CURLcode);
};

static bool
load(struct curl_calls *calls)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW);

	if (library == NULL)
		return false;
	/* POSIX lets a pointer to data hold one to a function, ISO C does not. */
	*(void **)&calls->easy_init = dlsym(library, "curl_easy_init");
	*(void **)&calls->easy_setopt = dlsym(library, "curl_easy_setopt");
	*(void **)&calls->easy_perform = dlsym(library, "curl_easy_perform");
	*(void **)&calls->easy_getinfo = dlsym(library, "curl_easy_getinfo");
	*(void **)&calls->easy_strerror = dlsym(library, "curl_easy_strerror");
	return calls->easy_init != NULL && calls->easy_setopt != NULL && calls->easy_perform != NULL && calls->easy_getinfo != NULL &&
	    calls->easy_strerror != NULL;
}

static void
ping(const char *url, long limit)
{
	struct curl_calls calls;
	CURL *curl;
	CURLcode code;
	long status = 0;

	if (!load(&calls) || (curl = calls.easy_init()) == NULL) {
		rc_warn("no ping: libcurl is not there (package libcurl4)");
		return;
	}
	calls.easy_setopt(curl, CURLOPT_URL, url);
	calls.easy_setopt(curl, CURLOPT_TIMEOUT_MS, limit);
	calls.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	calls.easy_setopt(curl, CURLOPT_WRITEFUNCTION, forget);
	calls.easy_setopt(curl, CURLOPT_USERAGENT, "rc-run");
	if ((code = calls.easy_perform(curl)) != CURLE_OK)
		rc_warn("the ping failed: %s", calls.easy_strerror(code));
	else if (calls.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 400)
		rc_warn("the ping failed: status %ld", status);
}
#else
static void
ping(const char *url, long limit)
{
	(void)url, (void)limit;
	rc_warn("no ping: built without libcurl (package libcurl4-openssl-dev)");
}
#endif

pid_t
rc_notify_ping(const char *url, long limit)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		ping(url, limit);
		_exit(0);
	}
	if (pid < 0)
		rc_warn("cannot start the ping: %s", strerror(errno));
	return pid;
}

void
rc_notify_service(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path == NULL ? 0 : strlen(path);
	int fd;

	if (length == 0 || length >= sizeof address.sun_path || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return;
	memcpy(address.sun_path, path, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		rc_warn("cannot notify the service manager: %s", strerror(errno));
	close(fd);
}

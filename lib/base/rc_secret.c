#include "rc_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

enum { SECRET_MAX = 64 * 1024 * 1024 };

static void
take_newline_off(struct rc_secret *secret)
{
	if (secret->length > 0 && secret->bytes[secret->length - 1] == '\n') {
		secret->length--;
		if (secret->length > 0 && secret->bytes[secret->length - 1] == '\r')
			secret->length--;
	}
	secret->bytes[secret->length] = '\0';
}

/* Refuses what can't be a secret. */
static void
check(const char *name, const struct rc_secret *secret, bool may_be_empty)
{
	if (secret->length == 0 && !may_be_empty)
		rc_die(RC_FATAL, "%s: the secret is empty", name);
	if (memchr(secret->bytes, '\0', secret->length) != NULL)
		rc_die(RC_FATAL, "%s: the secret holds a NUL", name);
}

static void
read_descriptor(int fd, const char *name, struct rc_secret *secret, bool may_be_empty)
{
	size_t room = 256;

	*secret = (struct rc_secret){ .bytes = rc_alloc(room) };
	for (;;) {
		ssize_t n;

		if (secret->length + 1 == room) {
			/* Not realloc: it may leave a copy behind that nothing wipes. */
			char *larger = rc_alloc(room * 2);

			memcpy(larger, secret->bytes, secret->length);
			rc_wipe(secret->bytes, room);
			free(secret->bytes);
			secret->bytes = larger;
			room *= 2;
		}
		n = read(fd, secret->bytes + secret->length, room - secret->length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc_die(rc_err_class(errno), "%s: cannot read the secret: %s", name, strerror(errno));
		if (n == 0)
			break;
		secret->length += (size_t)n;
		if (secret->length > SECRET_MAX)
			rc_die(RC_FATAL, "%s: a secret of more than %d bytes", name, SECRET_MAX);
	}
	take_newline_off(secret);
	check(name, secret, may_be_empty);
}

void
rc_secret_read(int fd, const char *name, struct rc_secret *secret)
{
	read_descriptor(fd, name, secret, false);
}

static void
read_file(const char *path, const char *name, struct rc_secret *secret, bool may_be_empty)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		rc_die(rc_err_class(errno), "%s: cannot open %s: %s", name, path, strerror(errno));
	read_descriptor(fd, name, secret, may_be_empty);
	close(fd);
}

static bool
find(const char *name, struct rc_secret *secret, bool is_line, bool may_be_empty)
{
	const char *value = getenv(name), *folder = getenv("CREDENTIALS_DIRECTORY"), *file;
	struct rc_buf file_name = {0}, credential = {0};
	bool found = true;

	rc_buf_printf(&file_name, "%s_FILE", name);
	file = getenv(rc_buf_text(&file_name));
	if (file != NULL && *file == '\0')
		file = NULL;	/* as compose files have it where there is none */
	if (folder != NULL) {
		rc_buf_printf(&credential, "%s/%s", folder, name);
		if (access(rc_buf_text(&credential), F_OK) != 0)
			folder = NULL;
	}
	if ((value != NULL) + (file != NULL) + (folder != NULL) > 1)
		rc_die(RC_FATAL, "%s is given twice: use one of %s, %s and $CREDENTIALS_DIRECTORY/%s",
		    name, name, file_name.bytes, name);
	if (value != NULL) {
		*secret = (struct rc_secret){ .bytes = rc_strndup(value, strlen(value)), .length = strlen(value) };
		if (is_line)
			take_newline_off(secret);
		check(name, secret, may_be_empty);
	} else if (file != NULL) {
		read_file(file, file_name.bytes, secret, may_be_empty);
	} else if (folder != NULL) {
		read_file(credential.bytes, name, secret, may_be_empty);
	} else {
		found = false;
	}
	rc_buf_free(&file_name);
	rc_buf_free(&credential);
	return found;
}

bool
rc_secret_find(const char *name, struct rc_secret *secret)
{
	return find(name, secret, false, false);
}

bool
rc_secret_find_line(const char *name, struct rc_secret *secret)
{
	return find(name, secret, true, false);
}

bool
rc_secret_find_list(const char *name, struct rc_secret *secret)
{
	return find(name, secret, false, true);
}

void
rc_secret_wipe(struct rc_secret *secret)
{
	if (secret->bytes != NULL)
		rc_wipe(secret->bytes, secret->length);
	free(secret->bytes);
	*secret = (struct rc_secret){0};
}

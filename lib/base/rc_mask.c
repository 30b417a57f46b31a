#define _GNU_SOURCE	/* memmem(3) */
#include "rc_mask.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_mem.h"

enum { SHORTEST = 4, FILE_MAX = 64 * 1024 };

extern char **environ;

static struct secret { char *bytes; size_t length; } *secrets;
static size_t count;

/* Whether the first LENGTH bytes of NAME end in a word for a secret. */
static bool
is_secret_name(const char *name, size_t length)
{
	static const char *const ends[] = { "password", "passwd", "token", "secret", "key" };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i]);

		if (length >= n && strncasecmp(name + length - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

/* The longest come first, so that one which holds another is masked as a whole. */
void
rc_mask_add(const char *bytes, size_t length)
{
	size_t at = 0;

	while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	if (length < SHORTEST)
		return;
	secrets = rc_realloc(secrets, rc_size_mul(count + 1, sizeof *secrets));
	while (at < count && secrets[at].length >= length)
		at++;
	memmove(secrets + at + 1, secrets + at, (count - at) * sizeof *secrets);
	secrets[at] = (struct secret){ rc_strndup(bytes, length), length };
	count++;
}

static void
add_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat file;
	char *bytes;
	ssize_t n;

	if (fd < 0)
		return;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size <= FILE_MAX) {
		bytes = rc_alloc(FILE_MAX);
		if ((n = pread(fd, bytes, FILE_MAX, 0)) > 0)
			rc_mask_add(bytes, (size_t)n);
		rc_wipe(bytes, FILE_MAX);
		free(bytes);
	}
	close(fd);
}

/* Where a URL begins with `scheme://user@`: the length of what stands between; 0 where it does not. */
static size_t
user_part(const char *after_scheme, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (after_scheme[i] == '@')
			return i;
		if (strchr("/?# \t\r\n\"'", after_scheme[i]) != NULL)
			break;
	}
	return 0;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A secret that may be percent-encoded: as it stands, and as whoever reads it will have it. */
static void
add_encoded(const char *bytes, size_t length)
{
	char *plain = rc_alloc(rc_size_add(length, 1));
	size_t n = 0;

	for (size_t i = 0; i < length; n++) {
		bool encoded = bytes[i] == '%' && length - i > 2 && digit(bytes[i + 1]) >= 0 && digit(bytes[i + 2]) >= 0;

		plain[n] = encoded ? (char)(digit(bytes[i + 1]) * 16 + digit(bytes[i + 2])) : bytes[i];
		i += encoded ? 3 : 1;
	}
	rc_mask_add(bytes, length);
	if (n < length)
		rc_mask_add(plain, n);
	rc_wipe(plain, length);
	free(plain);
}

/* The passwords of the URLs in a text, wherever else they stand. */
static void
add_urls(const char *text)
{
	for (const char *scheme = text, *colon; (scheme = strstr(scheme, "://")) != NULL; scheme += 3) {
		size_t length = user_part(scheme + 3, strlen(scheme + 3));

		if (length > 0 && (colon = memchr(scheme + 3, ':', length)) != NULL)
			add_encoded(colon + 1, (size_t)(scheme + 3 + length - colon - 1));
	}
}

/* What stands behind the name of a secret in a longer text: password='...' of a connection string, &token=... of a URL, PGPASSWORD=... of a shell. */
static void
add_pairs(const char *text)
{
	for (const char *equals = text, *name; (equals = strchr(equals, '=')) != NULL; equals++) {
		const char *value = equals + 1, *ends = " \t\r\n&;,\"'";
		size_t length;

		for (name = equals; name > text && strchr(" \t\r\n&;,\"'?=", name[-1]) == NULL; name--)
			;
		length = (size_t)(equals - name);
		if (!is_secret_name(name, length) || length <= strlen("key"))	/* a bare key is more often one of SQL's */
			continue;
		if (*value == '\'' || *value == '"')
			ends = *value++ == '"' ? "\"" : "'";
		add_encoded(value, strcspn(value, ends));
	}
}

static void
learn_variable(const char *pair)
{
	const char *equals = strchr(pair, '=');
	size_t length;

	if (equals == NULL)
		return;
	length = (size_t)(equals - pair);
	if (is_secret_name(pair, length))
		rc_mask_add(equals + 1, strlen(equals + 1));
	else if (length > 5 && strncmp(equals - 5, "_FILE", 5) == 0 && is_secret_name(pair, length - 5))
		add_file(equals + 1);
	add_urls(equals + 1);
	add_pairs(equals + 1);
}

/* Where in ARGUMENT, which comes after BEFORE or first, a secret begins; NULL where none does. */
static const char *
secret_in(const char *before, const char *argument)
{
	const char *equals = strchr(argument, '=');

	if (equals != NULL && is_secret_name(argument, (size_t)(equals - argument)))
		return equals + 1;
	return before != NULL && before[0] == '-' && strchr(before, '=') == NULL && is_secret_name(before, strlen(before)) ? argument : NULL;
}

static void
learn_argument(const char *before, const char *argument)
{
	const char *secret = secret_in(before, argument);

	add_urls(argument);
	add_pairs(argument);
	if (secret != NULL)
		rc_mask_add(secret, strlen(secret));
}

void
rc_mask_learn(char *const arguments[])
{
	for (char **pair = environ; *pair != NULL; pair++)
		learn_variable(*pair);
	for (const char *before = NULL; *arguments != NULL; before = *arguments++)
		learn_argument(before, *arguments);
}

/* The length of the secret that BYTES begin with, or 0. */
static size_t
known(const char *bytes, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (secrets[i].length <= length && memcmp(bytes, secrets[i].bytes, secrets[i].length) == 0)
			return secrets[i].length;
	return 0;
}

void
rc_mask_write(struct rc_buf *out, const char *bytes, size_t length)
{
	for (size_t i = 0, n; i < length; i += n) {
		if ((n = known(bytes + i, length - i)) > 0) {
			rc_buf_add_text(out, "***");
			continue;
		}
		n = 1;
		rc_buf_add(out, bytes + i, 1);
		if (i >= 2 && memcmp(bytes + i - 2, "://", 3) == 0 && (n += user_part(bytes + i + 1, length - i - 1)) > 1)
			rc_buf_add_text(out, "***");
	}
}

void
rc_mask_write_argument(struct rc_buf *out, const char *before, const char *argument)
{
	const char *secret = secret_in(before, argument);
	size_t length = secret == NULL ? strlen(argument) : (size_t)(secret - argument);

	rc_mask_write(out, argument, length);
	if (secret != NULL && *secret != '\0')
		rc_buf_add_text(out, "***");
}

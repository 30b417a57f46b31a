#include "rc_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_sql_operators.h"
#include "rc_str.h"

enum { STATEMENT_MAX = 16 * 1024 * 1024 };

/* Whether it is of the installed SQL, whose operators are to be PostgreSQL's own: by a bare name, or by a path that begins with RC_SQL. */
static bool
is_installed(const char *name, const char *folder)
{
	size_t length = folder == NULL ? 0 : strlen(folder);

	return strchr(name, '/') == NULL || (length > 0 && strncmp(name, folder, length) == 0 && name[length] == '/');
}

/* Without blanks and semicolons behind. */
static size_t
length_of(const char *sql, size_t length)
{
	while (length > 0 && memchr("; \t\r\n", sql[length - 1], 5) != NULL)
		length--;
	return length;
}

size_t
rc_sql_length(const char *sql)
{
	return length_of(sql, strlen(sql));
}

char *
rc_sql_read(const char *name)
{
	const char *folder = getenv("RC_SQL");
	struct rc_buf path = {0}, sql = {0};
	ssize_t n;
	int fd;

	if (strchr(name, '/') == NULL && folder == NULL)
		rc_die(RC_FATAL, "%s: a bare name means the installed SQL, but RC_SQL is not set; write ./%s for a file here",
		    name, name);
	if (strchr(name, '/') == NULL)
		rc_buf_printf(&path, "%s/", folder);
	rc_buf_add_text(&path, name);
	if ((fd = open(rc_buf_text(&path), O_RDONLY | O_CLOEXEC)) < 0)
		rc_die(rc_err_class(errno), "cannot open %s: %s", path.bytes, strerror(errno));
	while ((n = read(fd, rc_buf_reserve(&sql, 4096), 4096)) > 0) {
		sql.length += (size_t)n;
		if (sql.length > STATEMENT_MAX)
			rc_die(RC_FATAL, "%s: a statement of more than %d bytes", path.bytes, STATEMENT_MAX);
	}
	if (n < 0)
		rc_die(rc_err_class(errno), "cannot read %s: %s", path.bytes, strerror(errno));
	close(fd);
	sql.length = length_of(rc_buf_text(&sql), sql.length);
	if (sql.length == 0)
		rc_die(RC_FATAL, "%s: no statement in it", path.bytes);
	if (memchr(sql.bytes, '\0', sql.length) != NULL)
		rc_die(RC_FATAL, "%s: a NUL in it", path.bytes);
	rc_buf_free(&path);
	if (is_installed(name, folder)) {
		char *named = rc_sql_operators(rc_buf_text(&sql));

		rc_buf_free(&sql);
		return named;
	}
	return rc_buf_text(&sql);
}

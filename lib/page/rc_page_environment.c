#include "rc_page_environment.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_mem.h"
#include "rc_sealed.h"
#include "rc_str.h"
#include "rc_tree.h"

enum { URL_PART = 4096 };

extern char **environ;

void
rc_inherited_add(struct rc_inherited *inherited, int fd)
{
	if (inherited->count == RC_INHERITED_MAX)
		rc_die(RC_NO, "its page has more than %d secrets", RC_INHERITED_MAX);
	inherited->list[inherited->count++] = fd;
	inherited->list[inherited->count] = -1;
}

/* ---- which variables ---- */

/* Whether the variable is one that a command sets for what runs in its page. */
static bool
is_ours(const char *pair)
{
	static const char *const names[] = { "RC_RUN_ID=", "RC_PARENT=", "RC_REPORT=", "RC_COMMAND=", "RC_SQL=", "RC_GATED=" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (rc_str_begins(pair, names[i]))
			return true;
	return false;
}

/* Whether a shell would take the variable as an order, a page as its own, or a command as that of its caller. */
static bool
is_unwanted(const char *pair, bool is_toolkit)
{
	static const char *const always[] = { "BASH_ENV=", "ENV=", "BASHOPTS=", "SHELLOPTS=", "CDPATH=", "POSIXLY_CORRECT=", "rc_", "opt_" };
	static const char *const in_products[] = { "BASH", "GLOBIGNORE=", "IFS=", "PS4=", "work=" };

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (rc_str_begins(pair, always[i]))
			return true;
	for (size_t i = 0; !is_toolkit && i < sizeof in_products / sizeof *in_products; i++)
		if (rc_str_begins(pair, in_products[i]))
			return true;
	return !is_toolkit && is_ours(pair);
}

static bool
is_variable(const char *pair, const char *name)
{
	return rc_str_begins(pair, name) && pair[strlen(name)] == '=';
}

static bool
asks(const struct rc_page *page)
{
	return page->program.gate != NULL && strcmp(page->program.gate, "asks") == 0;
}

/* ---- an environment that grows: pointers in a buffer ---- */

static void
add_text(struct rc_buf *pairs, const char *pair)
{
	rc_buf_add(pairs, (const char *)&pair, sizeof pair);
}

static void
add_pair(struct rc_buf *pairs, const char *name, const char *value)
{
	struct rc_buf pair = {0};

	rc_buf_printf(&pair, "%s=%s", name, value);
	add_text(pairs, rc_buf_text(&pair));
}

static void
add_number(struct rc_buf *pairs, const char *name, long number)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", number);
	add_pair(pairs, name, text);
}

/* Adds the variable NAME with the path of a copy of the bytes in memory. */
static void
add_copy(struct rc_buf *pairs, const char *name, const char *what, const struct rc_buf *bytes, struct rc_inherited *inherited)
{
	int fd = rc_sealed(what, bytes->bytes, bytes->length);
	char path[32];

	rc_inherited_add(inherited, fd);
	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	add_pair(pairs, name, path);
}

static char **
end_pairs(struct rc_buf *pairs)
{
	add_text(pairs, NULL);
	return (char **)(void *)pairs->bytes;
}

/* ---- secrets ---- */

/*
 * A secret leaves the environment, which other processes can see, for a memory
 * file that NAME_FILE leads to.  Of what rc_secret would take off a file's end
 * there is one more.  Where both are given, an empty variable is left: that is
 * refused as two are.
 */
static void
move_secret(const char *name, char *value, struct rc_buf *pairs, struct rc_inherited *inherited)
{
	struct rc_buf bytes = {0}, file = {0};
	size_t length = strlen(value);
	const char *second;

	rc_buf_printf(&file, "%s_FILE", name);
	second = getenv(rc_buf_text(&file));
	if (length == 0 || (second != NULL && *second != '\0')) {
		add_pair(pairs, name, "");
	} else {
		rc_buf_printf(&bytes, "%s\r\n", value);
		add_copy(pairs, file.bytes, "rc-secret", &bytes, inherited);
	}
	rc_wipe(value, length);	/* our own environment is seen as well */
	rc_buf_wipe(&bytes);
	rc_buf_free(&file);
}

/*
 * The database's URL may come through a pipe, which can be read once.  Where a
 * change is asked for, rc-gate reads it before the filters do, so all of them
 * get a copy in memory.
 */
static void
keep_url(const char *file, struct rc_buf *pairs, struct rc_inherited *inherited)
{
	struct rc_buf bytes = {0};
	int in = open(file, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t n = -1;

	if (in >= 0 && fstat(in, &status) == 0 && S_ISFIFO(status.st_mode)) {
		do {
			rc_buf_reserve(&bytes, URL_PART);
			if ((n = read(in, bytes.bytes + bytes.length, URL_PART)) > 0)
				bytes.length += (size_t)n;
		} while (n > 0 || (n < 0 && errno == EINTR));
	}
	if (n == 0)
		add_copy(pairs, "DATABASE_URL_FILE", "rc-url", &bytes, inherited);
	else
		add_pair(pairs, "DATABASE_URL_FILE", file);
	rc_buf_wipe(&bytes);
	if (in >= 0)
		close(in);
}

/* ---- the whole ---- */

/* The variables that the page and what it runs get from our caller. */
static void
pass_variables(const struct rc_page *page, struct rc_buf *pairs, struct rc_inherited *inherited)
{
	for (char **pair = environ; *pair != NULL; pair++) {
		const char **secret = page->secrets;

		while (secret != NULL && *secret != NULL && !is_variable(*pair, *secret))
			secret++;
		if (secret != NULL && *secret != NULL)
			move_secret(*secret, *pair + strlen(*secret) + 1, pairs, inherited);
		else if (asks(page) && is_variable(*pair, "DATABASE_URL_FILE"))
			keep_url(*pair + strlen("DATABASE_URL_FILE="), pairs, inherited);
		else if (!is_unwanted(*pair, page->is_toolkit) && !is_variable(*pair, "PATH") && !is_variable(*pair, "LC_ALL"))
			add_text(pairs, *pair);
	}
}

/* Where the system lacks UTF-8's locale, bash would say so for each of its processes. */
static const char *
best_locale(void)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	if (utf8 == (locale_t)0)
		return "C";
	freelocale(utf8);
	return "C.UTF-8";
}

char **
rc_page_environment(const struct rc_page *page, const char *name, int report, struct rc_inherited *inherited)
{
	struct rc_buf pairs = {0}, path = {0}, sql = {0};
	const char *old_path = getenv("PATH");

	pass_variables(page, &pairs, inherited);
	rc_buf_printf(&path, "%s:%s", rc_tree_bin(), old_path == NULL ? "/usr/bin:/bin" : old_path);
	add_pair(&pairs, "PATH", rc_buf_text(&path));
	add_pair(&pairs, "LC_ALL", best_locale());
	if (!page->is_toolkit) {
		rc_buf_printf(&sql, "%s/sql/%.*s", rc_tree_share(), (int)strcspn(name, "-"), name);
		add_pair(&pairs, "RC_SQL", rc_buf_text(&sql));
		add_pair(&pairs, "RC_RUN_ID", rc_run_id());
		add_pair(&pairs, "RC_COMMAND", name);
		add_number(&pairs, "RC_PARENT", getpid());
		add_number(&pairs, "RC_REPORT", report);
	}
	rc_buf_free(&path);
	rc_buf_free(&sql);
	return end_pairs(&pairs);
}

char **
rc_page_environment_outside(char *given[])
{
	struct rc_buf pairs = {0};

	for (char **pair = given; *pair != NULL; pair++)
		if (!is_ours(*pair))
			add_text(&pairs, *pair);
	return end_pairs(&pairs);
}

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_db.h"
#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

/* What is being filled. */
struct settings {
	const char **keywords, **values;
	int count;
	struct rc_arena *arena;
	bool warn;	/* of parameters that are passed over */
};

static int
hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

	return at == NULL || (c < '0') ? -1 : (int)(at - digits);
}

/* LENGTH bytes of TEXT with %XX decoded; a '%' that begins no such thing stays.  In a query '+' is a blank. */
static char *
decode(struct rc_arena *arena, const char *text, size_t length, bool query)
{
	char *plain = rc_arena_alloc(arena, length + 1), *out = plain;

	for (size_t i = 0; i < length; i++) {
		int high, low;

		if (text[i] == '%' && length - i > 2 &&
		    (high = hex_value(text[i + 1])) >= 0 && (low = hex_value(text[i + 2])) >= 0) {
			*out++ = (char)(high << 4 | low);
			i += 2;
		} else {
			*out++ = query && text[i] == '+' ? ' ' : text[i];
		}
	}
	*out = '\0';
	if (strlen(plain) != (size_t)(out - plain))
		rc_die(RC_FATAL, "DATABASE_URL: %%00 is not allowed");
	return plain;
}

static void
set(struct settings *settings, const char *keyword, const char *value)
{
	if (*value == '\0')
		return;		/* left open: libpq's default */
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->keywords[i], keyword) == 0) {
			settings->values[i] = value;
			return;
		}
	if (settings->count == RC_DB_SETTINGS_MAX - 1)
		rc_die(RC_FATAL, "DATABASE_URL: too many parameters");
	settings->keywords[settings->count] = keyword;
	settings->values[settings->count++] = value;
}

static bool
libpq_knows(const char *keyword)
{
	PQconninfoOption *all = PQconndefaults(), *option = all;
	bool known;

	if (all == NULL)
		rc_die(RC_RETRY, "out of memory");
	while (option->keyword != NULL && strcmp(option->keyword, keyword) != 0)
		option++;
	known = option->keyword != NULL;
	PQconninfoFree(all);
	return known;
}

static void
parse_parameters(struct settings *settings, const char *p)
{
	while (*p != '\0') {
		size_t length = strcspn(p, "&"), name_length = strcspn(p, "=&");
		char *name = decode(settings->arena, p, name_length, true);
		const char *value = name_length < length ? decode(settings->arena, p + name_length + 1, length - name_length - 1, true) : "";

		if (strcmp(name, "ssl") == 0 && strcmp(value, "true") == 0)
			set(settings, "sslmode", "require");	/* as libpq itself takes it from JDBC */
		else if (libpq_knows(name))
			set(settings, name, value);
		else if (*name != '\0' && settings->warn)
			rc_warn("DATABASE_URL: the parameter '%s' is not one of libpq's; ignored", name);
		p += length;
		if (*p == '&')
			p++;
	}
}

/* One host and its port, where it has one: `name:1`, `[::1]:1`, `:1`. */
static void
split_host(struct settings *settings, const char *text, size_t length, struct rc_buf *hosts, struct rc_buf *ports)
{
	const char *end = text + length, *colon = NULL;
	char *host, *port;

	if (length > 0 && *text == '[') {
		const char *bracket = memchr(text, ']', length);

		if (bracket == NULL)
			rc_die(RC_FATAL, "DATABASE_URL: '[' without ']' in the host");
		colon = bracket + 1 < end ? bracket + 1 : NULL;
		host = decode(settings->arena, text + 1, (size_t)(bracket - text - 1), false);
	} else {
		colon = memchr(text, ':', length);
		host = decode(settings->arena, text, (size_t)((colon == NULL ? end : colon) - text), false);
	}
	rc_buf_add_text(hosts, host);
	if (colon == NULL)
		return;
	port = rc_strndup(colon + 1, (size_t)(end - colon - 1));
	if (*colon != ':' || strspn(port, "0123456789") != strlen(port))
		rc_die(RC_FATAL, "DATABASE_URL: the port is not a number (/ ? # in a password must be written %%2F %%3F %%23)");
	rc_buf_add_text(ports, port);
	free(port);
}

static void
parse_hosts(struct settings *settings, const char *text, size_t length)
{
	struct rc_buf hosts = {0}, ports = {0};
	const char *end = text + length;

	for (;;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));

		split_host(settings, text, (size_t)((comma == NULL ? end : comma) - text), &hosts, &ports);
		if (comma == NULL)
			break;
		rc_buf_add_text(&hosts, ",");
		rc_buf_add_text(&ports, ",");
		text = comma + 1;
	}
	set(settings, "host", rc_arena_copy(settings->arena, hosts.bytes, hosts.length));
	rc_buf_text(&ports);
	if (strspn(ports.bytes, ",") != ports.length)
		set(settings, "port", rc_arena_copy(settings->arena, ports.bytes, ports.length));
	rc_buf_free(&hosts);
	rc_buf_free(&ports);
}

static const char *
skip_scheme(const char *url)
{
	static const char *const schemes[] = { "postgres", "postgresql", "psql", "pgsql", "postgis", "pgx" };
	const char *mark = strstr(url, "://");

	if (mark == NULL)
		rc_die(RC_FATAL, "DATABASE_URL: not a URL (expected postgresql://user:password@host:port/dbname)");
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strlen(schemes[i]) == (size_t)(mark - url) && strncasecmp(url, schemes[i], (size_t)(mark - url)) == 0)
			return mark + 3;
	rc_die(RC_FATAL, "DATABASE_URL: the scheme is not one of PostgreSQL's (postgres, postgresql, psql, pgsql, postgis)");
}

/* Whether an '@' stands where none belongs: in the path, or in a query before any '='. */
static bool
has_misplaced_at(const char *rest)
{
	const char *at = strchr(rest, '@'), *query = strchr(rest, '?');
	const char *equals = query == NULL ? NULL : strchr(query, '=');

	return at != NULL && (equals == NULL || at < equals);
}

static void
parse(struct settings *settings, const char *url)
{
	const char *authority = skip_scheme(url), *end = authority + strcspn(authority, "/?#");
	const char *hosts = authority, *path = end, *query, *colon = memchr(authority, ':', (size_t)(end - authority));

	for (const char *p = end; p > authority; p--)
		if (p[-1] == '@') {
			bool with_password = colon != NULL && colon < p - 1;
			const char *user_end = with_password ? colon : p - 1;

			set(settings, "user", decode(settings->arena, authority, (size_t)(user_end - authority), false));
			if (with_password)
				set(settings, "password", decode(settings->arena, colon + 1, (size_t)(p - 1 - colon - 1), false));
			hosts = p;
			break;
		}
	parse_hosts(settings, hosts, (size_t)(end - hosts));
	if (hosts == authority && has_misplaced_at(end) && end > authority &&
	    (colon != NULL || memchr(end, ':', (size_t)(strrchr(end, '@') - end)) != NULL))
		rc_die(RC_FATAL, "DATABASE_URL: '@' after the port (/ ? # in a password must be written %%2F %%3F %%23, '@' elsewhere %%40)");
	if (*path == '/') {
		path++;
		end = path + strcspn(path, "?#");
		set(settings, "dbname", decode(settings->arena, path, (size_t)(end - path), false));
	}
	query = end;
	if (*query == '?') {
		const char *hash = strchr(query, '#');
		size_t length = hash == NULL ? strlen(query + 1) : (size_t)(hash - query - 1);

		parse_parameters(settings, rc_arena_copy(settings->arena, query + 1, length));
	}
	settings->keywords[settings->count] = NULL;
	settings->values[settings->count] = NULL;
}

void
rc_db_parse_url(const char *url, const char **keywords, const char **values, struct rc_arena *arena)
{
	static bool warned;
	struct settings settings = { keywords, values, 0, arena, !warned };

	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			rc_die(RC_FATAL, "DATABASE_URL: a control character in it (one newline at its end is taken off)");
	parse(&settings, url);
	warned = true;
}

/* Item NUMBER of a list with commas, and to the end of the list where REST; "" where there is none. */
static const char *
list_item(struct rc_arena *arena, const char *list, int number, bool rest)
{
	for (; number > 0 && list != NULL; number--) {
		list = strchr(list, ',');
		if (list != NULL)
			list++;
	}
	if (list == NULL)
		return "";
	return rc_arena_copy(arena, list, rest ? strlen(list) : strcspn(list, ","));
}

static const char *
option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val == NULL ? "" : options->val;
	return "";
}

bool
rc_db_skip_host(const PGconn *conn, const char **keywords, const char **values, struct rc_arena *arena)
{
	static const char *const lists[] = { "host", "hostaddr", "port" };
	PQconninfoOption *options = PQconninfo((PGconn *)(uintptr_t)conn);
	struct settings settings = { keywords, values, 0, arena, false };
	const char *hosts, *ports;
	int number = 0;
	bool more;

	if (options == NULL)
		rc_die(RC_RETRY, "out of memory");
	hosts = option_value(options, *option_value(options, "hostaddr") != '\0' ? "hostaddr" : "host");
	ports = option_value(options, "port");
	/* libpq tells which host it is at, but not by number. */
	while (*list_item(arena, hosts, number, true) != '\0' &&
	    (strcmp(list_item(arena, option_value(options, "host"), number, false), PQhost(conn)) != 0 ||
	     (strchr(ports, ',') != NULL && strcmp(list_item(arena, ports, number, false), PQport(conn)) != 0)))
		number++;
	more = *list_item(arena, hosts, number + 1, true) != '\0';
	while (keywords[settings.count] != NULL)
		settings.count++;
	for (size_t i = 0; more && i < sizeof lists / sizeof *lists; i++) {
		const char *list = option_value(options, lists[i]);

		if (strchr(list, ',') != NULL)
			set(&settings, lists[i], list_item(arena, list, number + 1, true));
	}
	keywords[settings.count] = values[settings.count] = NULL;
	PQconninfoFree(options);
	return more;
}

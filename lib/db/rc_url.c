#include "rc_url.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

/* Parameters that Django's tools take out of the URL for themselves, or hand to psycopg: none is about where, as whom or how safely. */
static const char *const of_django[] = { "atomic_requests", "autocommit", "conn_health_checks", "conn_max_age",
	"disable_server_side_cursors", "engine", "isolation_level", "pool", "server_side_binding", "test", "time_zone" };

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

static bool
django_knows(const char *name)
{
	for (size_t i = 0; i < sizeof of_django / sizeof *of_django; i++)
		if (strcasecmp(of_django[i], name) == 0)
			return true;
	return false;
}

/* require_auth, say, where libpq is too old for it: to go on would drop a protection.  A part of a password has other characters. */
static _Noreturn void
refuse_parameter(const char *name)
{
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != '\0')
		rc_die(RC_FATAL, "DATABASE_URL: a parameter that is not one of libpq's");
	rc_die(RC_FATAL, "DATABASE_URL: the parameter '%s' is not one of libpq %d's, nor of Django's", name, PQlibVersion() / 10000);
}

static void
parse_parameters(struct rc_settings *settings, const char *p)
{
	while (*p != '\0') {
		size_t length = strcspn(p, "&"), name_length = strcspn(p, "=&");
		char *name = decode(&settings->arena, p, name_length, true);
		const char *value = name_length < length ? decode(&settings->arena, p + name_length + 1, length - name_length - 1, true) : "";

		if (strcmp(name, "ssl") == 0 && strcmp(value, "true") == 0)
			rc_settings_set(settings, "sslmode", "require");	/* as libpq itself takes it from JDBC */
		else if (libpq_knows(name))
			rc_settings_set(settings, name, value);
		else if (django_knows(name))
			rc_warn("DATABASE_URL: the parameter '%s' is not one of libpq's; ignored", name);
		else if (*name != '\0')
			refuse_parameter(name);
		p += length;
		if (*p == '&')
			p++;
	}
}

/* One host and its port, where it has one: `name:1`, `[::1]:1`, `:1`. */
static void
split_host(struct rc_settings *settings, const char *text, size_t length, struct rc_buf *hosts, struct rc_buf *ports)
{
	const char *end = text + length, *colon = NULL;
	char *host, *port;

	if (length > 0 && *text == '[') {
		const char *bracket = memchr(text, ']', length);

		if (bracket == NULL)
			rc_die(RC_FATAL, "DATABASE_URL: '[' without ']' in the host");
		colon = bracket + 1 < end ? bracket + 1 : NULL;
		host = decode(&settings->arena, text + 1, (size_t)(bracket - text - 1), false);
	} else {
		colon = memchr(text, ':', length);
		host = decode(&settings->arena, text, (size_t)((colon == NULL ? end : colon) - text), false);
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
parse_hosts(struct rc_settings *settings, const char *text, size_t length)
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
	rc_settings_set(settings, "host", rc_arena_copy(&settings->arena, hosts.bytes, hosts.length));
	rc_buf_text(&ports);
	if (strspn(ports.bytes, ",") != ports.length)
		rc_settings_set(settings, "port", rc_arena_copy(&settings->arena, ports.bytes, ports.length));
	rc_buf_free(&hosts);
	rc_buf_free(&ports);
}

static const char *
skip_scheme(const char *url)
{
	static const char *const schemes[] = { "postgres", "postgresql", "psql", "pgsql", "postgis", "pgx" };
	const char *mark = strstr(url, "://");

	if (*url == '"' || *url == '\'')
		rc_die(RC_FATAL, "DATABASE_URL: it begins with a quote, which is taken as a part of it; write it without quotes"
		    " (docker's --env-file and systemd's files keep them)");
	if (*url == '$')
		rc_die(RC_FATAL, "DATABASE_URL: it begins with '$', which django-environ takes for the name of another variable; write the URL itself");
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

/* A NAME that begins with a slash is a socket's folder and the name, as django-environ has it. */
static void
set_database(struct rc_settings *settings, char *name)
{
	char *slash = strrchr(name, '/');

	if (*name == '/') {
		*slash = '\0';
		rc_settings_set(settings, "host", name);
		name = slash + 1;
	}
	rc_settings_set(settings, "dbname", name);
}

static void
parse(struct rc_settings *settings, const char *url)
{
	const char *authority = skip_scheme(url), *end = authority + strcspn(authority, "/?#");
	const char *hosts = authority, *path = end, *query, *colon = memchr(authority, ':', (size_t)(end - authority));

	for (const char *p = end; p > authority; p--)
		if (p[-1] == '@') {
			bool with_password = colon != NULL && colon < p - 1;
			const char *user_end = with_password ? colon : p - 1;

			rc_settings_set(settings, "user", decode(&settings->arena, authority, (size_t)(user_end - authority), false));
			if (with_password)
				rc_settings_set(settings, "password", decode(&settings->arena, colon + 1, (size_t)(p - 1 - colon - 1), false));
			hosts = p;
			break;
		}
	parse_hosts(settings, hosts, (size_t)(end - hosts));
	if (has_misplaced_at(end) && end > authority &&
	    (hosts > authority || colon != NULL || memchr(end, ':', (size_t)(strrchr(end, '@') - end)) != NULL))
		rc_die(RC_FATAL, "DATABASE_URL: '@' after the %s (/ ? # in a password must be written %%2F %%3F %%23, '@' elsewhere %%40)",
		    hosts > authority ? "host" : "port");
	if (*path == '/') {
		path++;
		end = path + strcspn(path, "?#");
		set_database(settings, decode(&settings->arena, path, (size_t)(end - path), false));
	}
	query = end;
	if (*query == '?') {
		const char *hash = strchr(query, '#');
		size_t length = hash == NULL ? strlen(query + 1) : (size_t)(hash - query - 1);

		parse_parameters(settings, rc_arena_copy(&settings->arena, query + 1, length));
	}
}

void
rc_url_parse(const char *url, struct rc_settings *settings)
{
	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			rc_die(RC_FATAL, "DATABASE_URL: a control character in it (one newline at its end is taken off)");
	parse(settings, url);
}

#include "rc_settings.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rc_err.h"
#include "rc_event.h"
#include "rc_secret.h"
#include "rc_str.h"
#include "rc_url.h"

enum { APPLICATION_SIZE = 64 };	/* the server keeps 63 characters */

/* A vanished host is noticed after 15 + 3 * 10 seconds; what was sent and not taken after as long. */
static const struct { const char *keyword, *value; } keepalives[] = {
	{ "keepalives_idle", "15" }, { "keepalives_interval", "10" }, { "keepalives_count", "3" }, { "tcp_user_timeout", "45000" },
};

const char *
rc_settings_find(const struct rc_settings *settings, const char *keyword)
{
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->keywords[i], keyword) == 0)
			return settings->values[i];
	return NULL;
}

void
rc_settings_set(struct rc_settings *settings, const char *keyword, const char *value)
{
	const char *copy;
	int i = 0;

	if (*value == '\0')
		return;		/* left open: libpq's default */
	copy = rc_arena_copy(&settings->arena, value, strlen(value));
	while (i < settings->count && strcmp(settings->keywords[i], keyword) != 0)
		i++;
	if (i == RC_SETTINGS_MAX - 1)
		rc_die(RC_FATAL, "DATABASE_URL: too many parameters");
	settings->keywords[i] = keyword;
	settings->values[i] = copy;
	if (i == settings->count)
		settings->count++;
	settings->keywords[settings->count] = settings->values[settings->count] = NULL;
}

/* The tool's name, cut so that the run's id has room behind it. */
static void
set_application(struct rc_settings *settings)
{
	char application[APPLICATION_SIZE] = "";

	strncat(application, rc_err_tool(), sizeof application - 2 - RC_RUN_ID_LENGTH);
	strcat(application, " ");
	strcat(application, rc_run_id());
	rc_settings_set(settings, "application_name", application);
}

void
rc_settings_read(struct rc_settings *settings)
{
	struct rc_secret url;

	if (rc_secret_find_line("DATABASE_URL", &url)) {
		rc_url_parse(url.bytes, settings);
		rc_secret_wipe(&url);
	}
	if (rc_settings_find(settings, "host") != NULL)
		unsetenv("PGHOSTADDR");	/* or libpq would go there instead */
	set_application(settings);
	rc_settings_set(settings, "client_encoding", "UTF8");
	for (size_t i = 0; i < sizeof keepalives / sizeof *keepalives; i++)
		if (rc_settings_find(settings, keepalives[i].keyword) == NULL)
			rc_settings_set(settings, keepalives[i].keyword, keepalives[i].value);
}

void
rc_settings_copy(struct rc_settings *to, const struct rc_settings *from)
{
	for (int i = 0; i < from->count; i++)
		rc_settings_set(to, rc_arena_copy(&to->arena, from->keywords[i], strlen(from->keywords[i])), from->values[i]);
}

void
rc_settings_wipe(struct rc_settings *settings)
{
	rc_arena_wipe(&settings->arena);
	*settings = (struct rc_settings){0};
}

/* ---- the next address ---- */

/* The lists of hosts that libpq has from the settings, the environment and its files, an entry each. */
struct hosts {
	const char *host, *address, *port;	/* lists with commas; port may be one for all */
	struct rc_arena *arena;
};

/* What is still to be tried. */
struct rest {
	struct rc_buf hosts, addresses, ports;
	int count;
};

/* Entry NUMBER of a list with commas; NULL where there is none. */
static const char *
list_entry(const struct hosts *from, const char *list, int number)
{
	for (; number > 0 && list != NULL; number--) {
		list = strchr(list, ',');
		if (list != NULL)
			list++;
	}
	return list == NULL ? NULL : rc_arena_copy(from->arena, list, strcspn(list, ","));
}

static const char *
entry_or_none(const struct hosts *from, const char *list, int number)
{
	const char *entry = list_entry(from, list, number);

	return entry == NULL ? "" : entry;
}

static const char *
port_of(const struct hosts *from, int number)
{
	return entry_or_none(from, from->port, strchr(from->port, ',') == NULL ? 0 : number);
}

static const char *
option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val == NULL ? "" : options->val;
	return "";
}

static void
add_rest(struct rest *rest, const char *host, const char *address, const char *port)
{
	const char *comma = rest->count++ == 0 ? "" : ",";

	rc_buf_printf(&rest->hosts, "%s%s", comma, host);
	rc_buf_printf(&rest->addresses, "%s%s", comma, address);
	rc_buf_printf(&rest->ports, "%s%s", comma, port);
}

/* Adds the other addresses of a name, of which libpq has just tried TRIED (and perhaps some that refused; they will again). */
static void
add_other_addresses(struct rest *rest, const char *host, const char *tried, const char *port)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *all = NULL;
	char text[NI_MAXHOST];

	if (getaddrinfo(host, NULL, &hints, &all) != 0)
		return;
	for (const struct addrinfo *one = all; one != NULL; one = one->ai_next)
		if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0 && strcmp(text, tried) != 0)
			add_rest(rest, host, text, port);
	freeaddrinfo(all);
}

/* The number of the entry that CONN is at: libpq tells which one it is, but not by number. */
static int
current_entry(const struct hosts *from, const PGconn *conn)
{
	const char *lists = *from->address != '\0' ? from->address : from->host;
	const char *tried = PQhostaddr(conn), *address;
	int number = 0;

	for (; list_entry(from, lists, number) != NULL; number++) {
		address = entry_or_none(from, from->address, number);
		if ((*from->host == '\0' || strcmp(entry_or_none(from, from->host, number), PQhost(conn)) == 0) &&
		    (*address == '\0' || tried == NULL || strcmp(address, tried) == 0) &&
		    (strchr(from->port, ',') == NULL || strcmp(port_of(from, number), PQport(conn)) == 0))
			break;
	}
	return number;
}

/* Sets KEYWORD to a list, or takes it out where all of the list's entries are empty. */
static void
replace_list(struct rc_settings *settings, const char *keyword, struct rc_buf *list)
{
	int kept = 0;

	if (strspn(rc_buf_text(list), ",") < list->length) {
		rc_settings_set(settings, keyword, list->bytes);
	} else {
		for (int i = 0; i < settings->count; i++)
			if (strcmp(settings->keywords[i], keyword) != 0) {
				settings->keywords[kept] = settings->keywords[i];
				settings->values[kept++] = settings->values[i];
			}
		settings->count = kept;
		settings->keywords[kept] = settings->values[kept] = NULL;
	}
	rc_buf_free(list);
}

bool
rc_settings_skip_address(struct rc_settings *settings, PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn);
	const char *tried = PQhostaddr(conn), *lists;
	struct hosts from = { .arena = &settings->arena };
	struct rest rest = {0};
	int number;

	if (options == NULL)
		rc_die(RC_RETRY, "out of memory");
	from.host = option_value(options, "host");
	from.address = option_value(options, "hostaddr");
	from.port = option_value(options, "port");
	lists = *from.address != '\0' ? from.address : from.host;
	number = current_entry(&from, conn);
	if (*entry_or_none(&from, from.address, number) == '\0' && tried != NULL && *tried != '\0')
		add_other_addresses(&rest, entry_or_none(&from, from.host, number), tried, port_of(&from, number));
	while (list_entry(&from, lists, ++number) != NULL)
		add_rest(&rest, entry_or_none(&from, from.host, number), entry_or_none(&from, from.address, number), port_of(&from, number));
	if (rest.count > 0) {
		replace_list(settings, "host", &rest.hosts);
		replace_list(settings, "hostaddr", &rest.addresses);
		replace_list(settings, "port", &rest.ports);
	}
	PQconninfoFree(options);
	return rest.count > 0;
}

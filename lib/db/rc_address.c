#include "rc_address.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "rc_err.h"
#include "rc_mem.h"
#include "rc_str.h"

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
	if (strspn(rc_buf_text(list), ",") < list->length)
		rc_settings_set(settings, keyword, list->bytes);
	else
		rc_settings_remove(settings, keyword);
	rc_buf_free(list);
}

bool
rc_address_skip(struct rc_settings *settings, PGconn *conn)
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

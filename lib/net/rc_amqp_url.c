#include "rc_amqp_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rc_str.h"

enum { PORT_MAX = 65535, PORT = 5672, PORT_TLS = 5671 };

/* Decodes TEXT in its place; false where a percent sign has no two digits, or says NUL. */
static bool
decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		char digits[3] = { 0 };

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
			return false;
		memcpy(digits, from + 1, 2);
		if ((*to++ = (char)strtol(digits, NULL, 16)) == '\0')
			return false;
		from += 2;
	}
	*to = '\0';
	return true;
}

/* Ends a text AT one of its characters, and returns what is behind it; NULL where there is none. */
static char *
cut(char *at)
{
	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

static bool
read_port(const char *text, int *port)
{
	long number;

	if (text == NULL || *text == '\0')
		return true;
	if (!rc_parse_long(text, 1, PORT_MAX, &number))
		return false;
	*port = (int)number;
	return true;
}

bool
rc_amqp_url_read(char *url, struct rc_amqp_url *parts)
{
	char *authority, *vhost, *host, *user = NULL, *password = NULL, *port;

	*parts = (struct rc_amqp_url){ .user = "guest", .password = "guest", .host = "localhost", .vhost = "/" };
	parts->tls = rc_str_begins(url, "amqps://");
	if (!parts->tls && !rc_str_begins(url, "amqp://"))
		return false;
	parts->port = parts->tls ? PORT_TLS : PORT;
	authority = strstr(url, "://") + 3;
	if (strpbrk(authority, "?#") != NULL)
		return false;
	vhost = cut(strchr(authority, '/'));
	host = cut(strrchr(authority, '@'));
	if (host != NULL) {
		user = authority;
		password = cut(strchr(user, ':'));
	} else {
		host = authority;
	}
	if (*host == '[') {
		host++;
		if ((port = cut(strchr(host, ']'))) == NULL || (*port != '\0' && *port != ':'))
			return false;
		port += *port == ':';
	} else {
		port = cut(strchr(host, ':'));
	}
	if (!read_port(port, &parts->port) || !decode(host) || (user != NULL && !decode(user)) ||
	    (password != NULL && !decode(password)) || (vhost != NULL && !decode(vhost)))
		return false;
	parts->user = user == NULL ? parts->user : user;
	parts->password = password == NULL ? parts->password : password;
	parts->host = *host == '\0' ? parts->host : host;
	parts->vhost = vhost == NULL || *vhost == '\0' ? parts->vhost : vhost;
	return true;
}

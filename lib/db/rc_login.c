#include "rc_login.h"

#include <stdlib.h>
#include <string.h>

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

/* Without DATABASE_URL: what is tried instead.  The text lives as long as the process. */
static const char *
tried_instead(void)
{
	static const char *const names[] = { "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER" };
	static struct rc_buf hint;

	hint.length = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]) != NULL)
			rc_buf_printf(&hint, "%s%s", hint.length == 0 ? "DATABASE_URL is not set, so the database is that of " : ", ", names[i]);
	if (hint.length == 0)
		rc_buf_add_text(&hint, "DATABASE_URL is not set, nor PGHOST or the like, so libpq's defaults were tried");
	return rc_buf_text(&hint);
}

void
rc_login_read(struct rc_settings *settings)
{
	struct rc_secret url;

	if (rc_secret_find_line("DATABASE_URL", &url)) {
		rc_url_parse(url.bytes, settings);
		rc_secret_wipe(&url);
	} else {
		settings->hint = tried_instead();
	}
	if (rc_settings_find(settings, "host") != NULL)
		unsetenv("PGHOSTADDR");	/* or libpq would go there instead */
	set_application(settings);
	rc_settings_set(settings, "client_encoding", "UTF8");
	for (size_t i = 0; i < sizeof keepalives / sizeof *keepalives; i++)
		if (rc_settings_find(settings, keepalives[i].keyword) == NULL)
			rc_settings_set(settings, keepalives[i].keyword, keepalives[i].value);
}

/*
 * rc-db-run - become a program of PostgreSQL's that finds the database as rc does
 *
 * psql, pg_dump and the like know libpq's variables and not DATABASE_URL as
 * Django writes it, and an argument would show the password to other users.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "rc_child.h"
#include "rc_err.h"
#include "rc_event.h"
#include "rc_login.h"
#include "rc_opt.h"

static const struct rc_option options[] = {
	RC_OPTION_END
};

static const char *const example[] = { "--", "true", NULL };

static const struct rc_program program = {
	.name = "rc-db-run",
	.synopsis = "-- COMMAND [ARGUMENT ...]",
	.summary = "run a program of PostgreSQL's on the database",
	.options = options,
	.writes = "what the command writes",
	.example = example,
};

/* The variable that stands for a keyword of libpq's, or NULL. */
static const char *
variable_of(const PQconninfoOption *known, const char *keyword)
{
	for (; known->keyword != NULL; known++)
		if (strcmp(known->keyword, keyword) == 0)
			return known->envvar;
	return NULL;
}

/* What a URL says and no variable can; that a silent network is noticed early is a comfort, anything else may be a protection. */
static bool
is_comfort(const char *keyword)
{
	return strncmp(keyword, "keepalives", 10) == 0 || strcmp(keyword, "tcp_user_timeout") == 0;
}

static void
set_variables(const struct rc_settings *settings)
{
	PQconninfoOption *known = PQconndefaults();

	if (known == NULL)
		rc_die(RC_FATAL, "libpq can't read its defaults: the service of PGSERVICE may not be there");
	for (int i = 0; i < settings->count; i++) {
		const char *keyword = settings->keywords[i], *variable = variable_of(known, keyword);

		if (variable == NULL && !is_comfort(keyword))
			rc_die(RC_FATAL, "DATABASE_URL: no variable can tell another program of '%s'", keyword);
		if (variable != NULL && setenv(variable, settings->values[i], 1) != 0)
			rc_die(RC_RETRY, "out of memory");
	}
	PQconninfoFree(known);
}

int
main(int argc, char *argv[])
{
	char **command = rc_opt_command(&argc, argv);
	struct rc_settings settings = {0};

	while (rc_getopt(&program, argc, argv) != -1)
		;
	if (optind < argc)
		rc_usage("unexpected argument '%s'; a command stands after --", argv[optind]);
	if (command == NULL)
		rc_usage("a command is needed after --");
	rc_login_read(&settings);
	set_variables(&settings);
	rc_settings_wipe(&settings);
	unsetenv("DATABASE_URL");
	rc_event_set_counts("{}");
	rc_leave(RC_OK);	/* its own end; what comes is the command's */
	rc_child_become(command, NULL);
}

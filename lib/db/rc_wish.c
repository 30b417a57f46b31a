#include "rc_wish.h"

/* From which server on, and by whom. */
static const struct {
	int version;
	enum rc_patience patience;	/* the least that wants it */
	const char *setting;
} wishes[RC_WISHES] = {
	{ 140000, RC_LIMITS_KEPT, "client_connection_check_interval = 1000" },
	{ 0, RC_LIMITS_KEPT, "tcp_keepalives_idle = 15" },
	{ 0, RC_LIMITS_KEPT, "tcp_keepalives_interval = 10" },
	{ 0, RC_LIMITS_KEPT, "tcp_keepalives_count = 3" },
	{ 120000, RC_LIMITS_KEPT, "tcp_user_timeout = 45000" },
	{ 90600, RC_NO_IDLE_LIMIT, "idle_in_transaction_session_timeout = 0" },
	{ 170000, RC_NO_IDLE_LIMIT, "transaction_timeout = 0" },
	{ 0, RC_NO_LIMIT, "statement_timeout = 0" },
};

void
rc_wishes_add(struct rc_wishes *script, struct rc_buf *sql, const char *set, int version, enum rc_patience patience, unsigned refused)
{
	for (size_t i = 0; i < RC_WISHES; i++)
		if (version >= wishes[i].version && patience >= wishes[i].patience && (refused & 1U << i) == 0) {
			rc_buf_printf(sql, "%s %s;", set, wishes[i].setting);
			script->sent[script->count++] = i;
		}
}

bool
rc_wishes_refuse(const struct rc_wishes *script, const struct rc_answer *answer, unsigned *refused)
{
	int wish = answer->good - script->before;

	if (wish < 0 || wish >= script->count || rc_sqlstate_class(rc_result_sqlstate(answer->result)) == RC_RETRY)
		return false;
	*refused |= 1U << script->sent[wish];
	return true;
}

/*
 * rc_fate - what became of a transaction whose COMMIT was not answered
 */
#ifndef RC_FATE_H
#define RC_FATE_H

#include "rc_settings.h"

/* What rc_fate_ask() must know of a transaction, to be noted while that is still open. */
struct rc_fate_mark {
	char transaction[24];	/* its number, "" where it has changed nothing */
	char timeline[16];	/* the server's */
};

/* The SQL that gives, in one row, the two texts of a mark. */
#define RC_FATE_MARK_SQL "select pg_catalog.txid_current_if_assigned(), pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)"

enum rc_fate { RC_FATE_COMMITTED, RC_FATE_ABORTED, RC_FATE_UNKNOWN };

/* Asks on new connections (txid_status, which all versions have), for up to ten seconds. */
enum rc_fate rc_fate_ask(const struct rc_settings *settings, const struct rc_fate_mark *mark);

#endif

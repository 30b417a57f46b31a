/*
 * rc_result - what a server's answer says
 *
 * Every byte of an answer is taken for hostile: a SQLSTATE is five characters
 * or none, a message may be missing, a value may not be where it should be.
 * RESULT may be NULL in all of it.
 */
#ifndef RC_RESULT_H
#define RC_RESULT_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "rc_err.h"
#include "rc_str.h"

enum { RC_SQLSTATE_SIZE = 6 };	/* with its NUL */

/* The result's SQLSTATE, which belongs to it; "" where it has none of exactly five characters. */
const char *rc_result_sqlstate(const PGresult *result);

/* Whether the statement ran: rows, or the end of a command. */
bool rc_result_is_good(const PGresult *result);

/* Whether a COPY with the client began, which RC_NO_COPY refuses: libpq would give such a result again and again. */
bool rc_result_is_copy(const PGresult *result);
#define RC_NO_COPY "COPY to or from the client has no place here"

/* Whether another session's lock stood in the way, after lock_timeout. */
bool rc_result_is_locked(const PGresult *result);

/* The text of a value, which belongs to the result; "" where it is null or there is none at that place. */
const char *rc_result_text(const PGresult *result, int row, int column);

/* The server's main words on an error, which belong to the result; never NULL. */
const char *rc_result_words(const PGresult *result);

/* RC_RETRY where SQLSTATE says that the same may work later ("": the connection broke), else RC_FATAL. */
enum rc_exit rc_sqlstate_class(const char *sqlstate);

/* Adds TEXT of a server or of libpq (NULL is none) as one line, ended by a NUL: without LOCATION lines, runs of blanks as one. */
void rc_result_add_line(struct rc_buf *out, const char *text);

/*
 * Takes the SQLSTATE out of WORDS, libpq's message on a failed login where
 * errors are verbose (`FATAL: 28P01: password ...`), and puts it into SQLSTATE
 * of RC_SQLSTATE_SIZE; without one there both stay as they are.
 */
void rc_result_take_sqlstate(struct rc_buf *words, char *sqlstate);

#endif

#include "rc_copy_in.h"

#include <stdlib.h>
#include <string.h>

#include "rc_row_wire.h"

/*
 * The server looks at no row of a message before it has all of it.  So one is
 * well below what a socket holds, or both sides would wait for each other in turn.
 */
enum { SEND_SIZE = 32 * 1024 };
enum { PIECE_MAX = 8 << 20 };	/* the server takes no message of a gigabyte */

/* The error that the server has ended the COPY with, or the end of the process where the connection is gone. */
static PGresult *
take_error(struct rc_copy_in *copy)
{
	PGconn *libpq = copy->session->connection.libpq;
	PGresult *error = NULL, *next;

	copy->open = false;
	PQsetnonblocking(libpq, copy->was_nonblocking);
	while ((next = PQgetResult(libpq)) != NULL) {
		if (error == NULL && !rc_result_is_good(next)) {
			error = next;
		} else {
			if (error == NULL && PQresultStatus(next) == PGRES_COMMAND_OK)
				copy->taken = strtoull(PQcmdTuples(next), NULL, 10);
			PQclear(next);
		}
		if (PQstatus(libpq) == CONNECTION_BAD)
			break;
	}
	if (PQstatus(libpq) == CONNECTION_BAD && *rc_result_sqlstate(error) == '\0') {
		struct rc_buf words = {0};

		rc_result_add_line(&words, PQerrorMessage(libpq));
		rc_die(RC_RETRY, "the connection broke: %s", words.bytes);
	}
	return error;
}

/* The COPY has not begun. */
static PGresult *
end_early(struct rc_copy_in *copy, PGresult *error)
{
	PQsetnonblocking(copy->session->connection.libpq, copy->was_nonblocking);
	return error;
}

PGresult *
rc_copy_in_start(struct rc_copy_in *copy, struct rc_session *session, const char *sql)
{
	static const char signature[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";	/* no flags, no more header; the last NUL is the literal's */
	PGconn *libpq = session->connection.libpq;
	PGresult *result;

	copy->session = session;
	copy->was_nonblocking = PQisnonblocking(libpq);
	PQsetnonblocking(libpq, 0);	/* or libpq would keep in memory what the server is too slow for */
	copy->rows.length = 0;
	copy->error = NULL;
	copy->taken = 0;
	session->unnamed = NULL;
	result = PQexec(libpq, sql);
	if (PQresultStatus(result) != PGRES_COPY_IN) {
		if (PQstatus(libpq) != CONNECTION_BAD || *rc_result_sqlstate(result) != '\0')
			return end_early(copy, result);
		PQclear(result);
		return take_error(copy);
	}
	PQclear(result);
	copy->open = true;
	rc_buf_add(&copy->rows, signature, sizeof signature);
	return NULL;
}

void
rc_copy_in_row(struct rc_copy_in *copy, unsigned fields)
{
	rc_put16(rc_buf_reserve(&copy->rows, 2), fields);
	copy->rows.length += 2;
}

void
rc_copy_in_bytes(struct rc_copy_in *copy, const char *bytes, size_t length)
{
	rc_put32(rc_buf_reserve(&copy->rows, 4), bytes == NULL ? UINT32_MAX : (uint32_t)length);
	copy->rows.length += 4;
	if (bytes != NULL)
		rc_buf_add(&copy->rows, bytes, length);
}

void
rc_copy_in_number(struct rc_copy_in *copy, unsigned long long number, size_t size)
{
	char bytes[8];

	rc_put64(bytes, number);
	rc_copy_in_bytes(copy, bytes + sizeof bytes - size, size);
}

/* Sends what waits; false where the server did not want it. */
static bool
send_rows(struct rc_copy_in *copy)
{
	PGconn *libpq = copy->session->connection.libpq;

	for (size_t at = 0; at < copy->rows.length; at += PIECE_MAX) {
		size_t left = copy->rows.length - at;

		if (PQputCopyData(libpq, copy->rows.bytes + at, (int)(left < PIECE_MAX ? left : PIECE_MAX)) != 1) {
			copy->error = take_error(copy);
			return false;
		}
	}
	copy->rows.length = 0;
	return true;
}

bool
rc_copy_in_flush(struct rc_copy_in *copy)
{
	return copy->open && (copy->rows.length < SEND_SIZE || send_rows(copy));
}

PGresult *
rc_copy_in_end(struct rc_copy_in *copy)
{
	rc_buf_add(&copy->rows, "\377\377", 2);	/* the trailer */
	if (!copy->open || !send_rows(copy))
		return copy->error;
	PQputCopyEnd(copy->session->connection.libpq, NULL);	/* where it fails, the result says why */
	return take_error(copy);
}

void
rc_copy_in_free(struct rc_copy_in *copy)
{
	rc_buf_free(&copy->rows);
}

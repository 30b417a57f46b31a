/*
 * rc_job_map - which table holds the jobs, and what its columns and statuses are called
 *
 * A map is a JSON object in a file.  `table`, `id`, `id_type` (bigint unless
 * told), `job_type`, `payload`, `status`, `attempts` and `run_after` must be
 * there; `schema`, `dedup_key`, `last_error`, `created_at` and `updated_at` may
 * be null or absent; `pending`, `running`, `done` and `failed` are statuses.
 *
 * Statements for such a table stand in SQL files with {NAME} for what a map
 * says: columns, the table and the channel as quoted identifiers, statuses as
 * text in quotes; {NAME_name} is an entry as text in quotes, and {table_path}
 * the table for to_regclass().  A line that names a column which the table has
 * not is left out.
 */
#ifndef RC_JOB_MAP_H
#define RC_JOB_MAP_H

#include <stdbool.h>

#include "rc_record.h"

struct rc_job_map {
	char *file;
	struct rc_record record;
	bool numeric;		/* the id is a number in JSON */
};

/* Reads a map, or ends the process: NAME is a path where it has a slash, else a file of share/maps without its .json. */
void rc_job_map_read(struct rc_job_map *map, const char *name);
void rc_job_map_free(struct rc_job_map *map);

/* Whether the table has that column; the text of an entry, or NULL. */
bool rc_job_map_has(struct rc_job_map *map, const char *name);
const char *rc_job_map_text(struct rc_job_map *map, const char *name);

/* A statement for the table, which the caller frees: FILE is one of share/sql/job, without a slash. */
char *rc_job_map_statement(struct rc_job_map *map, const char *file);

#endif

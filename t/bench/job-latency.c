/*
 * job-latency - for t/bench/rc-job-run.bash: when jobs are added, and when they are in hand
 *
 * `add N MS` adds N jobs, one each MS milliseconds, and prints for each its key,
 * when the INSERT was sent and when it was committed; `take FILE` is a handler
 * that says done and writes into FILE the key of each job and when it came.  The
 * times are microseconds of one clock.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
add(int count, long wait)
{
	const struct timespec pause = { wait / 1000, wait % 1000 * 1000000 };
	PGconn *conn = PQconnectdb(getenv("DATABASE_URL"));
	char key[16];
	const char *values[] = { key };

	for (int i = 0; i < count; i++) {
		long long sent;
		PGresult *result;

		nanosleep(&pause, NULL);
		snprintf(key, sizeof key, "k%d", i);
		sent = now();
		result = PQexecParams(conn, "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at) "
		    "values ('A', $1, '{}', 'PENDING', 0, now(), now(), now())", 1, NULL, values, NULL, NULL, 0);
		if (PQresultStatus(result) != PGRES_COMMAND_OK) {
			fputs(PQerrorMessage(conn), stderr);
			return EXIT_FAILURE;
		}
		printf("%s %lld %lld\n", key, sent, now());
		PQclear(result);
	}
	PQfinish(conn);
	return EXIT_SUCCESS;
}

static int
take(const char *file)
{
	static char line[1 << 16];
	FILE *out = fopen(file, "w");

	while (out != NULL && fgets(line, sizeof line, stdin) != NULL) {
		long long came = now();
		const char *key = strstr(line, "\"dedup_key\":\"");

		printf("%.*s,\"status\":\"done\"}\n", (int)strcspn(line, ","), line);
		fflush(stdout);
		if (key != NULL)
			fprintf(out, "%.*s %lld\n", (int)strcspn(key + 13, "\""), key + 13, came);
		fflush(out);
	}
	return out == NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	if (argc == 4 && strcmp(argv[1], "add") == 0)
		return add(atoi(argv[2]), atol(argv[3]));
	return argc == 3 && strcmp(argv[1], "take") == 0 ? take(argv[2]) : EXIT_FAILURE;
}

/* Appends COUNT lines to the history from each of WRITERS processes at once, and prints how many that were a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_history.h"

static int
append_all(int writer, int count)
{
	char line[400];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof line, "{\"v\":1,\"name\":\"w%d\",\"status\":\"ok\",\"start\":\"2026\",\"n\":%d,\"filler\":\"%0250d\"}\n", writer, i, 0);
		if (rc_history_append(line, strlen(line)) != 0)
			return 1;
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	int writers = argc == 3 ? atoi(argv[1]) : 0, count = argc == 3 ? atoi(argv[2]) : 0, failed = 0, status;
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < writers; i++)
		if (fork() == 0)
			_exit(append_all(i, count));
	while (wait(&status) > 0)
		failed += status != 0;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.0f\n", writers * count / ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9));
	return failed > 0 || writers < 1;
}

/* spawn-loop N PROGRAM - for t/bench/rc-job-run.bash: starts PROGRAM N times, one after another, by posix_spawn. */
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

int
main(int argc, char *argv[])
{
	for (int i = argc == 3 ? atoi(argv[1]) : 0; i > 0; i--) {
		pid_t pid;
		int status;

		if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
			return EXIT_FAILURE;
	}
	return argc == 3 ? EXIT_SUCCESS : EXIT_FAILURE;
}

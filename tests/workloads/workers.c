/* workers COUNT NAME [PROGRAM ARGS...]: creates COUNT children one after the other. Each calls itself NAME, opens "worker"
 * and ends, or executes PROGRAM with its ARGS. Prints their ids. */
#include "workload.h"
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	check(argc >= 3, "workers COUNT NAME [PROGRAM ARGS...]");
	long i;

	begin();
	prctl(PR_SET_NAME, argv[2]);
	for (i = 0; i < number(argv[1]); i++) {
		pid_t child = fork();

		if (!child) {
			syscall(SYS_openat, AT_FDCWD, "worker", O_RDONLY);
			if (argc == 3)
				_exit(7);
			execv(argv[3], argv + 3);
			_exit(99);
		}
		check(child > 0, "fork");
		printf("%d\n", child);
		wait_for(child);
	}
	return 0;
}

/* spawn COUNT PROGRAM: COUNT processes, one after the other, each of which executes PROGRAM. Prints the id of each. */
#include "workload.h"

int main(int argc, char **argv)
{
	long i, count;

	check(argc == 3, "spawn COUNT PROGRAM");
	count = number(argv[1]);
	begin();
	for (i = 0; i < count; i++) {
		char *args[] = { argv[2], NULL };
		pid_t child = vfork();

		if (!child) {
			execve(argv[2], args, environ);
			_exit(99);
		}
		check(child > 0, "vfork");
		check(!wait_for(child), argv[2]);
		printf("%d\n", child);
	}
	return 0;
}

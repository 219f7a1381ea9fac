/* storm COUNT: COUNT processes, all at once: each creates the next ones of a binary tree, opens a file that is there
 * and one that is not, and ends in its own way, by a code or by a signal. Every eleventh executes a program that is not
 * there; of the last ones, every seventh is created by vfork and does nothing else. */
#include "workload.h"
#include <sys/resource.h>

static long count;

static void end(long me)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGUSR1, SIGSEGV };

	if (me % 5 == 3)
		kill(getpid(), signals[me / 5 % 4]);
	_exit(me % 256);
}

static pid_t create_by_vfork(int code)
{
	pid_t child = vfork();

	if (!child)
		_exit(code);
	return child;
}

static void run(long me)
{
	char *args[] = { "storm", NULL }, name[32];
	pid_t children[2] = { 0, 0 };
	int i;

	for (i = 0; i < 2; i++) {
		long next = 2 * me + 1 + i;

		if (next >= count)
			continue;
		if (next % 7 == 0 && 2 * next + 1 >= count) {
			children[i] = create_by_vfork(next % 256);
		} else {
			children[i] = fork();
			if (!children[i]) {
				run(next);
				end(next);
			}
		}
		check(children[i] > 0, "fork");
	}
	snprintf(name, sizeof(name), "missing-%ld", me);
	close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	open(name, O_RDWR);
	if (me % 11 == 0)
		execve(name, args, environ);
	for (i = 0; i < 2; i++)
		if (children[i])
			wait_for(children[i]);
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };

	check(argc == 2, "storm COUNT");
	check(!setrlimit(RLIMIT_CORE, &none), "setrlimit");
	count = number(argv[1]);
	run(0);
	return 0;
}

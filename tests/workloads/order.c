/* order TURNS: three that take turns, each on a processor of its own where there are so many: a thread, a second thread,
 * and a child. Each opens a file of its name and then lets the next one go on, TURNS times. */
#include "workload.h"
#include <sched.h>

static const char *const names[] = { "first", "second", "third" };
static int pipes[3][2];
static long turns;

static void play(int me)
{
	cpu_set_t all, one;
	char token;
	long turn;
	int cpu, skip = me;

	check(!sched_getaffinity(0, sizeof(all), &all), "sched_getaffinity");
	for (cpu = 0; skip || !CPU_ISSET(cpu, &all); cpu = (cpu + 1) % CPU_SETSIZE)
		skip -= !!CPU_ISSET(cpu, &all);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
	for (turn = 0; turn < turns; turn++) {
		check(read(pipes[me][0], &token, 1) == 1, "read");
		close(syscall(SYS_openat, AT_FDCWD, names[me], O_RDONLY));
		check(write(pipes[(me + 1) % 3][1], &token, 1) == 1, "write");
	}
}

static void *second(void *unused)
{
	play(1);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;
	int i;

	check(argc == 2, "order TURNS");
	turns = number(argv[1]);
	for (i = 0; i < 3; i++)
		check(!pipe(pipes[i]), "pipe");
	begin();
	child = fork();
	if (!child) {
		play(2);
		_exit(0);
	}
	check(child > 0, "fork");
	check(!pthread_create(&thread, NULL, second, NULL), "pthread_create");
	check(write(pipes[0][1], "", 1) == 1, "write");
	play(0);
	pthread_join(thread, NULL);
	wait_for(child);
	return 0;
}

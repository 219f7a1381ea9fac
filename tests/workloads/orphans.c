/* orphans COUNT: creates COUNT children, each with one child of its own, and the file "ready". Then the children end, one
 * shortly after the other, and last the grandchildren, which by then have another parent. It ends itself when "ready" is
 * gone. Prints a line for each child: its id and that of its child. */
#include "workload.h"
#include <sys/mman.h>

static void wait_for_end(int pipe[2])
{
	char byte;

	close(pipe[1]);
	check(!read(pipe[0], &byte, 1), "read");
}

static void spin(uint64_t ns)
{
	uint64_t end = boot_ns() + ns;

	while (boot_ns() < end)
		;
}

int main(int argc, char **argv)
{
	int children_end[2], all_end[2], ended[2];
	volatile pid_t (*pairs)[2];
	long i, count;

	check(argc == 2, "orphans COUNT");
	count = number(argv[1]);
	pairs = mmap(NULL, count * sizeof(*pairs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(pairs != MAP_FAILED && !pipe(children_end) && !pipe(all_end) && !pipe(ended), "prepare");
	for (i = 0; i < count; i++) {
		pid_t child = fork();

		check(child >= 0, "fork");
		if (child)
			continue;
		child = fork();
		check(child >= 0, "fork");
		if (!child) {
			close(children_end[1]);
			wait_for_end(all_end);
			_exit(0);
		}
		close(all_end[1]);
		close(ended[1]);
		pairs[i][0] = getpid();
		pairs[i][1] = child;
		wait_for_end(children_end);
		spin(i * 20000); /* ns */
		_exit(0);
	}
	for (i = 0; i < count; i++)
		while (!pairs[i][1])
			sched_yield();
	close(open("ready", O_CREAT | O_WRONLY, 0600));
	begin();
	close(children_end[1]);
	for (i = 0; i < count; i++)
		wait_for(pairs[i][0]);
	close(all_end[1]);
	wait_for_end(ended);
	while (!access("ready", F_OK))
		usleep(1000);
	for (i = 0; i < count; i++)
		printf("%d %d\n", pairs[i][0], pairs[i][1]);
	return 0;
}

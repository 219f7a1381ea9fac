/* cgroup DIRFD COUNT FLAGS: creates COUNT children in the cgroup of that directory, clone3(2), with more FLAGS. Prints
 * for each its id as its creator sees it, and what it sees itself as its parent's. Each opens "child" and ends. */
#include "workload.h"
#include <linux/sched.h>

int main(int argc, char **argv)
{
	check(argc == 4, "cgroup DIRFD COUNT FLAGS");
	uint64_t flags = number(argv[3]);
	long i;

	begin();
	for (i = 0; i < number(argv[2]); i++) {
		struct clone_args args = { .flags = flags | CLONE_INTO_CGROUP, .cgroup = number(argv[1]) };
		int parents[2];
		pid_t child, parent;

		args.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD; /* clone(2): it is the creator's */
		check(!pipe(parents), "pipe");
		child = syscall(SYS_clone3, &args, sizeof(args));
		if (!child) {
			parent = getppid();
			syscall(SYS_openat, AT_FDCWD, "child", O_RDONLY);
			_exit(write(parents[1], &parent, sizeof(parent)) != sizeof(parent));
		}
		check(child > 0, "clone3");
		check(read(parents[0], &parent, sizeof(parent)) == sizeof(parent), "read");
		close(parents[0]);
		close(parents[1]);
		printf("%d %d\n", child, parent);
		if (!(flags & CLONE_PARENT)) /* else the parent of this program waits for it */
			check(!wait_for(child), "child");
	}
	return 0;
}

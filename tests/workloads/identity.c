/* identity UID GID: becomes that user and group, by their real ids only, and opens "me"; a child in a new pid namespace,
 * and its child in one more, do the same with "child" and "grandchild". Prints the process ids from the inside. */
#include "workload.h"
#include <sched.h>

static void open_in_namespaces(const char *const *names)
{
	pid_t child;

	syscall(SYS_openat, AT_FDCWD, names[0], O_RDONLY);
	dprintf(1, "%d\n", getpid());
	if (!names[1])
		return;
	check(!unshare(CLONE_NEWPID), "unshare");
	child = fork();
	if (!child) {
		open_in_namespaces(names + 1);
		_exit(0);
	}
	check(child > 0, "fork");
	check(!wait_for(child), "child");
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "me", "child", "grandchild", NULL };

	check(argc == 3, "identity UID GID");
	begin();
	check(!setresgid(number(argv[2]), -1, -1) && !setresuid(number(argv[1]), -1, -1), "setresuid");
	open_in_namespaces(names);
	return 0;
}

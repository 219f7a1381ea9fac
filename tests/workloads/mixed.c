/* mixed UID: some of everything. 5 opens that succeed and 7 that fail, one of each by a thread with a name of its own; 2
 * more threads; an exec that fails; 3 children, of which one ends well, one with code 1, one by SIGKILL; and a child of
 * the user UID, which opens "other". */
#include "workload.h"
#include <sys/prctl.h>

static void open_often(const char *path, int count)
{
	while (count--)
		close(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY));
}

static void *named(void *unused)
{
	prctl(PR_SET_NAME, "another name");
	open_often("/", 1);
	open_often("missing", 1);
	return unused;
}

static void *unnamed(void *unused)
{
	return unused;
}

static void with_thread(void *(*run)(void *))
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, run, NULL), "pthread_create");
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char *args[] = { "missing", NULL };
	int i;

	check(argc == 2, "mixed UID");
	begin();
	open_often("/", 4);
	open_often("missing", 6);
	with_thread(named);
	with_thread(unnamed);
	with_thread(unnamed);
	execve("missing", args, environ);
	for (i = 0; i < 4; i++) {
		pid_t child = fork();

		if (!child && i == 2)
			kill(getpid(), SIGKILL);
		if (!child && i == 3) {
			check(!setresuid(number(argv[1]), -1, -1), "setresuid");
			open_often("other", 1);
		}
		if (!child)
			_exit(i == 1);
		check(child > 0, "fork");
		wait_for(child);
	}
	return 0;
}

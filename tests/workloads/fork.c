/* fork HOW COUNT [FLAGS SIGNAL]: creates COUNT children or threads, one after the other, each of which ends at once.
 * Prints the id of each, as its creator sees it.
 *
 * HOW is fork, vfork, clone, clone3 (with FLAGS, and SIGNAL for the child's end), thread, or from-thread: a thread that
 * forks. */
#include "workload.h"
#include <linux/sched.h>

static void *end_thread(void *unused)
{
	printf("%ld\n", syscall(SYS_gettid));
	return unused;
}

static void *fork_in_thread(void *unused)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	check(child > 0, "fork");
	printf("%d\n", child);
	wait_for(child);
	return unused;
}

static void with_thread(void *(*run)(void *))
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, run, NULL), "pthread_create");
	pthread_join(thread, NULL);
}

static long create(const char *how, uint64_t flags, uint64_t signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = signal };

	if (!strcmp(how, "clone3"))
		return syscall(SYS_clone3, &args, sizeof(args));
	if (!strcmp(how, "clone"))
		return syscall(SYS_clone, flags | signal, NULL, NULL, NULL, NULL);
#ifdef SYS_fork
	return syscall(SYS_fork);
#else
	return fork();
#endif
}

int main(int argc, char **argv)
{
	check(argc >= 3, "fork HOW COUNT [FLAGS SIGNAL]");
	const char *how = argv[1];
	uint64_t flags = argc > 3 ? number(argv[3]) : 0, signal = argc > 4 ? number(argv[4]) : 0;
	long i;

	begin();
	for (i = 0; i < number(argv[2]); i++) {
		long child;

		if (!strcmp(how, "thread") || !strcmp(how, "from-thread")) {
			with_thread(how[0] == 't' ? end_thread : fork_in_thread);
			continue;
		}
		child = !strcmp(how, "vfork") ? vfork() : create(how, flags, signal);
		if (!child)
			_exit(0);
		check(child > 0, how);
		printf("%ld\n", child);
		if (!(flags & CLONE_PARENT)) /* else the child is a sibling, and who started this program waits for it */
			wait_for(child);
	}
	return 0;
}

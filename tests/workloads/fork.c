/* fork HOW COUNT [FLAGS SIGNAL]: creates COUNT children or threads, one after the other, each of which ends at once.
 * Prints the id of each, as its creator sees it.
 *
 * HOW is fork, vfork, clone, clone3 (with FLAGS, and SIGNAL for the child's end), thread, or from-thread: a thread that
 * forks; from-ended-thread: a thread that forks and ends before its child; same-id: each child gets the process id that
 * the first one had; orphan: a child whose child outlives it, opens "before" and, when it has another parent, which is
 * this program, "after". */
#include "workload.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>

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

static int gate[2];

/* waits until the gate is closed by everybody else */
static void wait_at_gate(void)
{
	char byte;

	close(gate[1]);
	check(!read(gate[0], &byte, 1), "gate");
}

static void *fork_and_end(void *child)
{
	check(!pipe(gate), "pipe");
	*(pid_t *)child = fork();
	if (!*(pid_t *)child) {
		wait_at_gate();
		_exit(0);
	}
	return NULL;
}

static void outlive(pid_t parent)
{
	syscall(SYS_openat, AT_FDCWD, "before", O_RDONLY);
	close(gate[0]);
	close(gate[1]); /* now it may end */
	while (getppid() == parent)
		sched_yield();
	syscall(SYS_openat, AT_FDCWD, "after", O_RDONLY);
	_exit(0);
}

static void make_orphan(void)
{
	pid_t child, grandchild;
	int ids[2];

	check(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) && !pipe(ids), "prctl");
	child = fork();
	if (!child) {
		pid_t parent = getpid();

		check(!pipe(gate), "pipe");
		grandchild = fork();
		if (!grandchild)
			outlive(parent);
		check(write(ids[1], &grandchild, sizeof(grandchild)) == sizeof(grandchild), "write");
		wait_at_gate();
		_exit(0);
	}
	check(read(ids[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild), "read");
	wait_for(child);
	wait_for(grandchild);
	printf("%d %d\n", child, grandchild);
}

static void with_thread(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, run, argument), "pthread_create");
	pthread_join(thread, NULL);
}

static long create(const char *how, uint64_t flags, uint64_t signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = signal };

	static pid_t first; /* clone(2): set_tid */

	if (!strcmp(how, "same-id")) {
		args.exit_signal = SIGCHLD;
		args.set_tid = first ? (uintptr_t)&first : 0;
		args.set_tid_size = !!first;
		long child = syscall(SYS_clone3, &args, sizeof(args));

		first = first ? first : child;
		return child;
	}
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
			with_thread(how[0] == 't' ? end_thread : fork_in_thread, NULL);
			continue;
		}
		if (!strcmp(how, "orphan")) {
			make_orphan();
			continue;
		}
		if (!strcmp(how, "from-ended-thread")) {
			pid_t made;

			with_thread(fork_and_end, &made);
			printf("%d\n", made);
			close(gate[1]);
			wait_for(made);
			close(gate[0]);
			continue;
		}
		child = !strcmp(how, "vfork") ? vfork() : create(how, flags, signal);
		if (!child)
			_exit(0);
		check(child > 0, how);
		printf("%ld\n", child);
		if (!(flags & CLONE_PARENT)) /* else the child is a sibling, and the parent of this program waits for it */
			wait_for(child);
	}
	return 0;
}

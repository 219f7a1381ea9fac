/* threads THREADS ROUNDS PROGRAM: THREADS threads at once, each of which, ROUNDS times, opens a file that is there and
 * one that is not, creates a thread of its own, and creates a child that opens a file; every third child executes
 * PROGRAM, in a thread of its own. In the end, a thread ends the whole process with code 23. */
#include "workload.h"

static long rounds;
static char *program;

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	check(!pthread_create(thread, NULL, run, argument), "pthread_create");
}

static void *open_one(void *name)
{
	close(openat(AT_FDCWD, name, O_RDONLY | O_NONBLOCK));
	return NULL;
}

static void *execute(void *unused)
{
	char *args[] = { program, "from", "a", "thread", NULL };

	execve(program, args, environ);
	_exit(99);
	return unused;
}

static void be_child(long round)
{
	pthread_t thread;

	open_one("/etc/group");
	if (round % 3 == 0) {
		start(&thread, execute, NULL);
		pause();
	}
	_exit(round % 256);
}

static void *work(void *number)
{
	pthread_t thread;
	char name[64];
	pid_t child;
	long i;

	for (i = 0; i < rounds; i++) {
		snprintf(name, sizeof(name), "missing-%ld-%ld", (long)number, i);
		open_one("/etc/passwd");
		open_one(name);
		start(&thread, open_one, "/etc");
		pthread_join(thread, NULL);
		child = fork();
		if (!child)
			be_child(i);
		check(child > 0, "fork");
		wait_for(child);
	}
	return NULL;
}

static void *end(void *unused)
{
	exit(23);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[64], last;
	long i, count;

	check(argc == 4 && number(argv[1]) <= 64, "threads THREADS ROUNDS PROGRAM");
	count = number(argv[1]);
	rounds = number(argv[2]);
	program = argv[3];
	for (i = 0; i < count; i++)
		start(&threads[i], work, (void *)i);
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	start(&last, end, NULL);
	pause();
	return 0;
}

/* exec HOW DIRFD FLAGS PATH ARGS...: executes PATH with the arguments ARGS. Prints errno where that fails.
 *
 * HOW is execve, execveat (with DIRFD and FLAGS), bare (execve with no argument at all, not even the first), lost (the
 * arguments are nowhere), many (the first of ARGS 300000 times, which is more than the kernel takes), thread (execve by another thread than the main one), child (execve by a child). */
#include "workload.h"

#define MANY 300000

static char **options;

static void execute(const char *how, char *path, char **args)
{
	static char *none[1], *many[MANY + 1];
	int i;

	for (i = 0; i < MANY; i++)
		many[i] = args[0];
	if (!strcmp(how, "execveat"))
		syscall(SYS_execveat, number(options[2]), path, args, environ, number(options[3]));
	else
		syscall(SYS_execve, path,
			!strcmp(how, "bare") ? none :
			!strcmp(how, "lost") ? (char **)8 :
			!strcmp(how, "many") ? many :
					       args,
			environ);
	printf("%d\n", errno);
}

static void *in_thread(void *unused)
{
	execute("execve", options[4], options + 5);
	exit(0);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	check(argc >= 5, "exec HOW DIRFD FLAGS PATH ARGS...");
	options = argv;
	begin();
	if (!strcmp(argv[1], "thread")) {
		check(!pthread_create(&thread, NULL, in_thread, NULL), "pthread_create");
		pause();
	} else if (!strcmp(argv[1], "child")) {
		child = fork();
		if (child)
			return wait_for(child) ? 1 : 0;
		execute("execve", argv[4], argv + 5);
	} else {
		execute(argv[1], argv[4], argv + 5);
	}
	return 0;
}

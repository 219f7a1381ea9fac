/* exec HOW DIRFD FLAGS PATH ARGS...: executes PATH with the arguments ARGS. Prints errno where that fails.
 *
 * HOW is execve, execveat (with DIRFD and FLAGS), bare (execve with no argument at all, not even the first), lost (the
 * arguments are nowhere), gone (the second argument is in a page that was given back), edge (the second argument's NUL is
 * in a page that is not there), long (the second argument is its
 * first letter 128 Ki times, which is more than the kernel takes), many (the first of ARGS 300000 times, which is more
 * than the kernel takes), thread (execve by another thread than the main one), child, vfork (execve by a child), search
 * (execvp; DIRFD is what environ(7) calls PATH), again (execve FLAGS times, and prints errno once), retitle (executes
 * nothing and writes over its own ARGS). */
#include "workload.h"
#include <sys/mman.h>

#define MANY 300000

static char **options;

/* a text in a page that is not there any more: reading it would give nothing but zeros */
static char *given_back(const char *text)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(page != MAP_FAILED, "mmap");
	strcpy(page, text);
	check(!madvise(page, 4096, MADV_DONTNEED), "madvise");
	return page;
}

/* the last bytes before a page that is not there */
static char *at_edge(const char *text)
{
	char *pages = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *edge = pages + (1 << 16);

	check(pages != MAP_FAILED && !munmap(edge, 1 << 16), "mmap");
	return memcpy(edge - strlen(text), text, strlen(text));
}

static char *lengthened(const char *text)
{
	static char all[(128 << 10) + 1];

	return memset(all, text[0], sizeof(all) - 1);
}

static void execute(const char *how, char *path, char **args)
{
	static char *none[1], *many[MANY + 1];
	long i;

	for (i = 0; i < MANY; i++)
		many[i] = args[0];
	if (!strcmp(how, "gone"))
		args[1] = given_back(args[1]);
	if (!strcmp(how, "edge"))
		args[1] = at_edge(args[1]);
	if (!strcmp(how, "long"))
		args[1] = lengthened(args[1]);
	for (i = number(options[3]); i > 1 && !strcmp(how, "again"); i--)
		syscall(SYS_execve, path, args, environ);
	if (!strcmp(how, "search"))
		execvp(path, args);
	else if (!strcmp(how, "execveat"))
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
	} else if (!strcmp(argv[1], "child") || !strcmp(argv[1], "vfork")) {
		child = argv[1][0] == 'c' ? fork() : vfork();
		if (child)
			return wait_for(child) ? 1 : 0;
		execute("execve", argv[4], argv + 5);
		_exit(0);
	} else if (!strcmp(argv[1], "retitle")) {
		memset(argv[5], '#', strlen(argv[5]));
		pause();
	} else {
		if (!strcmp(argv[1], "search"))
			setenv("PATH", argv[2], 1);
		execute(argv[1], argv[4], argv + 5);
	}
	return 0;
}

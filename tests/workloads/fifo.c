/* fifo HOW PATH: the main thread opens a fifo, which takes until another thread has done something and then opens its
 * other end. Prints what the call gave, and errno.
 *
 * HOW is changed, where the path is written over; dropped, where its page is given back; interrupted, where a signal
 * makes the kernel start the call again; or never, where nobody opens the other end. */
#include "workload.h"
#include <sched.h>
#include <sys/mman.h>

static const char *how, *fifo;
static char *page;
static pthread_t opener;
static pid_t opener_tid;
static int interrupted;

/* until the main thread waits in openat(2); proc(5), /proc/PID/syscall */
static void wait_for_call(void)
{
	char name[64], text[64] = "";

	snprintf(name, sizeof(name), "/proc/self/task/%d/syscall", opener_tid);
	while (strtol(text, NULL, 10) != SYS_openat) {
		int file = open(name, O_RDONLY);
		ssize_t length = read(file, text, sizeof(text) - 1);

		check(file >= 0 && length >= 0, name);
		text[length] = 0;
		close(file);
		sched_yield();
	}
}

static void on_signal(int unused)
{
	__atomic_store_n(&interrupted, unused, __ATOMIC_SEQ_CST);
}

static void *disturb(void *unused)
{
	wait_for_call();
	if (!strcmp(how, "changed"))
		strcpy(page, "something else");
	else if (!strcmp(how, "dropped"))
		check(!madvise(page, 4096, MADV_DONTNEED), "madvise");
	else if (!strcmp(how, "never"))
		return unused;
	else
		pthread_kill(opener, SIGUSR1);
	while (!strcmp(how, "interrupted") && !__atomic_load_n(&interrupted, __ATOMIC_SEQ_CST))
		sched_yield();
	wait_for_call();
	check(open(fifo, O_WRONLY) >= 0, fifo);
	return unused;
}

int main(int argc, char **argv)
{
	struct sigaction restart = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t thread;
	long fd;

	check(argc == 3 && strlen(argv[2]) < 4096, "fifo HOW PATH");
	how = argv[1];
	fifo = argv[2];
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(page != MAP_FAILED && !sigaction(SIGUSR1, &restart, NULL), "mmap");
	strcpy(page, fifo);
	opener = pthread_self();
	opener_tid = getpid();
	begin();
	check(!pthread_create(&thread, NULL, disturb, NULL), "pthread_create");
	fd = syscall(SYS_openat, AT_FDCWD, page, O_RDONLY);
	printf("%ld %d\n", fd, fd < 0 ? errno : 0);
	return 0;
}

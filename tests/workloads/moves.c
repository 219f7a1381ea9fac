/* moves WAY COUNT: opens the file "f" COUNT times by a directory that another process moves all the time; in a mount
 * namespace and an empty directory of its own.
 * WAY: dirs, the directory above it and the one above that change places; mounts, the file system that it is in moves,
 * and the one that that is in; cwd, a thread changes the working directory from one file system to another, and what is
 * opened is "missing" and starts there. */
#include "workload.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void make(const char *directory)
{
	check(!mkdir(directory, 0755), directory);
}

static void move(int mounts, const char *from, const char *to)
{
	check(!(mounts ? mount(from, to, NULL, MS_MOVE, NULL) : rename(from, to)), from);
}

static void move_for_ever(int mounts)
{
	for (;;) {
		move(mounts, "a/outer", "b/second");
		move(mounts, "b/second/inner", "c/alone");
		move(mounts, "b/second", "a/outer");
		move(mounts, "c/alone", "a/outer/inner");
	}
}

static int places[2];

static void *move_the_process(void *unused)
{
	for (;;) {
		check(!fchdir(places[0]), "fchdir");
		check(!fchdir(places[1]), "fchdir");
	}
	return unused;
}

static int place(const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY);

	check(fd >= 0, directory);
	return fd;
}

static void open_while_the_process_moves(long count)
{
	pthread_t mover;

	places[0] = place("a/outer/inner");
	places[1] = place("b");
	check(!fchdir(places[0]), "fchdir");
	check(!pthread_create(&mover, NULL, move_the_process, NULL), "pthread_create");
	syscall(SYS_openat, -1, "begin", O_RDONLY);
	while (count-- > 0)
		check(syscall(SYS_openat, AT_FDCWD, "missing", O_RDONLY) < 0, "missing");
}

int main(int argc, char **argv)
{
	check(argc == 3, "moves WAY COUNT");
	int moves_itself = !strcmp(argv[1], "cwd"), mounts = moves_itself || !strcmp(argv[1], "mounts"), directory;
	long count = number(argv[2]), i;
	pid_t mover;

	begin();
	check(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "unshare");
	make("a");
	make("b");
	make("c");
	make("a/outer");
	if (mounts) {
		make("b/second");
		make("c/alone");
		check(!mount("none", "a/outer", "tmpfs", 0, NULL), "mount");
	}
	make("a/outer/inner");
	if (mounts)
		check(!mount("none", "a/outer/inner", "tmpfs", 0, NULL), "mount");
	directory = open("a/outer/inner/f", O_CREAT | O_RDWR, 0644);
	check(directory >= 0 && !close(directory), "f");
	directory = open("a/outer/inner", O_PATH | O_DIRECTORY);
	if (moves_itself) {
		open_while_the_process_moves(count);
		_exit(0);
	}
	mover = fork();
	check(directory >= 0 && mover >= 0, "fork");
	if (!mover) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		move_for_ever(mounts);
	}
	syscall(SYS_openat, -1, "begin", O_RDONLY);
	for (i = 0; i < count; i++) {
		int fd = openat(directory, "f", O_RDONLY);

		check(fd >= 0 && !close(fd), "openat");
	}
	kill(mover, SIGKILL);
	wait_for(mover);
	return 0;
}

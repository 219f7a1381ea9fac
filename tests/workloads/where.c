/* where CALL DIRFD PATH FLAGS COUNT: opens PATH in that way, COUNT times. Prints for each, on a line, the descriptor, the
 * file's device and inode, and where the descriptor leads to; or minus the error. */
#include "workload.h"
#include <linux/openat2.h>
#include <sys/stat.h>

static long open_it(const char *call, int dirfd, const char *path, long flags)
{
	struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0 };

	if (!strcmp(call, "openat"))
		return syscall(SYS_openat, dirfd, path, flags, 0600);
	if (!strcmp(call, "openat2"))
		return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
#ifdef SYS_open
	if (!strcmp(call, "creat"))
		return syscall(SYS_creat, path, 0600);
	return syscall(SYS_open, path, flags, 0600);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static void report(int fd)
{
	char name[32], link[4096];
	struct stat file;
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, link, sizeof(link));
	check(length >= 0 && !fstat(fd, &file), "readlink");
	printf("%d %lu %lu %.*s\n", fd, (unsigned long)file.st_dev, (unsigned long)file.st_ino, (int)length, link);
}

int main(int argc, char **argv)
{
	check(argc == 6, "where CALL DIRFD PATH FLAGS COUNT");
	long flags = number(argv[4]), i;

	begin();
	for (i = 0; i < number(argv[5]); i++) {
		long fd = open_it(argv[1], number(argv[2]), argv[3], flags);

		if (fd < 0) {
			printf("%d\n", -errno);
			continue;
		}
		report(fd);
		close(fd);
	}
	return 0;
}

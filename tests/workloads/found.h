/* What a program finds by a descriptor: for tests that compare it with the open event. */
#include <sys/stat.h>

/* a line: the descriptor, the file's device and inode, and where the descriptor leads to */
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

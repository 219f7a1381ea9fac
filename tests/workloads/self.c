/* self: says of itself, on a line each, the device and inode of its program, the program, and the working directory. */
#include "workload.h"
#include <sys/stat.h>

static void print_link(const char *name)
{
	char link[4096];
	ssize_t length = readlink(name, link, sizeof(link));

	check(length >= 0, name);
	printf("%.*s\n", (int)length, link);
}

int main(void)
{
	struct stat program;

	check(!stat("/proc/self/exe", &program), "stat");
	printf("%lu %lu\n", (unsigned long)program.st_dev, (unsigned long)program.st_ino);
	print_link("/proc/self/exe");
	print_link("/proc/self/cwd");
	return 0;
}

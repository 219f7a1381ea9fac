/* where CALL DIRFD PATH FLAGS COUNT: opens PATH in that way, COUNT times. Prints for each what found.h does, or minus
 * the error. */
#include "workload.h"
#include "found.h"
#include <linux/openat2.h>

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

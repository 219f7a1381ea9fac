/* number COUNT: open "/" that many times by a system call whose number has rubbish in its upper half; print how many
 * succeeded. */
#include "workload.h"

int main(int argc, char **argv)
{
	check(argc == 2, "number COUNT");
	long opened = 0;

	begin();
	for (long i = number(argv[1]); i; i--)
		opened += !close(syscall(SYS_openat | 0xdeadL << 32, AT_FDCWD, "/", O_RDONLY));
	printf("%ld\n", opened);
	return 0;
}

/* number COUNT: open "/" that many times by a system call whose number has rubbish in its upper half, of which the kernel
 * takes no notice. */
#include "workload.h"

int main(int argc, char **argv)
{
	check(argc == 2, "number COUNT");
	begin();
	for (long i = number(argv[1]); i; i--)
		close(syscall(SYS_openat | 0xdeadL << 32, AT_FDCWD, "/", O_RDONLY));
	return 0;
}

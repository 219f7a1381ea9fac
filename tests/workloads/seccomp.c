/* seccomp CALL VALUE PATH: execve or openat of PATH, kept from the kernel by a filter of this program that makes the call
 * give minus VALUE, such as 0; seccomp(2). Prints what the call gave, and errno. */
#include "workload.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static void forbid(int number, int value)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | value),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	check(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

int main(int argc, char **argv)
{
	check(argc == 4, "seccomp CALL VALUE PATH");
	int executes = !strcmp(argv[1], "execve");
	char *args[] = { argv[3], NULL };
	long result;

	begin();
	forbid(executes ? SYS_execve : SYS_openat, number(argv[2]));
	errno = 0;
	result = executes ? syscall(SYS_execve, argv[3], args, environ) :
			    syscall(SYS_openat, AT_FDCWD, argv[3], O_RDONLY);
	printf("%ld %d\n", result, errno);
	return 0;
}

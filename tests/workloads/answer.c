/* answer HOW CALL VALUE PATH FLAGS COUNT: openat or unlink of PATH, COUNT times, where something else than the kernel may
 * give the result. Prints the last result, and errno. CALL can also be "compat", an openat as 32-bit programs make it, or
 * "x32".
 * answer HOW exec 0 PROGRAM ARGS...: executes the program under such a filter.
 *
 * HOW: allow, a seccomp filter that allows by the call's number; look, one that allows once it has looked at an argument;
 * trap, SIGSYS; pending, the same after 23 blocked signals; errno, minus VALUE; notify, a supervisor gives VALUE; go-on, a supervisor lets the kernel do it; cont,
 * syscall, sysemu, a tracer that emulates the call (PTRACE_SYSEMU) gives VALUE and goes on with that request. */
#include "workload.h"
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))
#define I386_OPENAT 295
#define X32_BIT 0x40000000

/* Signals of this thread that stay pending. */
static void send_blocked(int count)
{
	siginfo_t info = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	check(!sigprocmask(SIG_BLOCK, &blocked, NULL), "sigprocmask");
	while (count--)
		check(!syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN, &info), "rt_tgsigqueueinfo");
}

static int install(unsigned int number, unsigned int answer, unsigned int flags)
{
	struct sock_filter by_number[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter by_argument[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(by_number), by_number };
	long result;

	if (!answer)
		program = (struct sock_fprog){ ARRAY_SIZE(by_argument), by_argument };
	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	check(result >= 0, "seccomp");
	return result;
}

/* Answers `count` calls that its parent's listener gets. */
static void supervise(int words, long value, long count)
{
	int listener, pidfd = syscall(SYS_pidfd_open, getppid(), 0);

	check(read(words, &listener, sizeof(listener)) == sizeof(listener), "read");
	listener = syscall(SYS_pidfd_getfd, pidfd, listener, 0);
	check(listener >= 0, "pidfd_getfd");
	while (count-- > 0) {
		struct seccomp_notif asked = {};
		struct seccomp_notif_resp answer = {};

		check(!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked), "NOTIF_RECV");
		answer.id = asked.id;
		if (value == LONG_MIN)
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (value < 0)
			answer.error = value;
		else
			answer.val = value;
		check(!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), "NOTIF_SEND");
	}
	_exit(0);
}

#if defined(__x86_64__)
/* Emulates the next call of its parent's, which says when by SIGUSR1, and lets go of it at SIGUSR2. */
static void emulate(int ready, const char *how, long value)
{
	pid_t tracee = getppid();
	struct user_regs_struct registers;
	int status, request = !strcmp(how, "cont") ? PTRACE_CONT : !strcmp(how, "syscall") ? PTRACE_SYSCALL : PTRACE_SYSEMU;

	check(!ptrace(PTRACE_SEIZE, tracee, 0, 0), "PTRACE_SEIZE");
	check(write(ready, "", 1) == 1, "write");
	check(waitpid(tracee, &status, __WALL) == tracee, "waitpid"); /* SIGUSR1 */
	check(!ptrace(PTRACE_SYSEMU, tracee, 0, 0), "PTRACE_SYSEMU");
	check(waitpid(tracee, &status, __WALL) == tracee, "waitpid"); /* the call begins */
	check(!ptrace(PTRACE_GETREGS, tracee, 0, &registers), "PTRACE_GETREGS");
	registers.rax = value;
	check(!ptrace(PTRACE_SETREGS, tracee, 0, &registers), "PTRACE_SETREGS");
	check(!ptrace(request, tracee, 0, 0), "PTRACE_...");
	check(waitpid(tracee, &status, __WALL) == tracee, "waitpid");
	if (request == PTRACE_SYSEMU) { /* another call begins: let it start again */
		check(!ptrace(PTRACE_GETREGS, tracee, 0, &registers), "PTRACE_GETREGS");
		registers.rax = registers.orig_rax;
		registers.rip -= 2;
		check(!ptrace(PTRACE_SETREGS, tracee, 0, &registers), "PTRACE_SETREGS");
	}
	if (request != PTRACE_CONT) {
		check(!ptrace(PTRACE_CONT, tracee, 0, 0), "PTRACE_CONT");
		check(waitpid(tracee, &status, __WALL) == tracee, "waitpid"); /* SIGUSR2 */
	}
	check(!ptrace(PTRACE_DETACH, tracee, 0, 0), "PTRACE_DETACH");
	_exit(0);
}

static long int80(long call, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t r8 asm("r8") = 0;
	long result;

	asm volatile("int $0x80"
		     : "=a"(result), "+r"(r8)
		     : "a"(call), "b"(a), "c"(b), "d"(c), "S"(0), "D"(0)
		     : "memory", "r9", "r10", "r11");
	return result;
}

static char *low_text(const char *text)
{
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	check(at != MAP_FAILED, "mmap");
	return strcpy(at, text);
}
#endif

static void ignore(int signal)
{
}

static long make(const char *call, char *path, long flags)
{
#if defined(__x86_64__)
	if (!strcmp(call, "compat"))
		return int80(I386_OPENAT, (uint32_t)AT_FDCWD, (uintptr_t)path, flags);
	if (!strcmp(call, "x32"))
		return syscall(X32_BIT | SYS_openat, AT_FDCWD, path, flags, 0600);
#endif
	if (!strcmp(call, "unlink"))
		return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	return syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

int main(int argc, char **argv)
{
	check(argc >= 5, "answer HOW CALL VALUE PATH ...");
	const char *how = argv[1], *call = argv[2];
	long value = number(argv[3]), flags = argc > 6 ? number(argv[5]) : 0, count = argc > 6 ? number(argv[6]) : 0, result = 0;
	int nr = !strcmp(call, "compat") ? I386_OPENAT :
		 !strcmp(call, "x32")    ? X32_BIT | SYS_openat :
		 !strcmp(call, "unlink") ? SYS_unlinkat :
					   SYS_openat;
	int is_notified = !strcmp(how, "notify") || !strcmp(how, "go-on"), is_emulated = 0, error = 0, words[2];
	pid_t other = 0;
	char byte, *path = argv[4];

#if defined(__x86_64__)
	is_emulated = !strcmp(how, "cont") || !strcmp(how, "syscall") || !strcmp(how, "sysemu");
	if (!strcmp(call, "compat"))
		path = low_text(path);
#endif
	if (strcmp(call, "exec"))
		begin();
	signal(SIGSYS, ignore);
	signal(SIGUSR1, ignore);
	signal(SIGUSR2, ignore);
	check(!pipe(words), "pipe");
	if (is_notified || is_emulated)
		other = fork();
	if (!other && is_notified)
		supervise(words[0], strcmp(how, "notify") ? LONG_MIN : value, count);
#if defined(__x86_64__)
	if (!other && is_emulated)
		emulate(words[1], how, value);
#endif
	if (is_notified) {
		int listener = install(nr, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

		check(write(words[1], &listener, sizeof(listener)) == sizeof(listener), "write");
	} else if (is_emulated) {
		check(read(words[0], &byte, 1) == 1, "read");
		syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	} else {
		if (!strcmp(how, "pending"))
			send_blocked(23);
		install(nr, !strcmp(how, "trap") || !strcmp(how, "pending") ? SECCOMP_RET_TRAP :
			    !strcmp(how, "errno")			    ? SECCOMP_RET_ERRNO | value :
			    !strcmp(how, "allow")			    ? SECCOMP_RET_ALLOW :
									      0, 0);
	}
	if (!strcmp(call, "exec"))
		execv(path, argv + 4);
	while (count-- > 0) {
		errno = 0;
		result = make(call, path, flags);
		error = errno;
		if (result > 2 && !is_emulated && strcmp(how, "notify"))
			close(result);
	}
	if (is_emulated)
		syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2);
	if (other)
		check(!wait_for(other), "the other process");
	printf("%ld %d\n", result, error);
	return 0;
}

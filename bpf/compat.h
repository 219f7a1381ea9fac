/* What differs between architectures and kernels, behind one name each; a probe never sees a version. */
#ifndef ONLOOKER_COMPAT_H
#define ONLOOKER_COMPAT_H

#if defined(__TARGET_ARCH_x86)
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_OPEN 2
#define NR_CLONE 56
#define NR_FORK 57
#define NR_VFORK 58
#define NR_EXECVE 59
#define NR_CREAT 85
#define NR_OPENAT 257
#define NR_EXECVEAT 322
#define SYSCALL_NUMBER(regs) ((long)(regs)->orig_ax)
#define SYSCALL_ARG1(regs) ((regs)->di)
#define SYSCALL_ARG2(regs) ((regs)->si)
#define SYSCALL_ARG3(regs) ((regs)->dx)
#define SYSCALL_ARG4(regs) ((regs)->r10)

/* arch/x86/include/asm/thread_info.h: TS_COMPAT, set while a 32-bit system call runs; its numbers and registers are
 * other ones */
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.status & 2;
}
#elif defined(__TARGET_ARCH_arm64)
/* include/uapi/asm-generic/unistd.h; there is no open, creat, fork or vfork. The first argument's register holds the
 * result at exit, orig_x0 keeps the argument (arch/arm64/kernel/syscall.c). */
#define NR_OPEN -2
#define NR_CREAT -3
#define NR_FORK -4
#define NR_VFORK -5
#define NR_CLONE 220
#define NR_EXECVE 221
#define NR_OPENAT 56
#define NR_EXECVEAT 281
#define SYSCALL_NUMBER(regs) ((long)(regs)->syscallno)
#define SYSCALL_ARG1(regs) ((regs)->orig_x0)
#define SYSCALL_ARG2(regs) ((regs)->regs[1])
#define SYSCALL_ARG3(regs) ((regs)->regs[2])
#define SYSCALL_ARG4(regs) ((regs)->regs[3])

/* arch/arm64/include/asm/thread_info.h: TIF_32BIT, a 32-bit task */
static __always_inline bool is_compat(struct task_struct *task)
{
	return !!(task->thread_info.flags & (1UL << 22));
}
#endif

/* the same number everywhere since 5.3 and 5.6 */
#define NR_CLONE3 435
#define NR_OPENAT2 437

/* Sets `size` bytes at `to` to zero. There is no helper for that, but a failing bpf_probe_read_kernel clears its
 * destination (bpf_probe_read_kernel_common, kernel/trace/bpf_trace.c), and address 0 is never readable. */
static __always_inline void zero(void *to, __u32 size)
{
	bpf_probe_read_kernel(to, size, 0);
}

#endif

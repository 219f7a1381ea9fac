/* One program for the exits of all system calls: where the tracepoint of each call can't be had, because tracefs can't
 * be reached. It costs every system call of the machine a little. */

/* not inlined: with a stack of its own, beside that of a failed exec, it stays below 512 bytes (Linux before 6.13) */
static __noinline int emit_any_open(struct pt_regs *regs, enum open_syscall syscall, long result)
{
	return emit_open(regs, syscall, result);
}

/* include/trace/events/syscalls.h, TP_PROTO(struct pt_regs *regs, long ret) */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	long number = SYSCALL_NUMBER(regs);

	if (config.opens) {
		enum open_syscall syscall = number == NR_OPENAT	 ? OPEN_SYSCALL_OPENAT :
					    number == NR_OPEN	 ? OPEN_SYSCALL_OPEN :
					    number == NR_OPENAT2 ? OPEN_SYSCALL_OPENAT2 :
					    number == NR_CREAT	 ? OPEN_SYSCALL_CREAT :
								   0;

		/* a 32-bit call's number means another call here */
		if (syscall && !is_compat(bpf_get_current_task_btf()))
			return emit_any_open(regs, syscall, result);
	}
	if (config.execs && result < 0 && !is_compat(bpf_get_current_task_btf())) {
		if (number == NR_EXECVE)
			return emit_exec_failed((const char *)SYSCALL_ARG1(regs),
						(const char *const *)SYSCALL_ARG2(regs), result);
		if (number == NR_EXECVEAT)
			return emit_exec_failed((const char *)SYSCALL_ARG2(regs),
						(const char *const *)SYSCALL_ARG3(regs), result);
	}
	return 0;
}

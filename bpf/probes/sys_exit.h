/* The ends of system calls, where both arguments and result are known. */

/* `kinds` is a constant when the program is loaded: what is not wanted is cut out then, and the verifier skips it. */
#define EMIT(NAME, name)                                                                                               \
	case KIND_##NAME:                                                                                              \
		return kinds & 1 << KIND_##NAME ? emit_##name(call) : 0;

static __always_inline int dispatch(struct call *call, const __u32 kinds)
{
	if (is_rmdir(call)) {
		call->kind = KIND_RMDIR;
		call->number = RMDIR_SYSCALL_UNLINKAT;
	}
	switch (call->kind) {
		CALL_EVENTS(EMIT) /* wire.h: the events that the return of a call shows */
	default:
		return 0;
	}
}

/* One program for all system calls, native and 32-bit: it costs every one of them a little.
 * include/trace/events/syscalls.h, TP_PROTO(struct pt_regs *regs, long ret) */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	long number = SYSCALL_NUMBER(regs);
	struct call call;

	if (!may_be_wanted(number) || !read_call(&call, regs, number, result) || !verify_result(&call, regs, number))
		return 0;
	return dispatch(&call, config.kinds_by_sys_exit); /* another program reports the others */
}

/* The same at the tracepoints of single calls: it costs others less, but 32-bit calls do not pass there
 * (arch_trace_is_compat_syscall). kernel/trace/trace.h, struct syscall_trace_exit. */
struct syscall_exit {
	__u64 common;
	long number;
	long result;
};

SEC("tp")
int on_call_exit(struct syscall_exit *ctx)
{
	struct pt_regs *regs = task_registers();
	long number = SYSCALL_NUMBER(regs);
	struct call call;

	if (!read_call(&call, regs, number, ctx->result) || !verify_result(&call, regs, number))
		return 0;
	return dispatch(&call, config.kinds_by_call_exit);
}

/* The same where the functions of the calls return: it costs other calls nothing, and sees 32-bit ones. Since Linux 6.14
 * (4346ba160409) fprobe uses the function graph tracer, and where programs at tracepoints can be preempted, the tracer
 * calls it with preemption off (ftrace_test_recursion_trylock in __ftrace_return_to_handler, kernel/trace/fgraph.c):
 * no process is skipped because another interrupted this program.
 *
 * The function of a call that a seccomp filter answers is never entered. It is seen where __secure_computing returns -1
 * (kernel/seccomp.c): the caller's result is then in its registers. */
SEC("kretprobe.multi")
int on_call_return(struct pt_regs *ctx)
{
	struct pt_regs *regs = task_registers();
	bool is_answered = bpf_get_attach_cookie(ctx) == ANSWERED_BY_SECCOMP;
	long result = ctx->RESULT_REGISTER;
	struct call call;

	if (is_answered) {
		if ((int)result != -1)
			return 0;
		result = REGISTER(regs, RESULT_REGISTER);
	}
	if (!read_call(&call, regs, SYSCALL_NUMBER(regs), result))
		return 0;
	/* a success is made up; an error is what the caller gets */
	if (is_answered && (result >= 0 || !is_possible(&call) || was_trapped(&call, regs)))
		return 0;
	return dispatch(&call, config.kinds_by_call_return);
}

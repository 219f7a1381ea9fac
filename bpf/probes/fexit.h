/* The returns of the functions that are the system calls: other calls are not touched at all, and 32-bit ones have
 * separate functions, which are seen too. Unless something intervenes, `result` is what the caller gets. */

static __noinline int emit_open(struct call *call);
static __noinline int emit_exec(struct call *call);

static __always_inline int emit_returned(enum kind kind, long result)
{
	/* the argument of these functions is the same registers, but some kernels have no type for it */
	struct pt_regs *regs = task_registers();
	struct call call;

	if (!read_call(&call, regs, SYSCALL_NUMBER(regs), result) || call.kind != kind)
		return 0;
	return kind == KIND_OPEN ? emit_open(&call) : emit_exec(&call);
}

#define ON_RETURN(function, kind)                                                                                      \
	SEC("fexit/" #function)                                                                                        \
	int on##function(__u64 *ctx)                                                                                   \
	{                                                                                                              \
		return emit_returned(kind, ctx[1]);                                                                    \
	}

/* Linux 4.17, arch/x86/include/asm/syscall_wrapper.h and arch/arm64/include/asm/syscall_wrapper.h:
 * long __…_sys_…(const struct pt_regs *regs) */
#if defined(__TARGET_ARCH_x86)
ON_RETURN(__x64_sys_open, KIND_OPEN)
ON_RETURN(__x64_sys_openat, KIND_OPEN)
ON_RETURN(__x64_sys_openat2, KIND_OPEN)
ON_RETURN(__x64_sys_creat, KIND_OPEN)
ON_RETURN(__x64_sys_open_by_handle_at, KIND_OPEN)
ON_RETURN(__x64_sys_execve, KIND_EXEC)
ON_RETURN(__x64_sys_execveat, KIND_EXEC)
ON_RETURN(__ia32_compat_sys_open, KIND_OPEN)
ON_RETURN(__ia32_compat_sys_openat, KIND_OPEN)
ON_RETURN(__ia32_sys_openat2, KIND_OPEN)
ON_RETURN(__ia32_sys_creat, KIND_OPEN)
ON_RETURN(__ia32_compat_sys_open_by_handle_at, KIND_OPEN)
ON_RETURN(__ia32_compat_sys_execve, KIND_EXEC)
ON_RETURN(__ia32_compat_sys_execveat, KIND_EXEC)
#elif defined(__TARGET_ARCH_arm64)
ON_RETURN(__arm64_sys_openat, KIND_OPEN)
ON_RETURN(__arm64_sys_openat2, KIND_OPEN)
ON_RETURN(__arm64_sys_open_by_handle_at, KIND_OPEN)
ON_RETURN(__arm64_sys_execve, KIND_EXEC)
ON_RETURN(__arm64_sys_execveat, KIND_EXEC)
ON_RETURN(__arm64_sys_creat, KIND_OPEN)
ON_RETURN(__arm64_compat_sys_open, KIND_OPEN)
ON_RETURN(__arm64_compat_sys_openat, KIND_OPEN)
ON_RETURN(__arm64_compat_sys_open_by_handle_at, KIND_OPEN)
ON_RETURN(__arm64_compat_sys_execve, KIND_EXEC)
ON_RETURN(__arm64_compat_sys_execveat, KIND_EXEC)
#endif

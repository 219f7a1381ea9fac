/* The returns of the functions that are the system calls: other calls are not touched at all, and 32-bit ones have
 * functions of their own, which are seen too. Where nothing stands in the way of it, `result` is what the caller gets. */

#define ON_RETURN(function, of_kind, emit)                                                                             \
	SEC("fexit/" #function)                                                                                        \
	int on##function(__u64 *ctx)                                                                                   \
	{                                                                                                              \
		struct pt_regs *regs = (void *)ctx[0];                                                                 \
		struct call call;                                                                                      \
                                                                                                                       \
		if (!read_call(&call, regs, SYSCALL_NUMBER(regs), ctx[1]) || call.kind != of_kind)                     \
			return 0;                                                                                      \
		return emit(&call);                                                                                    \
	}

/* Linux 4.17, arch/x86/include/asm/syscall_wrapper.h and arch/arm64/include/asm/syscall_wrapper.h:
 * long __…_sys_…(const struct pt_regs *regs) */
#if defined(__TARGET_ARCH_x86)
ON_RETURN(__x64_sys_open, KIND_OPEN, emit_open)
ON_RETURN(__x64_sys_openat, KIND_OPEN, emit_open)
ON_RETURN(__x64_sys_openat2, KIND_OPEN, emit_open)
ON_RETURN(__x64_sys_creat, KIND_OPEN, emit_open)
ON_RETURN(__x64_sys_open_by_handle_at, KIND_OPEN, emit_open)
ON_RETURN(__x64_sys_execve, KIND_EXEC, emit_exec_failed)
ON_RETURN(__x64_sys_execveat, KIND_EXEC, emit_exec_failed)
ON_RETURN(__ia32_compat_sys_open, KIND_OPEN, emit_open)
ON_RETURN(__ia32_compat_sys_openat, KIND_OPEN, emit_open)
ON_RETURN(__ia32_sys_openat2, KIND_OPEN, emit_open)
ON_RETURN(__ia32_sys_creat, KIND_OPEN, emit_open)
ON_RETURN(__ia32_compat_sys_open_by_handle_at, KIND_OPEN, emit_open)
ON_RETURN(__ia32_compat_sys_execve, KIND_EXEC, emit_exec_failed)
ON_RETURN(__ia32_compat_sys_execveat, KIND_EXEC, emit_exec_failed)
#elif defined(__TARGET_ARCH_arm64)
ON_RETURN(__arm64_sys_openat, KIND_OPEN, emit_open)
ON_RETURN(__arm64_sys_openat2, KIND_OPEN, emit_open)
ON_RETURN(__arm64_sys_open_by_handle_at, KIND_OPEN, emit_open)
ON_RETURN(__arm64_sys_execve, KIND_EXEC, emit_exec_failed)
ON_RETURN(__arm64_sys_execveat, KIND_EXEC, emit_exec_failed)
ON_RETURN(__arm64_sys_creat, KIND_OPEN, emit_open)
ON_RETURN(__arm64_compat_sys_open, KIND_OPEN, emit_open)
ON_RETURN(__arm64_compat_sys_openat, KIND_OPEN, emit_open)
ON_RETURN(__arm64_compat_sys_open_by_handle_at, KIND_OPEN, emit_open)
ON_RETURN(__arm64_compat_sys_execve, KIND_EXEC, emit_exec_failed)
ON_RETURN(__arm64_compat_sys_execveat, KIND_EXEC, emit_exec_failed)
#endif

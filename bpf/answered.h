/* Whether a call did what its result says. A seccomp filter, its supervisor or a debugger can answer a call in the
 * kernel's place, and at the system call's exit that looks the same. If the call's own function has returned
 * (probes/fexit.h), none of this is needed. */
#ifndef ONLOOKER_ANSWERED_H
#define ONLOOKER_ANSWERED_H

#define SECCOMP_MODE_FILTER 2 /* include/uapi/linux/seccomp.h */
#define PT_PTRACED 1          /* include/linux/ptrace.h */
#define SIGSYS 31
#define SYS_SECCOMP 1 /* include/uapi/asm-generic/siginfo.h */
#define MOST_PENDING 16
#define MOST_ERRNO 4095 /* include/linux/err.h */
#define MOST_FD 0x7fffffff

/* The most that a success of its kind gives. */
static __always_inline long most_result(enum kind kind)
{
	return kind == KIND_OPEN ? MOST_FD : kind == KIND_READLINK ? PATH_BYTES : 0;
}

/* Whether the call can give this result: an error, or a success of its kind. */
static __always_inline bool is_possible(struct call *call)
{
	if (call->result < 0)
		return call->result >= -MOST_ERRNO;
	return call->kind == KIND_EXEC || call->result <= most_result(call->kind);
}

/* Whether the kernel itself has just sent SIGSYS for a filter (force_sig_info_to_task, kernel/signal.c): it is pending
 * and not blocked, and no process can send another a signal of that origin. It was queued last (__send_signal_locked), so
 * the search begins at the end: older signals do not hide it. Not static, so that the verifier follows it once. */
__noinline int is_sigsys_pending(void)
{
	struct task_struct *task = current_task();
	struct list_head *head = __builtin_preserve_access_index(&task->pending.list), *last = READ(task, pending.list.prev);
	int i;

	if (!(READ(task, pending.signal.sig[0]) & ~READ(task, blocked.sig[0]) & 1UL << (SIGSYS - 1)))
		return false;
	for (i = 0; i < MOST_PENDING && last != head; i++) {
		struct sigqueue *queued = (void *)last; /* `list` is its first member */

		if (PEEK(queued, info.si_signo) == SIGSYS && PEEK(queued, info.si_code) == SYS_SECCOMP)
			return true;
		last = PEEK(queued, list.prev);
	}
	return false;
}

/* SECCOMP_RET_TRAP: the registers are put back as they were before the call (syscall_rollback), so that its number, or on
 * aarch64 its first argument, is in place of a result, and SIGSYS is sent. */
static __always_inline bool was_trapped(struct call *call, struct pt_regs *regs)
{
	struct task_struct *task = call->task;
	long before = ROLLED_BACK_RESULT(regs);

	return (call->result == before || (is_compat(task) && (int)call->result == (int)before)) &&
	       is_sigsys_pending();
}

/* Whether all filters of the task allow the call whatever its arguments are. Linux 5.11 (f9d480b6ffbe) finds that out
 * when a filter is set, and then runs none of them for such calls (seccomp_cache_check_allow, kernel/seccomp.c). A task
 * can only lose bits: what is allowed when the call returns was allowed when it began. */
static __always_inline bool is_always_allowed(struct task_struct *task, __u64 number)
{
	struct seccomp_filter *filter = READ(task, seccomp.filter);
	__u64 word = 0, bits, *bitmap;

	if (!filter || !bpf_core_field_exists(filter->cache.allow_native))
		return false;
	if (!is_compat(task)) {
		bitmap = (void *)__builtin_preserve_access_index(&filter->cache.allow_native);
		bits = 8 * bpf_core_field_size(filter->cache.allow_native);
	} else if (bpf_core_field_exists(filter->cache.allow_compat)) {
		bitmap = (void *)__builtin_preserve_access_index(&filter->cache.allow_compat);
		bits = 8 * bpf_core_field_size(filter->cache.allow_compat);
	} else {
		return false;
	}
	if (number >= bits) /* x32 calls have no bit */
		return false;
	bpf_probe_read_kernel(&word, sizeof(word), bitmap + number / 64);
	return word >> (number & 63) & 1;
}

/* Finds out what may be wrong with the result. False if the call never ran, and so is no event. */
static __noinline bool verify_doubtful_result(struct call *call, struct pt_regs *regs, long number)
{
	struct task_struct *task = call->task;
	bool filtered = false;

	if (bpf_core_field_exists(task->seccomp.mode))
		filtered = READ(task, seccomp.mode) == SECCOMP_MODE_FILTER && !is_always_allowed(task, number);
	if (filtered && was_trapped(call, regs))
		return false;
	if (!is_possible(call))
		return false;
	if (call->result < 0) /* the caller got it, from the kernel or not */
		return true;
	/* PTRACE_SYSEMU leaves no trace once the tracer has gone on with another request (ptrace_resume, kernel/ptrace.c) */
	call->traced = !!(READ(task, ptrace) & PT_PTRACED);
	call->filtered = filtered;
	return true;
}

/* Most tasks have neither a filter nor a debugger. */
static __always_inline bool verify_result(struct call *call, struct pt_regs *regs, long number)
{
	struct task_struct *task = call->task;

	if ((bpf_core_field_exists(task->seccomp.mode) && READ(task, seccomp.mode) == SECCOMP_MODE_FILTER) ||
	    READ(task, ptrace) & PT_PTRACED)
		return verify_doubtful_result(call, regs, number);
	return is_possible(call);
}

/* A success that may have been made up. */
static __always_inline bool is_in_doubt(struct call *call)
{
	return call->filtered || call->traced;
}

/* Whether only the descriptor holds the file, as just after an open. Linux 6.13
 * (90ee6ed776c0) counts from 0. */
static __always_inline bool is_only_reference(struct file *file)
{
	if (bpf_core_field_exists(file->f_ref))
		return !PEEK(file, f_ref.refcnt.counter);
	return PEEK(file, f_count.counter) == 1;
}

/* Whether the last name of the passed path is the file's. A link to the file is rarer, and the probe can't see it. Only
 * the lengths and the last 16 bytes are compared. Not inlined, to have its own stack. */
static __noinline bool is_called(struct scratch *scratch, struct span *path, struct file *file)
{
	struct dentry *dentry = PEEK(file, f_path.dentry);
	const char *name = (const char *)PEEK(dentry, d_name.name);
	__u64 length = PEEK(dentry, d_name.len), begin, compared;
	char ours[32] __attribute__((aligned(8))) = {}, theirs[32] __attribute__((aligned(8))) = {}, before = '/', last = 0;
	__u64 end = path->offset + path->length;

	bpf_probe_read_kernel(&last, 1, scratch->bytes + ((end - 1) & SCRATCH_MASK));
	if (!path->length || last == '/' || last == '.') /* a directory, and no name */
		return true;
	if (length > path->length)
		return false;
	begin = end - length;
	if (length < path->length)
		bpf_probe_read_kernel(&before, 1, scratch->bytes + ((begin - 1) & SCRATCH_MASK));
	compared = length < 16 ? length : 16;
	bpf_probe_read_kernel(ours, compared & 31, scratch->bytes + ((end - compared) & SCRATCH_MASK));
	bpf_probe_read_kernel(theirs, compared & 31, name + length - compared);
	return before == '/' && ((__u64 *)ours)[0] == ((__u64 *)theirs)[0] && ((__u64 *)ours)[1] == ((__u64 *)theirs)[1];
}

/* Flags that a file keeps from its open (build_open_flags and do_dentry_open, fs/open.c), as far as no driver or
 * filesystem changes them. */
#define KEPT_BY_PATH (O_PATH | O_DIRECTORY | O_NOFOLLOW)
#define KEPT_FLAGS (KEPT_BY_PATH | O_ACCMODE | O_APPEND | O_NONBLOCK | O_NOATIME | __O_TMPFILE)

/* Whether the descriptor shows a file that was just opened as the call asked: nobody else has it, the running program
 * opened it (fork, exec and setuid make new credentials), nothing was read or written through it, and it is the last
 * descriptor given out, unless other threads get some, too. Then it counts as the call's own, although a filter could have
 * returned the descriptor of an earlier open. */
static __always_inline bool is_just_opened(struct scratch *scratch, struct span *path, __u32 flags, struct call *call)
{
	struct task_struct *task = call->task;
	struct files_struct *files = READ(task, files);
	struct file *file = file_behind(task, call->result);
	__u32 kept = flags & (flags & O_PATH ? KEPT_BY_PATH : KEPT_FLAGS);

	if (!files || !file)
		return false;
	if (READ(files, count.counter) == 1 && READ(files, next_fd) != (__u32)call->result + 1)
		return false;
	if ((__u64)PEEK(file, f_cred) != (__u64)READ(task, cred) || PEEK(file, f_pos) || !is_only_reference(file) ||
	    (PEEK(file, f_flags) & KEPT_FLAGS) != kept)
		return false;
	return !call->filtered || call->traced || call->number == OPEN_SYSCALL_OPEN_BY_HANDLE_AT ||
	       flags & __O_TMPFILE || is_called(scratch, path, file);
}

#endif

/* An exec that failed: events/exec.py, with errno. The caller's memory is as it was, so its arguments are read from
 * there; only after a failure past the point of no return it is gone, and the fields are marked as cut. */

#define MAX_ARGS 128

/* The n-th of the pointers of an argument list; those of 32-bit programs are half as wide. */
static __always_inline bool read_pointer(const char **to, __u64 list, __u32 n, bool compat)
{
	*to = 0;
	if (compat)
		return !bpf_probe_read_user(to, 4, (void *)(list + 4 * n));
	return !bpf_probe_read_user(to, 8, (void *)(list + 8 * n));
}

/* Copies the strings of an argument list while they begin in the first half of the room, each at most half a room long.
 * False if not all is copied. */
static __always_inline bool append_user_argv(struct scratch *scratch, __u64 list, bool compat, struct span *span)
{
	const __u32 half = ARGV_BYTES / 2;
	char *to = room_for(scratch, ARGV_BYTES);
	__u32 i, used = 0;
	bool whole = false;

	span->offset = scratch->used;
	span->length = 0;
	if (!to)
		return false;
	for (i = 0; list /* none is the same as an empty one */ && i <= MAX_ARGS; i++) {
		const char *arg;
		long length;

		if (!read_pointer(&arg, list, i, compat))
			break;
		whole = !arg;
		if (whole || used >= half || i == MAX_ARGS)
			break;
		length = bpf_probe_read_user_str(to + used, half, arg);
		if (length < 1)
			break;
		used += length;
		if (length == half && goes_on(arg, half))
			break;
	}
	span->length = used;
	scratch->used += used;
	return whole || !list;
}

/* not inlined: it has a stack of its own */
static __noinline int emit_exec_failed(struct call *call)
{
	bool at = call->number == EXEC_CALL_EXECVEAT; /* execveat(dirfd, path, argv, envp, flags) */
	struct scratch *scratch;
	struct exec_record *exec;
	__u32 which;
	char first;

	if (call->result >= 0) /* reported by on_exec: only the kernel's own word proves a success */
		return 0;
	if (!is_wanted(call->task))
		return 0;
	scratch = take_scratch(KIND_EXEC, sizeof(*exec), &which);
	if (!scratch)
		return 0;

	exec = (void *)scratch->bytes;
	fill_record(&exec->record, KIND_EXEC, call->task);
	clear_exec(exec);
	exec->errno = -call->result;
	if (!append_user_path(scratch, (const char *)call->argument[at], &exec->path, &first))
		exec->record.cut |= EXEC_CUT_PATH;
	if (!append_user_argv(scratch, call->argument[1 + at], is_compat(call->task), &exec->argv))
		exec->record.cut |= EXEC_CUT_ARGV;
	if (config.resolve) {
		append_cwd(scratch, which, call->task);
		if ((exec->path.length || at) &&
		    !append_base(scratch, which, call->task, at ? (int)call->argument[0] : AT_FDCWD, first == '/',
				 &exec->joined_path))
			exec->record.cut |= EXEC_CUT_JOINED_PATH;
	}

	send_scratch(scratch, KIND_EXEC, look(scratch->used));
	release_scratch(scratch);
	return 0;
}

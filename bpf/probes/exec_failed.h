/* An exec that failed: events/exec.py, with errno. The caller's memory is as it was, so its arguments are read from
 * there. After a failure past the point of no return it is gone, and the fields are marked as cut. */

/* at most this many arguments, in stages like those of names (bpf/names.h); short stages take less time to load */
#define STAGE_ARGS 4
#define ARG_STAGES 64

/* The n-th of the pointers of an argument list; those of 32-bit programs are half as wide. */
static __always_inline bool read_pointer(const char **to, struct gather *from)
{
	*to = 0;
	if (from->compat)
		return !bpf_probe_read_user(to, 4, (void *)(from->list + 4 * from->next));
	return !bpf_probe_read_user(to, 8, (void *)(from->list + 8 * from->next));
}

enum gathered {
	GATHERED_ON, /* there are more */
	GATHERED_WHOLE,
	GATHERED_CUT,
};

/* Copies strings of an argument list while they begin in the first half of the room, each at most half a room long. */
__noinline int gather_stage(__u32 slot)
{
	const __u32 half = TEXT_ROOM;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct gather gather;
	int i;

	if (!scratch)
		return GATHERED_CUT;
	gather = scratch->gather;
	for (i = 0; i < STAGE_ARGS; i++) {
		__u64 used = scratch->used;
		const char *arg;
		long length;
		bool torn;

		if (!read_pointer(&arg, &gather))
			return GATHERED_CUT;
		if (!arg)
			return GATHERED_WHOLE;
		if (used - gather.start >= half || used > SCRATCH_BYTES - half)
			return GATHERED_CUT;
		length = read_user_text(scratch->bytes + used, arg, &torn);
		if (length < 1)
			return GATHERED_CUT;
		scratch->used = used + length - torn;
		if (torn)
			return GATHERED_CUT;
		if (length == half && goes_on(arg, half))
			return GATHERED_CUT;
		gather.next++;
	}
	scratch->gather = gather;
	return GATHERED_ON;
}

/* False if it was not copied whole. No list means an empty one. */
static __always_inline bool append_user_argv(struct scratch *scratch, __u64 list, bool compat,
					     struct span *span)
{
	int gathered = list ? GATHERED_ON : GATHERED_WHOLE;
	__u32 i;

	span->offset = scratch->used;
	scratch->gather = (struct gather){ .list = list, .start = scratch->used, .compat = compat };
	for (i = 0; i < ARG_STAGES && gathered == GATHERED_ON; i++)
		gathered = gather_stage(scratch->slot);
	span->length = scratch->used - span->offset;
	return gathered == GATHERED_WHOLE;
}

/* An empty path of execveat means the descriptor itself; an unreadable path means nothing. */
static __always_inline void append_failed_base(struct scratch *scratch, struct call *call, char first)
{
	bool at = call->number == EXEC_SYSCALL_EXECVEAT;
	struct exec_record *exec = (void *)scratch->bytes;
	bool is_cut = exec->record.cut & EXEC_CUT_PATH;

	if (!exec->path.length && (!at || is_cut))
		return;
	if (!append_base(scratch, call->task, at ? (int)call->argument[0] : AT_FDCWD, first == '/',
			 &exec->joined_path, IS_FREQUENT) ||
	    is_cut)
		exec->record.cut |= EXEC_CUT_JOINED_PATH;
}

/* When a failed exec returns, the kernel no longer has the interpreter that the file names. User space may look for it
 * later if the process has the monitor's root directory: an empty text that is not absent says so
 * (src/onlooker/probe/interpreter.py). */
static __always_inline void allow_look(struct exec_record *exec, struct call *call)
{
	struct task_struct *task = call->task;
	struct fs_struct *fs = READ(task, fs);
	struct place root;

	if (call->result != -ENOENT || !fs || !exec->joined_path.length || exec->record.cut & EXEC_CUT_JOINED_PATH)
		return;
	root = read_place(__builtin_preserve_access_index(&fs->root));
	if (root.dentry == own_root.dentry && root.vfsmount == own_root.vfsmount)
		exec->missing_interpreter.offset = sizeof(*exec);
}

/* A call that returned, and so failed. Not inlined, to have its own stack. */
static __noinline int emit_exec(struct call *call)
{
	bool at = call->number == EXEC_SYSCALL_EXECVEAT; /* execveat(dirfd, path, argv, envp, flags) */
	struct scratch *scratch;
	struct exec_record *exec;
	char first;

	/* Linux 6.14 (a5874fde3c08): the call only asks whether an exec would work; older kernels give EINVAL */
	if (at && call->argument[4] & AT_EXECVE_CHECK)
		return 0;
	if (call->result >= 0) /* reported by on_exec: only the kernel's own event proves a success */
		return 0;
	scratch = take_scratch(KIND_EXEC, sizeof(*exec));
	if (!scratch)
		return 0;

	exec = (void *)scratch->bytes;
	fill_record(&exec->record, KIND_EXEC, call->task);
	keep_comm(&exec->record, &call->ruling);
	clear_exec(exec);
	fill_login(exec, call->task);
	exec->errno = -call->result;
	if (!append_user_path(scratch, (const char *)call->argument[at], &exec->path, &first))
		exec->record.cut |= EXEC_CUT_PATH;
	if (!append_user_argv(scratch, call->argument[1 + at], call->compat_pointers, &exec->argv))
		exec->record.cut |= EXEC_CUT_ARGV;
	if (exec->argv.length > config.argv_bytes) { /* nothing follows it yet */
		exec->argv.length = config.argv_bytes;
		scratch->used = exec->argv.offset + exec->argv.length;
		exec->record.cut |= EXEC_CUT_ARGV;
	}
	if (config.resolve_paths) {
		append_cwd(scratch, call->task);
		append_failed_base(scratch, call, first);
		allow_look(exec, call);
	}

	scratch->ruling = call->ruling;
	if (passes(scratch, KIND_EXEC))
		send_scratch(scratch, KIND_EXEC, check_headroom(KIND_EXEC, scratch->used, exec->record.boot_ns));
	release_scratch(scratch);
	return done();
}

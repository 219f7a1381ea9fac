/* An exec that failed: events/exec.py, with errno. The caller's memory is as it was, so its arguments are read from
 * there; only after a failure past the point of no return it is gone, and the fields are marked as cut. */

/* so many arguments at most, in stages as the walk of a path has them (bpf/path.h): short ones, which take less time to load */
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

/* False if not all is copied. No list is the same as an empty one. */
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

/* An empty path of execveat is the descriptor itself; one that can't be read is nothing. */
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

/* What the file of a failed exec names as its interpreter is gone from the kernel's memory when the call returns. The
 * reader may look for it, at leisure, where the process sees the same root directory as the monitor: an empty text that
 * is not absent says so (src/onlooker/probe/interpreter.py). */
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

/* A call that returned, and so failed. Not inlined: it has a stack of its own. */
static __noinline int emit_exec(struct call *call)
{
	bool at = call->number == EXEC_SYSCALL_EXECVEAT; /* execveat(dirfd, path, argv, envp, flags) */
	struct scratch *scratch;
	struct exec_record *exec;
	char first;

	/* Linux 6.14 (a5874fde3c08): only asked whether it could be executed; what does not know the flag fails with EINVAL */
	if (at && call->argument[4] & AT_EXECVE_CHECK)
		return 0;
	if (call->result >= 0) /* reported by on_exec: only the kernel's own word proves a success */
		return 0;
	scratch = take_scratch(KIND_EXEC, sizeof(*exec));
	if (!scratch)
		return 0;

	exec = (void *)scratch->bytes;
	fill_record(&exec->record, KIND_EXEC, call->task);
	clear_exec(exec);
	fill_login(exec, call->task);
	exec->errno = -call->result;
	if (!append_user_path(scratch, (const char *)call->argument[at], &exec->path, &first))
		exec->record.cut |= EXEC_CUT_PATH;
	if (!append_user_argv(scratch, call->argument[1 + at], call->compat_pointers, &exec->argv))
		exec->record.cut |= EXEC_CUT_ARGV;
	if (exec->argv.length > config.argv_bytes) { /* nothing stands behind it yet */
		exec->argv.length = config.argv_bytes;
		scratch->used = exec->argv.offset + exec->argv.length;
		exec->record.cut |= EXEC_CUT_ARGV;
	}
	if (config.resolve_paths) {
		append_cwd(scratch, call->task);
		append_failed_base(scratch, call, first);
		allow_look(exec, call);
	}

	send_scratch(scratch, KIND_EXEC, check_headroom(KIND_EXEC, scratch->used, exec->record.boot_ns));
	release_scratch(scratch);
	return done();
}

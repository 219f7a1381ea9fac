/* A process executed a program, or tried to: events/exec.py. */

#define INTERPRETER_BYTES 256 /* BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h: the longest interpreter line */
#define PIECE_BYTES 4096
#define ARGV_BYTES 8192 /* of arguments go into the scratch memory; for more there are a few larger rooms */
#define TEXTS_BYTES 16384 /* most that a record has before its arguments: three paths of 4 KiB, and little else */
#define LARGE_ARGV_BYTES 262144

/* Memory for records with many arguments, so that each takes only its length in the ring: a reservation in the ring needs
 * a size that is known when the program is loaded. All cpus share it, and take it like scratch memory. An exec that finds
 * none gets its arguments cut. */
struct exec_room {
	__u64 taken;
	char bytes[TEXTS_BYTES + LARGE_ARGV_BYTES];
};

#define EXEC_ROOMS 16

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the loader sets it: up to EXEC_ROOMS */
	__type(key, __u32);
	__type(value, struct exec_room);
} exec_rooms SEC(".maps");

static __always_inline void clear_exec(struct exec_record *exec)
{
	exec->inode = 0;
	exec->device = 0;
	exec->errno = 0;
	exec->file_state = 0;
	exec->interpreter.offset = exec->interpreter.length = 0;
	exec->exe.offset = exec->exe.length = 0;
	exec->cwd.offset = exec->cwd.length = 0;
	exec->joined_path.offset = exec->joined_path.length = 0;
	exec->missing_interpreter.offset = exec->missing_interpreter.length = 0;
	__builtin_memset(exec->pad, 0, sizeof(exec->pad));
}

/* The user of the login, and its number: pam_loginuid and the like set them (kernel/audit.c), and children inherit them. */
static __always_inline void fill_login(struct exec_record *exec, struct task_struct *task)
{
	exec->loginuid = EXEC_LOGINUID_ABSENT;
	exec->session = EXEC_SESSION_ABSENT;
	if (!bpf_core_field_exists(task->loginuid)) /* CONFIG_AUDIT */
		return;
	exec->loginuid = READ(task, loginuid.val);
	exec->session = READ(task, sessionid);
}

static __always_inline void append_cwd(struct scratch *scratch, struct task_struct *task)
{
	struct exec_record *exec = (void *)scratch->bytes;

	if (!append_base(scratch, task, AT_FDCWD, false, &exec->cwd, IS_RARE))
		exec->record.cut |= EXEC_CUT_CWD;
}

static __always_inline void append_program(struct scratch *scratch, struct task_struct *task,
					   struct linux_binprm *bprm)
{
	struct exec_record *exec = (void *)scratch->bytes;
	struct file *file;

	if (!append_kernel_text(scratch, bprm->filename, PATH_BYTES, &exec->path))
		exec->record.cut |= EXEC_CUT_PATH;
	/* the same string where the file is run by itself (alloc_bprm, fs/exec.c) */
	if (bprm->interp != bprm->filename &&
	    !append_kernel_text(scratch, bprm->interp, INTERPRETER_BYTES, &exec->interpreter))
		exec->record.cut |= EXEC_CUT_INTERPRETER;
	if (!config.resolve_paths && !config.exes)
		return;
	append_cwd(scratch, task);
	file = BPF_CORE_READ(task, mm, exe_file);
	if (!file || !describe_file(scratch, file,
				    (struct file_answer){ &exec->exe, &exec->inode, &exec->device, &exec->file_state },
				    IS_RARE))
		exec->record.cut |= EXEC_CUT_EXE;
}

/* What append_program has appended after the texts that are always there. */
static __always_inline void remove_places(struct scratch *scratch)
{
	struct exec_record *exec = (void *)scratch->bytes;

	scratch->used = exec->interpreter.length ? exec->interpreter.offset + exec->interpreter.length :
						   exec->path.offset + exec->path.length;
	exec->cwd = exec->exe = (struct span){};
	exec->inode = 0;
	exec->device = 0;
	exec->file_state = FILE_ORDINARY;
	exec->record.cut &= ~(EXEC_CUT_CWD | EXEC_CUT_EXE);
}

/* Reads the readable part of a piece that could not be read whole. Returns its length. */
static __always_inline __u32 copy_to_border(char *to, unsigned long from, unsigned long bytes)
{
	__u64 there = PIECE_BYTES - (from & (PIECE_BYTES - 1));

	if (there >= bytes || bpf_probe_read_user(to, there & (PIECE_BYTES - 1), (void *)from))
		return 0;
	return there;
}

/* The arguments lie one after the other, each with its NUL, in the new program's memory (mm->arg_start). Read in
 * pieces, so that a missing page takes only what follows it. Returns the number of bytes; `most` is a
 * constant power of two. */
static __always_inline __u32 copy_argv(char *to, const __u32 most, unsigned long from, unsigned long bytes)
{
	__u32 done = 0;

	for (; done < most && done + PIECE_BYTES <= bytes; done += PIECE_BYTES)
		if (bpf_probe_read_user(to + done, PIECE_BYTES, (void *)(from + done)))
			return done + copy_to_border(to + done, from + done, PIECE_BYTES);
	if (done < most && bpf_probe_read_user(to + done, bytes & (PIECE_BYTES - 1), (void *)(from + done)))
		return done + copy_to_border(to + done, from + done, bytes & (PIECE_BYTES - 1));
	return bytes;
}

static __always_inline struct exec_room *take_exec_room(__u32 *slot)
{
	__u32 i;

	for (i = 0; i < EXEC_ROOMS; i++) {
		struct exec_room *room;

		*slot = i;
		room = bpf_map_lookup_elem(&exec_rooms, slot);
		if (!room)
			return 0;
		__sync_fetch_and_add(&room->taken, 1);
		if (*(volatile __u64 *)&room->taken == 1)
			return room;
		__sync_fetch_and_add(&room->taken, -1);
	}
	return 0;
}

/* Like copy_argv, but not static: otherwise the verifier would follow what comes after it for each exit of the loop. */
__noinline int copy_argv_to_room(__u32 slot, __u32 at, __u64 from, __u32 bytes)
{
	struct exec_room *room = bpf_map_lookup_elem(&exec_rooms, &slot);
	__u64 place = at, wanted = bytes;

	if (!room || place > TEXTS_BYTES || wanted > LARGE_ARGV_BYTES)
		return 0;
	return copy_argv(room->bytes + place, LARGE_ARGV_BYTES, from, wanted);
}

/* Completes and sends a record whose arguments do not fit into the scratch memory. */
static __always_inline void send_large_exec(struct scratch *scratch, struct exec_room *room, __u32 slot,
					    unsigned long from, unsigned long bytes)
{
	struct exec_record *exec = (void *)scratch->bytes;
	__u64 wanted = bytes > LARGE_ARGV_BYTES ? LARGE_ARGV_BYTES : bytes, used = scratch->used, size;
	long woken;

	if (used > TEXTS_BYTES)
		used = TEXTS_BYTES; /* never */
	exec->argv.offset = used;
	exec->argv.length = copy_argv_to_room(slot, used, from, wanted);
	if (exec->argv.length < bytes)
		exec->record.cut |= EXEC_CUT_ARGV;
	bpf_probe_read_kernel(room->bytes, used, scratch->bytes);
	size = used + exec->argv.length;
	if (size > sizeof(room->bytes))
		size = sizeof(room->bytes); /* never */
	woken = needs_wakeup(size);
	if (bpf_ringbuf_output(&ring, room->bytes, size, BPF_RB_NO_WAKEUP))
		count_lost(KIND_EXEC, LOST_RING_FULL);
	wake_reader(woken);
}

static __always_inline void send_small_exec(struct scratch *scratch, unsigned long from, unsigned long bytes)
{
	struct exec_record *exec = (void *)scratch->bytes;
	char *to = room_for(scratch, ARGV_BYTES);
	unsigned long wanted = bytes > ARGV_BYTES ? ARGV_BYTES : bytes;

	exec->argv.offset = scratch->used;
	exec->argv.length = to ? copy_argv(to, ARGV_BYTES, from, wanted) : 0;
	if (exec->argv.length < bytes)
		exec->record.cut |= EXEC_CUT_ARGV;
	scratch->used += exec->argv.length;
	send_scratch(scratch, KIND_EXEC, needs_wakeup(scratch->used));
}

static __always_inline bool is_reported(struct task_struct *task, struct ruling *ruling)
{
	return config.kinds & 1 << KIND_EXEC && is_wanted(task) &&
	       (!config.rules || passes_early(ruling, KIND_EXEC, 0, FLAGS_UNREAD));
}

static __always_inline int emit_executed(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_room *room;
	unsigned long from, bytes;
	struct scratch *scratch;
	struct exec_record *exec;
	struct ruling ruling = {};
	__u32 room_slot;

	if (!config.exes && !is_reported(task, &ruling))
		return 0;
	scratch = take_scratch(KIND_EXEC, sizeof(*exec));
	if (!scratch) {
		if (config.exes)
			count_lost(KIND_FORK, LOST_UNFOLLOWED);
		return 0;
	}

	exec = (void *)scratch->bytes;
	fill_record(&exec->record, KIND_EXEC, task);
	clear_exec(exec);
	fill_login(exec, task);
	append_program(scratch, task, bprm);
	if (config.exes) {
		note_exec(scratch, task);
		if (!config.resolve_paths)
			remove_places(scratch);
		if (!is_reported(task, &ruling)) {
			release_scratch(scratch);
			return 0;
		}
	}
	scratch->ruling = ruling;
	keep_comm(&exec->record, &ruling);
	if (!passes(scratch, KIND_EXEC)) {
		release_scratch(scratch);
		return 0;
	}
	from = BPF_CORE_READ(task, mm, arg_start);
	bytes = BPF_CORE_READ(task, mm, arg_end) - from;
	if (bytes > config.argv_bytes) {
		bytes = config.argv_bytes;
		exec->record.cut |= EXEC_CUT_ARGV;
	}
	room = bytes > ARGV_BYTES ? take_exec_room(&room_slot) : 0;
	if (room) {
		send_large_exec(scratch, room, room_slot, from, bytes);
		__sync_fetch_and_add(&room->taken, -1);
	} else {
		send_small_exec(scratch, from, bytes);
	}
	release_scratch(scratch);
	return 0;
}

/* Linux 3.4, include/trace/events/sched.h; called by exec_binprm (fs/exec.c) once the new program is in place:
 * TP_PROTO(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return emit_executed(TYPED(task), TYPED(bprm));
}

/* The same where the kernel can't interrupt it (probes/sys_exit.h), and a moment earlier: what loads a program of whatever
 * format (fs/binfmt_*.c) calls it last, when nothing can fail any more.
 * Linux 4.17, fs/exec.c: void finalize_exec(struct linux_binprm *bprm) */
SEC("kprobe.multi")
int on_finalize_exec(struct pt_regs *ctx)
{
	return emit_executed(current_task(), TYPED((struct linux_binprm *)ctx->FIRST_ARGUMENT));
}

/* An exec that failed: events/exec.py, with errno. The caller's memory is as it was, so its arguments are read from
 * there; only after a failure past the point of no return it is gone, and the fields are marked as cut. */

#define MAX_ARGS 128

DEFINE_EXEC(exec_failed_small, 512, 2048);
DEFINE_EXEC(exec_failed_large, 2 * PATH_BYTES, 2 * PATH_BYTES);

/* Copies the strings that `argv` points to while they begin in the first half of the room, each at most half a room
 * long. Marks what does not fit. */
static __always_inline void gather_argv(struct exec_room *room, const char *const *argv)
{
	const __u32 half = room->argv_bytes / 2;
	__u32 i, used = 0;

	if (!argv) /* the same as an empty list */
		return;
	for (i = 0; i <= MAX_ARGS; i++) {
		const char *arg = 0;
		long length;

		if (bpf_probe_read_user(&arg, sizeof(arg), argv + i))
			break;
		if (!arg) {
			room->exec->argv.length = used;
			return;
		}
		if (used >= half || i == MAX_ARGS)
			break;
		length = bpf_probe_read_user_str(room->argv + used, half, arg);
		if (length < 1)
			break;
		used += length;
		if (length == half && goes_on(arg, half))
			break;
	}
	room->exec->argv.length = used;
	room->exec->record.cut |= EXEC_CUT_ARGV;
}

static __always_inline void gather_path(struct exec_room *room, const char *path)
{
	long length = bpf_probe_read_user_str(room->path, room->path_bytes / 2, path);

	if (length < 1) {
		room->exec->record.cut |= EXEC_CUT_PATH;
		return;
	}
	room->exec->path.length = length - 1;
	if (length == room->path_bytes / 2 && goes_on(path, length))
		room->exec->record.cut |= EXEC_CUT_PATH;
}

/* true if the record was sent, or can't be; false if it was too small for the texts and `again` allows another try */
#define EMIT_EXEC_FAILED(type, again)                                                                                  \
	({                                                                                                             \
		long flags = look(sizeof(struct type));                                                                \
		struct type *record = bpf_ringbuf_reserve(&ring, sizeof(struct type), 0);                              \
		bool done = true;                                                                                      \
		if (record) {                                                                                          \
			struct exec_room room = EXEC_ROOM(record);                                                     \
			zero(record, sizeof(*record));                                                                 \
			fill_exec(&room, &header, errno);                                                              \
			gather_path(&room, path);                                                                      \
			gather_argv(&room, argv);                                                                      \
			if (again && record->exec.record.cut) {                                                        \
				bpf_ringbuf_discard(record, flags);                                                    \
				done = false;                                                                          \
			} else {                                                                                       \
				bpf_ringbuf_submit(record, flags);                                                     \
			}                                                                                              \
		} else {                                                                                               \
			count_lost(KIND_EXEC, LOST_RING_FULL);                                                         \
		}                                                                                                      \
		done;                                                                                                  \
	})

/* not inlined: it has a stack of its own */
static __noinline int emit_exec_failed(const char *path, const char *const *argv, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct record header;
	int errno = -result;

	if (result >= 0) /* reported by on_exec: only the kernel's own word proves a success */
		return 0;
	if (!is_wanted(task))
		return 0;

	fill_record(&header, KIND_EXEC, task);
	if (!EMIT_EXEC_FAILED(exec_failed_small, true))
		EMIT_EXEC_FAILED(exec_failed_large, false);
	return 0;
}

/* include/trace/events/syscalls.h; execve(path, argv, envp) */
SEC("tp/syscalls/sys_exit_execve")
int on_execve(struct syscall_exit *ctx)
{
	struct pt_regs *regs = CURRENT_REGS();

	return emit_exec_failed((const char *)SYSCALL_ARG1(regs), (const char *const *)SYSCALL_ARG2(regs), ctx->result);
}

/* execveat(dirfd, path, argv, envp, flags) */
SEC("tp/syscalls/sys_exit_execveat")
int on_execveat(struct syscall_exit *ctx)
{
	struct pt_regs *regs = CURRENT_REGS();

	return emit_exec_failed((const char *)SYSCALL_ARG2(regs), (const char *const *)SYSCALL_ARG3(regs), ctx->result);
}

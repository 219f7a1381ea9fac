/* A file was opened, or could not be: events/open.py. */

#define SHORT_PATH 256 /* most paths are below this; they are copied to the stack first and take just their length */

struct open_long {
	struct open_record open;
	char path[PATH_BYTES];
};

struct open_short {
	struct open_record open;
	char path[SHORT_PATH];
};

/* Whether a text that filled its room does not end there: the byte that the NUL was put on was not one. */
static __always_inline bool goes_on(const char *text, __u32 room)
{
	char last = 0;

	return bpf_probe_read_user(&last, 1, text + room - 1) || last;
}

/* Writes every field but the path. At the exit of a system call its arguments still stand in the saved registers, and
 * the kernel has just read what they point to. */
static __always_inline const char *fill_open(struct open_record *open, struct task_struct *task, struct pt_regs *regs,
					     enum open_syscall syscall, long result)
{
	struct open_how how = {};
	const char *path;

	fill_record(&open->record, KIND_OPEN, task);
	open->dirfd = OPEN_DIRFD_ABSENT;
	if (syscall == OPEN_SYSCALL_OPEN) {
		path = (const char *)SYSCALL_ARG1(regs);
		how.flags = (__u32)SYSCALL_ARG2(regs);
		how.mode = SYSCALL_ARG3(regs);
	} else if (syscall == OPEN_SYSCALL_CREAT) {
		path = (const char *)SYSCALL_ARG1(regs);
		how.flags = O_CREAT | O_WRONLY | O_TRUNC; /* fs/open.c */
		how.mode = SYSCALL_ARG2(regs);
	} else {
		open->dirfd = SYSCALL_ARG1(regs);
		path = (const char *)SYSCALL_ARG2(regs);
		if (syscall == OPEN_SYSCALL_OPENAT) {
			how.flags = (__u32)SYSCALL_ARG3(regs);
			how.mode = SYSCALL_ARG4(regs);
		} else if (bpf_probe_read_user(&how, sizeof(how), (void *)SYSCALL_ARG3(regs))) {
			open->record.cut |= OPEN_CUT_FLAGS;
		}
	}
	open->flags = how.flags;
	open->resolve = how.resolve;
	open->mode = how.flags & (O_CREAT | __O_TMPFILE) ? (__u32)(how.mode & 07777) : OPEN_MODE_ABSENT;
	open->fd = result < 0 ? OPEN_FD_ABSENT : (__s32)result;
	open->errno = result < 0 ? -result : 0;
	open->syscall = syscall;
	__builtin_memset(open->pad, 0, sizeof(open->pad));
	open->path.offset = sizeof(*open);
	return path;
}

static __always_inline void emit_open_long(struct open_record *open, const char *path)
{
	struct open_long *record;
	long flags, length;

	flags = admit_open(sizeof(*record), 0 /* always look for so large a record */);
	if (flags < 0)
		return;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_lost(KIND_OPEN, LOST_RING_FULL);
		return;
	}
	__builtin_memcpy(&record->open, open, sizeof(*open));
	zero(record->path, sizeof(record->path));
	length = bpf_probe_read_user_str(record->path, sizeof(record->path), path);
	if (length < 1) {
		record->open.record.cut |= OPEN_CUT_PATH;
		length = 1;
	}
	if (length == PATH_BYTES && goes_on(path, PATH_BYTES))
		record->open.record.cut |= OPEN_CUT_PATH;
	record->open.path.length = length - 1;
	bpf_ringbuf_submit(record, flags);
}

static __always_inline int emit_open(struct pt_regs *regs, enum open_syscall syscall, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct open_short record;
	const char *path;
	long flags, length;
	__u64 size;

	if (config.failed && result >= 0)
		return 0;
	if (!is_wanted(task))
		return 0;

	path = fill_open(&record.open, task, regs, syscall, result);
	length = bpf_probe_read_user_str(record.path, sizeof(record.path), path);
	if (length == SHORT_PATH) {
		emit_open_long(&record.open, path);
		return 0;
	}
	if (length < 1) {
		record.open.record.cut |= OPEN_CUT_PATH;
		length = 1;
	}
	length = (length - 1) & (SHORT_PATH - 1);
	record.open.path.length = length;
	size = sizeof(record.open) + length;

	flags = admit_open(size, record.open.record.boot_ns);
	if (flags >= 0 && bpf_ringbuf_output(&ring, &record, size, flags))
		count_lost(KIND_OPEN, LOST_RING_FULL);
	return 0;
}

/* include/trace/events/syscalls.h, one tracepoint for each system call: the cheapest hook for all the others. The
 * format is struct syscall_trace_exit, kernel/trace/trace.h. */
struct syscall_exit {
	__u64 common;
	long number;
	long result;
};

#define CURRENT_REGS() ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))

SEC("tp/syscalls/sys_exit_open")
int on_open(struct syscall_exit *ctx)
{
	return emit_open(CURRENT_REGS(), OPEN_SYSCALL_OPEN, ctx->result);
}

SEC("tp/syscalls/sys_exit_creat")
int on_creat(struct syscall_exit *ctx)
{
	return emit_open(CURRENT_REGS(), OPEN_SYSCALL_CREAT, ctx->result);
}

SEC("tp/syscalls/sys_exit_openat")
int on_openat(struct syscall_exit *ctx)
{
	return emit_open(CURRENT_REGS(), OPEN_SYSCALL_OPENAT, ctx->result);
}

SEC("tp/syscalls/sys_exit_openat2")
int on_openat2(struct syscall_exit *ctx)
{
	return emit_open(CURRENT_REGS(), OPEN_SYSCALL_OPENAT2, ctx->result);
}

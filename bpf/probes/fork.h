/* A process or a thread was created: events/fork.py. */

/* Which system call the creator is in, and the flags it passed: the low bits, the exit signal in the highest eight. */
static __always_inline void fill_clone(struct fork_record *fork, struct task_struct *parent)
{
	struct pt_regs *regs = task_registers();
	struct clone_args args = {};
	__u64 argument[5], flags = 0, signal = 0;
	__u16 meaning;
	bool compat;

	if (READ(parent, flags) & PF_KTHREAD)
		return;
	meaning = meaning_of(parent, SYSCALL_NUMBER(regs), &compat);
	if (meaning >> 8 != KIND_FORK) /* io_uring's workers, for one, are created in other calls */
		return;
	fork->syscall = meaning;
	read_arguments(argument, regs, compat);
	switch (fork->syscall) {
	case FORK_SYSCALL_CLONE:
		flags = (__u32)argument[0] & 0xffffff00; /* kernel/fork.c: the low byte is the signal */
		signal = argument[0] & 0xff;
		break;
	case FORK_SYSCALL_CLONE3:
		if (bpf_probe_read_user(&args, sizeof(args), (void *)argument[0]))
			fork->record.cut |= FORK_CUT_CLONE_FLAGS;
		flags = args.flags;
		signal = args.exit_signal;
		break;
	case FORK_SYSCALL_VFORK:
		flags = 0x4100; /* CLONE_VFORK | CLONE_VM */
		signal = 17; /* SIGCHLD; fork and vfork have no arguments */
		break;
	case FORK_SYSCALL_FORK:
		signal = 17;
		break;
	}
	fork->clone_flags = (flags & ~(0xffULL << 56)) | signal << 56;
}

/* `parent` is the current task. */
static __always_inline int emit_fork(struct task_struct *parent, struct task_struct *child, bool is_call)
{
	bool thread = READ(child, tgid) == READ(parent, tgid);
	struct task_struct *child_parent;
	struct fork_record *fork;
	struct ruling ruling = {};
	long woken;

	if (thread && !config.threads)
		return 0;
	if (config.follow && !thread)
		follow_child(parent, child);
	if (config.exes && !thread)
		note_fork(parent, child);
	if (!(config.kinds & 1 << KIND_FORK) || !is_wanted(parent))
		return 0;
	if (config.rules && !passes_early(&ruling, KIND_FORK, 0, FLAGS_UNREAD))
		return 0;

	woken = needs_wakeup(sizeof(*fork));
	fork = bpf_ringbuf_reserve(&ring, sizeof(*fork), 0);
	if (!fork) {
		count_lost(KIND_FORK, LOST_RING_FULL);
		return 0;
	}

	fill_record(&fork->record, KIND_FORK, parent);
	keep_comm(&fork->record, &ruling);
	fork->child_pid = READ(child, tgid);
	fork->child_tid = READ(child, pid);
	fork->child_start_ns = READ(child, start_boottime);
	child_parent = READ(child, real_parent);
	fork->child_ppid = READ(child_parent, tgid);
	fork->thread = thread;
	fork->kernel = !!(READ(child, flags) & PF_KTHREAD);
	fork->syscall = 0;
	fork->clone_flags = 0;
	__builtin_memset(fork->pad, 0, sizeof(fork->pad));
	if (is_call)
		fill_clone(fork, parent);

	bpf_ringbuf_submit(fork, BPF_RB_NO_WAKEUP);
	wake_reader(woken);
	return 0;
}

/* Linux 2.6.25, include/trace/events/sched.h; called by kernel_clone (kernel/fork.c) before the child can run, so it
 * precedes every event of the child:
 * TP_PROTO(struct task_struct *parent, struct task_struct *child) */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return emit_fork(TYPED(parent), TYPED(child), true);
}

/* Whether the kernel made it to work for a process, by create_io_thread (Linux 5.12) or vhost_task_create (6.4): those
 * do not pass kernel_clone. Before, such workers are threads of the kernel, and the flags mean something else. */
static __always_inline bool is_worker(struct task_struct *child)
{
	__u32 flags = READ(child, flags);

	return (flags & PF_IO_WORKER && bpf_core_field_exists(struct kernel_clone_args, io_thread)) ||
	       (flags & PF_USER_WORKER && bpf_core_field_exists(struct kernel_clone_args, user_worker));
}

/* Linux 2.6.25, include/trace/events/task.h; called by copy_process (kernel/fork.c) for whatever is created, last:
 * TP_PROTO(struct task_struct *task, unsigned long clone_flags) */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_worker, struct task_struct *child)
{
	return config.threads && is_worker(child) ? emit_fork(current_task(), TYPED(child), false) : 0;
}

/* Both at once, where the kernel can't interrupt it (probes/sys_exit.h): every new task starts to run here, by
 * kernel_clone just after the first tracepoint, and by the code that makes a worker.
 * Linux 2.6.12, kernel/sched/core.c: void wake_up_new_task(struct task_struct *p) */
SEC("kprobe.multi")
int on_wake_up_new_task(struct pt_regs *ctx)
{
	struct task_struct *child = TYPED((struct task_struct *)ctx->FIRST_ARGUMENT);

	return emit_fork(current_task(), child, !is_worker(child));
}

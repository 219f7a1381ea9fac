/* A process or a thread was created: events/fork.py. */

/* Which system call the creator is in, and the flags it passed: the low bits, the exit signal in the highest eight. */
static __always_inline void fill_clone(struct fork_record *fork, struct task_struct *parent)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(parent);
	struct clone_args args = {};
	__u64 flags = 0, signal = 0;
	long number = SYSCALL_NUMBER(regs);

	if (parent->flags & PF_KTHREAD)
		return;
	if (is_compat(parent)) {
		/* arch/x86/entry/syscalls/syscall_32.tbl; the flags' register is another one, so they are marked */
		fork->syscall = number == 120 ? FORK_SYSCALL_CLONE :
				number == 2   ? FORK_SYSCALL_FORK :
				number == 190 ? FORK_SYSCALL_VFORK :
				number == NR_CLONE3 ? FORK_SYSCALL_CLONE3 : 0;
		fork->record.cut |= FORK_CUT_CLONE_FLAGS;
		return;
	}
	if (number == NR_CLONE) {
		fork->syscall = FORK_SYSCALL_CLONE;
		flags = SYSCALL_ARG1(regs) & 0xffffff00; /* kernel/fork.c: the low byte is the signal */
		signal = SYSCALL_ARG1(regs) & 0xff;
	} else if (number == NR_CLONE3) {
		fork->syscall = FORK_SYSCALL_CLONE3;
		if (bpf_probe_read_user(&args, sizeof(args), (void *)SYSCALL_ARG1(regs)))
			fork->record.cut |= FORK_CUT_CLONE_FLAGS;
		flags = args.flags;
		signal = args.exit_signal;
	} else if (number == NR_FORK) {
		fork->syscall = FORK_SYSCALL_FORK;
		signal = 17; /* SIGCHLD; fork and vfork have no arguments */
	} else if (number == NR_VFORK) {
		fork->syscall = FORK_SYSCALL_VFORK;
		flags = 0x4100; /* CLONE_VFORK | CLONE_VM */
		signal = 17;
	}
	fork->clone_flags = (flags & ~(0xffULL << 56)) | signal << 56;
}

/* Linux 2.6.25, include/trace/events/sched.h; called by kernel_clone (kernel/fork.c) before the child can run, so it
 * precedes every event of the child:
 * TP_PROTO(struct task_struct *parent, struct task_struct *child) */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	bool thread = child->tgid == parent->tgid;
	struct fork_record *fork;
	long flags;

	if (thread && !config.threads)
		return 0;
	if (!is_wanted(parent))
		return 0;

	flags = look(sizeof(*fork));
	fork = bpf_ringbuf_reserve(&ring, sizeof(*fork), 0);
	if (!fork) {
		count_lost(KIND_FORK, LOST_RING_FULL);
		return 0;
	}

	fill_record(&fork->record, KIND_FORK, parent);
	fork->child_pid = child->tgid;
	fork->child_tid = child->pid;
	fork->child_start_ns = child->start_boottime;
	fork->thread = thread;
	fork->kernel = !!(child->flags & PF_KTHREAD);
	fork->syscall = 0;
	fork->clone_flags = 0;
	__builtin_memset(fork->pad, 0, sizeof(fork->pad));
	fill_clone(fork, parent);

	bpf_ringbuf_submit(fork, flags);
	return 0;
}

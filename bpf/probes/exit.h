/* A process ended: events/exit.py. */

/* The processor's time, as wait4(2) gives it, but for what was used after the last switch or tick, which the kernel has not
 * counted yet: the scheduler counts it exactly, and the ticks say which part of it was in
 * the kernel (cputime_adjust, kernel/sched/cputime.c). Of threads that are gone it is in `signal`; the leader stays until
 * the others are. */
static __always_inline void fill_times(struct exit_record *exit, struct task_struct *task, struct task_struct *leader,
				       struct signal_struct *signal)
{
	__u64 total = READ(signal, sum_sched_runtime) + READ(task, se.sum_exec_runtime);
	__u64 user = READ(signal, utime) + READ(task, utime), system = READ(signal, stime) + READ(task, stime), ticks;

	if (leader != task) {
		total += READ(leader, se.sum_exec_runtime);
		user += READ(leader, utime);
		system += READ(leader, stime);
	}
	ticks = user + system;
	/* so that no product is too large; twice is enough for 64 bits */
	if (ticks >> 31) {
		ticks >>= 16;
		system >>= 16;
	}
	if (ticks >> 31) {
		ticks >>= 16;
		system >>= 16;
	}
	if (!system)
		exit->cpu_system_ns = 0;
	else if (system >= ticks)
		exit->cpu_system_ns = total;
	else
		exit->cpu_system_ns = total / ticks * system + total % ticks * system / ticks;
	exit->cpu_user_ns = total - exit->cpu_system_ns;
}

static __always_inline void emit_exit(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	struct signal_struct *signal = READ(task, signal);
	struct exit_record *exit;
	struct ruling ruling = {};
	long woken;
	int code;

	/* what wait(2) reports, wait_task_zombie in kernel/exit.c: bits 0-6 the signal, 7 the core dump, 8-15 the code */
	code = READ(signal, flags) & SIGNAL_GROUP_EXIT ? READ(signal, group_exit_code) : READ(leader, exit_code);
	if (config.failed && !(code & 0xffff))
		return;
	if (!(config.kinds & 1 << KIND_EXIT) || !is_wanted(task))
		return;
	if (config.rules && !passes_early(&ruling, KIND_EXIT, 0, FLAGS_UNREAD))
		return;

	woken = needs_wakeup(sizeof(*exit));
	exit = bpf_ringbuf_reserve(&ring, sizeof(*exit), 0);
	if (!exit) {
		count_lost(KIND_EXIT, LOST_RING_FULL);
		return;
	}

	fill_record(&exit->record, KIND_EXIT, task);
	keep_comm(&exit->record, &ruling);
	exit->duration_ns = exit->record.boot_ns - exit->record.start_ns;
	exit->signal = code & 0x7f;
	exit->core_dumped = !!(code & 0x80);
	exit->exit_code = exit->signal ? EXIT_EXIT_CODE_ABSENT : (code >> 8) & 0xff;
	fill_times(exit, task, leader, signal);
	__builtin_memset(exit->pad, 0, sizeof(exit->pad));

	bpf_ringbuf_submit(exit, BPF_RB_NO_WAKEUP);
	wake_reader(woken);
}

static __always_inline int end_process(struct task_struct *task)
{
	if (config.follow)
		gather_ending(task);
	emit_exit(task);
	if (config.follow)
		unfollow(task);
	if (config.exes)
		note_exit(task);
	return 0;
}

/* Linux 6.16, include/trace/events/sched.h, do_exit in kernel/exit.c; group_dead: the last thread of its process.
 * TP_PROTO(struct task_struct *task, bool group_dead) */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task, bool group_dead)
{
	return group_dead ? end_process(TYPED(task)) : 0;
}

/* The same where the kernel can't interrupt it (probes/sys_exit.h): do_exit calls it just before.
 * Linux 2.6.18, kernel/taskstats.c: void taskstats_exit(struct task_struct *tsk, int group_dead) */
SEC("kprobe.multi")
int on_taskstats_exit(struct pt_regs *ctx)
{
	return (int)ctx->SECOND_ARGUMENT ? end_process(current_task()) : 0;
}

/* Processes whose exit was reported while their last threads race each other to the program below. They stay until they
 * are reaped, or the last thread is seen to be alone. Only processes with threads are in it. Without room, an exit can be
 * reported twice. 16384 entries of 80 bytes, 1.3 MB; memory is taken as it is needed. */
struct exited {
	__u64 start_ns;
	__u64 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exited);
	__type(value, __u8);
} exited SEC(".maps");

static __always_inline struct exited exited_of(struct task_struct *task)
{
	return (struct exited){ BPF_CORE_READ(task, group_leader, start_boottime), BPF_CORE_READ(task, tgid) };
}

/* Before Linux 6.16 the program does not get group_dead, and two threads that end together can both find no thread
 * alive. The first of them reports.
 * TP_PROTO(struct task_struct *task) */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_old, struct task_struct *task)
{
	struct exited key = exited_of(task);
	__u8 value = 0;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	/* the others are gone (__exit_signal, kernel/exit.c), so this one is the last */
	if (BPF_CORE_READ(task, signal, nr_threads) == 1)
		return (int)bpf_map_delete_elem(&exited, &key) ? end_process(task) : 0;
	/* an int before 6.4, whose upper half must not be compared */
	return (int)bpf_map_update_elem(&exited, &key, &value, BPF_NOEXIST) == -EEXIST ? 0 : end_process(task);
}

/* A process is over and reaped. Called for every thread, that of the process last, by delayed_put_task_struct in
 * kernel/exit.c: TP_PROTO(struct task_struct *p) */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_reaped, struct task_struct *task)
{
	struct exited key;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	key = exited_of(task);
	bpf_map_delete_elem(&exited, &key);
	return 0;
}

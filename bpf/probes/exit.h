/* A process ended: events/exit.py. */

static __always_inline int emit_exit(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	struct signal_struct *signal = READ(task, signal);
	struct exit_record *exit;
	long flags;
	int code;

	/* what wait(2) reports, wait_task_zombie in kernel/exit.c: bits 0-6 the signal, 7 the core dump, 8-15 the code */
	code = READ(signal, flags) & SIGNAL_GROUP_EXIT ? READ(signal, group_exit_code) : READ(leader, exit_code);
	if (config.failed && !(code & 0xffff))
		return 0;
	if (!is_wanted(task))
		return 0;

	flags = look(sizeof(*exit));
	exit = bpf_ringbuf_reserve(&ring, sizeof(*exit), 0);
	if (!exit) {
		count_lost(KIND_EXIT, LOST_RING_FULL);
		return 0;
	}

	fill_record(&exit->record, KIND_EXIT, task);
	exit->duration_ns = exit->record.boot_ns - exit->record.start_ns;
	exit->signal = code & 0x7f;
	exit->core_dumped = !!(code & 0x80);
	exit->exit_code = exit->signal ? EXIT_EXIT_CODE_ABSENT : (code >> 8) & 0xff;
	__builtin_memset(exit->pad, 0, sizeof(exit->pad));

	bpf_ringbuf_submit(exit, flags);
	return 0;
}

/* Linux 6.16, include/trace/events/sched.h, do_exit in kernel/exit.c; group_dead: the last thread of its process.
 * TP_PROTO(struct task_struct *task, bool group_dead) */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task, bool group_dead)
{
	return group_dead ? emit_exit(task) : 0;
}

/* Processes whose exit was reported, while their last threads race each other to the program below. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, __u64);
	__type(value, __u8);
} exited SEC(".maps");

/* Before Linux 6.16 the program is not told group_dead, and two threads that end together can both find no thread
 * alive. The first of them reports.
 * TP_PROTO(struct task_struct *task) */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit_old, struct task_struct *task)
{
	__u64 key = BPF_CORE_READ(task, group_leader, start_boottime) ^ ((__u64)READ(task, tgid) << 40);
	__u8 value = 0;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	/* an int before 6.4, whose upper half must not be compared */
	if ((int)bpf_map_update_elem(&exited, &key, &value, BPF_NOEXIST) == -17 /* EEXIST */)
		return 0;
	return emit_exit(task);
}

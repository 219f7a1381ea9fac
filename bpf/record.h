/* The ring, the counters of losses, and the header of every record. */
#ifndef ONLOOKER_RECORD_H
#define ONLOOKER_RECORD_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24); /* the loader sets it */
} ring SEC(".maps");

/* The loader maps it into its memory: while bpf(2) looks into a map, the kernel runs no return probe on that cpu
 * (bpf_disable_instrumentation), and a loader that is preempted there would make them miss what others do. */
__u64 losses[KINDS][LOSSES] SEC(".data.losses");

const volatile __u32 wire_version SEC(".rodata.wire") = WIRE_VERSION;

/* Where an addition is no barrier (arm64), a loss while the reader falls asleep is reported when it wakes up. */
__noinline int count_lost(__u32 kind, __u32 reason)
{
	if (kind < KINDS && reason < LOSSES)
		__sync_fetch_and_add(&losses[kind][reason], 1);
	wake_reader(0);
	return done();
}

/* How full the ring was when somebody last looked. */
__u32 woken_level; /* in watermarks; the reader was woken for it */
__u32 crowded;     /* only the headroom is left */

/* Look at the ring: whether to wake the reader once a record is submitted. */
static __always_inline long needs_wakeup(__u64 size)
{
	__u64 queued = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) + size;
	__u32 now = queued / config.watermark_bytes, before = woken_level;

	crowded = queued > config.ring_bytes - config.headroom_bytes;
	if (now != before)
		woken_level = now;
	/* waking costs the observed process 4 to 6 us, so do it once in many records: when the fill level rises by a
	 * watermark. Two cpus can hide a rise from each other; the time-out of a gathering reader covers that. */
	return now > before;
}

/* Whether `size` more bytes may go into the ring that are not of a process event: a flood of opens must not push out the
 * process tree. Returns whether to wake the reader, or negative to refuse. A look at the ring costs 20 ns, so while there
 * is room only one event in eight looks, by its time. Before a refusal it always looks. */
static __always_inline long check_headroom(enum kind kind, __u64 size, __u64 boot_ns)
{
	/* a product, because a clock with steps of 8 or 40 ns never changes the last bits */
	long woken = crowded || !(boot_ns * 0x9E3779B97F4A7C15ULL >> 61) ? needs_wakeup(size) : 0;

	if (!crowded)
		return woken;
	count_lost(kind, LOST_HEADROOM);
	return -1;
}

/* Which of the ids of a thread is that of a pid namespace so deep (struct pid: include/linux/pid.h). */
static __always_inline __u32 upid_at(__u32 level)
{
	/* the mask changes nothing (MAX_PID_NS_LEVEL is 32), but before 6.8 the verifier does not bound a product by an
	 * unknown factor */
	return (level * bpf_core_type_size(struct upid)) & 4095;
}

static __always_inline __u32 id_at(struct pid *pid, __u32 level)
{
	__u32 nr = 0;

	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (void *)__builtin_preserve_access_index(&pid->numbers[0].nr) + upid_at(level));
	return nr;
}

static __always_inline __u64 pid_ns_at(struct pid *pid, __u32 level)
{
	__u64 ns = 0;

	bpf_probe_read_kernel(&ns, sizeof(ns),
			      (void *)__builtin_preserve_access_index(&pid->numbers[0].ns) + upid_at(level));
	return ns;
}

/* A thread's id in its own pid namespace; that of the main one is the process's. */
static __always_inline __u32 id_in_namespace(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	__u32 level = READ(pid, level);

	return level ? id_at(pid, level) : READ(task, pid);
}

static __always_inline void copy_comm(char to[16], struct task_struct *from)
{
	const __u64 *comm = (const void *)__builtin_preserve_access_index(&from->comm);

	if (TASK_IS_TYPED) {
		((__u64 *)to)[0] = comm[0];
		((__u64 *)to)[1] = comm[1];
	} else {
		bpf_probe_read_kernel(to, 16, comm);
	}
}

/* What bpf_get_current_cgroup_id gives (task_dfl_cgroup, include/linux/cgroup.h), without the call. */
static __always_inline __u64 cgroup_id(struct task_struct *task)
{
#if CAN_CAST
	struct css_set *set = PEEK(task, cgroups);
	struct cgroup *cgroup = PEEK(set, dfl_cgrp);
	struct kernfs_node *node = PEEK(cgroup, kn);

	return PEEK(node, id);
#else
	return bpf_get_current_cgroup_id();
#endif
}

static __always_inline void begin_record(struct record *record, enum kind kind)
{
	record->kind = kind;
	record->cut = 0;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
}

/* The kernel keeps ids of the initial user namespace, and bpf_get_current_uid_gid would map them to it once more. `cred` is
 * never NULL, but it must be checked where the kernel's BTF tags it as __rcu. */
static __always_inline __u32 user_of(struct task_struct *task)
{
	struct cred *cred = READ(task, cred);

	return cred ? READ(cred, uid.val) : 0;
}

/* The time, and who it is. `task` is the current one. */
static __always_inline void fill_process(struct record *record, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader), *parent = READ(leader, real_parent);
	struct cred *cred = READ(task, cred);

	record->boot_ns = bpf_ktime_get_boot_ns();
	copy_comm(record->comm, leader);
	record->start_ns = READ(leader, start_boottime);
	record->cgroup_id = cgroup_id(task);
	record->pid = READ(task, tgid);
	record->tid = READ(task, pid);
	/* the process that waits for this one; not `parent`, which a debugger takes over */
	record->ppid = READ(parent, tgid);
	record->uid = user_of(task);
	record->gid = cred ? READ(cred, gid.val) : 0;
	record->ns_pid = id_in_namespace(leader);
}

/* Writes every byte of the header. */
static __always_inline void fill_record(struct record *record, enum kind kind, struct task_struct *task)
{
	begin_record(record, kind);
	fill_process(record, task);
}

#endif

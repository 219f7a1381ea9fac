/* A set of processes that the programs at forks, execs and exits keep: a map from process ids, whose values begin with when
 * that process started, because an id alone may be another's by now. Never one that forgets the oldest. Allocated whole,
 * because programs of all kinds look into it, and before Linux 6.1 some of them may see no other
 * (check_map_prog_compatibility, kernel/bpf/verifier.c).
 *
 * The second map says how many processes of the set have an id with these low bits: mostly none, and then a look there,
 * which is some instructions without a call, saves one into the set. So what others do costs no more than a comparison of
 * names. */
#ifndef ONLOOKER_FILTER_PROCESS_SET_H
#define ONLOOKER_FILTER_PROCESS_SET_H

#define PROCESS_SET(set, slots, value_type)                                                                            \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_HASH);                                                                       \
		__uint(max_entries, 1); /* the loader sets it */                                                       \
		__type(key, __u32);                                                                                    \
		__type(value, value_type);                                                                             \
	} set SEC(".maps");                                                                                            \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1); /* the loader sets it: SET_SLOTS */                                            \
		__type(key, __u32);                                                                                    \
		__type(value, __u64);                                                                                  \
	} slots SEC(".maps")

static __always_inline __u64 *slot_of(void *slots, __u32 pid)
{
	__u32 slot = pid & (SET_SLOTS - 1);

	return bpf_map_lookup_elem(slots, &slot);
}

/* The value of the task's process, or none. */
static __always_inline void *member(void *set, void *slots, struct task_struct *task)
{
	__u32 pid = READ(task, tgid);
	__u64 *count = slot_of(slots, pid), *start_ns;
	struct task_struct *leader;

	if (!count || !*count)
		return 0;
	start_ns = bpf_map_lookup_elem(set, &pid);
	leader = READ(task, group_leader);
	return start_ns && *start_ns == READ(leader, start_boottime) ? start_ns : 0;
}

/* 0; -EEXIST where it took the place of another with that id; another error where there is no room. */
static __always_inline int add_member(void *set, void *slots, __u32 pid, const void *value)
{
	__u64 *count = slot_of(slots, pid);
	int error;

	if (count) /* first: who is in the set is found */
		__sync_fetch_and_add(count, 1);
	/* an int before 6.4, whose upper half must not be compared */
	error = (int)bpf_map_update_elem(set, &pid, value, BPF_NOEXIST);
	if (!error)
		return 0;
	if (count)
		__sync_fetch_and_add(count, -1);
	if (error == -EEXIST && bpf_map_update_elem(set, &pid, value, BPF_EXIST))
		return -1;
	return error;
}

/* Whether it was there. */
static __always_inline bool remove_member(void *set, void *slots, __u32 pid)
{
	__u64 *count = slot_of(slots, pid);

	if ((int)bpf_map_delete_elem(set, &pid))
		return false;
	if (count)
		__sync_fetch_and_add(count, -1);
	return true;
}

/* Whether the program at exits still has to come by (do_exit, kernel/exit.c, counts the threads down before). */
static __always_inline bool is_alive(struct task_struct *task)
{
	struct signal_struct *signal = PEEK(task, signal);

	return PEEK(signal, live.counter) > 0;
}

/* Whether the last thread of a process that is not alive may still be on its way to the program at exits: until it has left,
 * or is all that there is and a zombie.
 * kernel/exit.c: do_exit, exit_notify, __exit_signal */
static __always_inline bool is_ending(struct task_struct *leader)
{
	struct signal_struct *signal = PEEK(leader, signal);

	return !PEEK(leader, exit_state) || PEEK(signal, nr_threads) > 1;
}

#endif

/* Which processes are followed: a command or a running process, and what descends from it. The programs at forks and exits
 * keep the set, from when they are attached and whatever is reported. */
#ifndef ONLOOKER_FILTER_TREE_H
#define ONLOOKER_FILTER_TREE_H

/* A process id, and when that process started: an id alone may be another's by now. Never one that forgets the oldest: what
 * finds no room is counted as lost. Allocated whole, because programs of all kinds look into it, and before Linux 6.1 some
 * of them may see no other (check_map_prog_compatibility, kernel/bpf/verifier.c). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, __u32);
	__type(value, __u64);
} tree SEC(".maps");

/* The loader maps it into its memory. */
struct tree_state tree_state SEC(".data.tree") = {};

static __always_inline bool is_followed(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	__u32 pid = READ(task, tgid);
	__u64 *start_ns = bpf_map_lookup_elem(&tree, &pid);

	return start_ns && *start_ns == READ(leader, start_boottime);
}

/* `leader`: the main thread of the process. */
static __always_inline void follow(struct task_struct *leader)
{
	__u64 start_ns = READ(leader, start_boottime);
	__u32 pid = READ(leader, tgid);
	/* an int before 6.4, whose upper half must not be compared */
	int error = (int)bpf_map_update_elem(&tree, &pid, &start_ns, BPF_NOEXIST);

	if (!error)
		__sync_fetch_and_add(&tree_state.followed, 1);
	else if (error != -EEXIST || bpf_map_update_elem(&tree, &pid, &start_ns, BPF_EXIST))
		count_lost(KIND_FORK, LOST_UNTRACKED);
}

/* Whether it is the loader, which creates the command: the next child of the thread that has run `adopt`. */
static __always_inline bool adopts(struct task_struct *parent)
{
	if (!tree_state.adopter || tree_state.adopter != (__u32)READ(parent, pid))
		return false;
	tree_state.adopter = 0;
	return true;
}

/* The loader runs this just before it creates the command. */
SEC("raw_tp")
int adopt(void *ctx)
{
	tree_state.adopter = (__u32)bpf_get_current_pid_tgid();
	return 0;
}

/* A process was created, by whatever thread of `parent`, and whoever waits for it. It has not run yet. */
static __always_inline void follow_child(struct task_struct *parent, struct task_struct *child)
{
	if (adopts(parent))
		tree_state.command = READ(child, tgid);
	else if (!is_followed(parent))
		return;
	follow(child);
}

/* The last thread of a process ends, and its exit was reported. */
static __always_inline void unfollow(struct task_struct *task)
{
	__u32 pid = READ(task, tgid);

	if (!is_followed(task) || (int)bpf_map_delete_elem(&tree, &pid))
		return;
	__sync_fetch_and_add(&tree_state.followed, -1);
	if (*(volatile __u64 *)&tree_state.followed && !(config.detach && pid == tree_state.command))
		return;
	tree_state.ended = 1;
	wake_reader(1);
}

#endif

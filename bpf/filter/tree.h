/* Which processes are followed: a command or a running process, and what descends from it. The programs at forks and exits
 * keep the set, from when they are attached and whatever is reported. */
#ifndef ONLOOKER_FILTER_TREE_H
#define ONLOOKER_FILTER_TREE_H

#include "process_set.h"

PROCESS_SET(tree, tree_slots, __u64); /* when it started */

/* The loader maps it into its memory. */
struct tree_state tree_state SEC(".data.tree") = {};

static __always_inline bool is_followed(struct task_struct *task)
{
	return !!member(&tree, &tree_slots, task);
}

static __always_inline void follow(__u32 pid, __u64 start_ns)
{
	int error = add_member(&tree, &tree_slots, pid, &start_ns);

	if (!error && pid != own_pid) /* the monitor does not wait for its own end */
		__sync_fetch_and_add(&tree_state.followed, 1);
	if (error && error != -EEXIST)
		count_lost(KIND_FORK, LOST_UNFOLLOWED);
}

static __always_inline void forget(__u32 pid)
{
	if (!remove_member(&tree, &tree_slots, pid))
		return;
	__sync_fetch_and_add(&tree_state.followed, -1);
	if (*(volatile __u64 *)&tree_state.followed && !(config.detach && pid == tree_state.command))
		return;
	tree_state.ended = 1;
	wake_reader(1);
}

/* A process that may end meanwhile: then either the program at exits has found it in the set, or this sees its end. */
static __always_inline void follow_running(struct task_struct *leader)
{
	__u32 pid = PEEK(leader, tgid);

	if (!is_alive(leader))
		return;
	follow(pid, PEEK(leader, start_boottime));
	if (!is_alive(leader))
		forget(pid);
}

/* While the loader looks for the descendants of a process that already runs (`gather`), the programs at forks and exits know
 * them by their parents: nothing may come into being or lose its parent unseen. */
#define MOST_ANCESTORS 64
#define MOST_CHILDREN 128

/* Whether an ancestor is followed, or so far away that nobody knows, which counts as a loss. */
static __noinline bool descends(struct task_struct *task)
{
	struct task_struct *leader = PEEK(task, group_leader);
	int i;

	for (i = 0; i < MOST_ANCESTORS; i++) {
		struct task_struct *parent = PEEK(leader, real_parent);
		__u64 *start_ns;
		__u32 pid;

		leader = PEEK(parent, group_leader);
		pid = PEEK(leader, tgid);
		if (!pid)
			return false;
		start_ns = bpf_map_lookup_elem(&tree, &pid);
		if (start_ns && *start_ns == PEEK(leader, start_boottime))
			return true;
	}
	count_lost(KIND_FORK, LOST_UNFOLLOWED);
	return false;
}

/* The last thread of a process ends, and its children get another parent. It may be a descendant that was not found yet. */
static __noinline int follow_children(struct task_struct *task)
{
	struct list_head *head = __builtin_preserve_access_index(&task->children), *next = PEEK(task, children.next);
	int i;

	for (i = 0; i < MOST_CHILDREN && next != head; i++) {
		struct task_struct *child = (void *)((char *)next - bpf_core_field_offset(struct task_struct, sibling));

		follow_running(child);
		next = PEEK(child, sibling.next);
	}
	if (next != head)
		count_lost(KIND_FORK, LOST_UNFOLLOWED);
	return done();
}

/* Follows the process `tree_state.root` and what descends from it. The loader runs it over all tasks, twice: a descendant may
 * come before it. From then on every process that an ancestor of its connects to the root is in the set. One that is
 * created meanwhile was put there by the program at forks, and one whose parent ended by the program at exits, before it
 * lost that parent. A descendant may be neither alive nor at that program yet, as its memory is freed first: the loader goes on
 * until there is none, so that its end is not missed.
 * Linux 5.8, kernel/bpf/task_iter.c */
SEC("iter/task")
int gather(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 pid;

	if (!task)
		return 0;
	pid = PEEK(task, tgid);
	if (pid != (__u32)PEEK(task, pid)) /* a thread */
		return 0;
	if (pid == tree_state.root && is_alive(task))
		tree_state.found = 1;
	else if (!descends(task))
		return 0;
	if (is_alive(task))
		follow_running(task);
	else if (is_ending(task) && !is_followed(task)) {
		tree_state.ending++;
		if (tree_state.is_last)
			count_lost(KIND_FORK, LOST_UNFOLLOWED);
	}
	return 0;
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
	else if (!is_followed(parent) && !(tree_state.gathering && descends(parent)))
		return;
	follow(READ(child, tgid), READ(child, start_boottime));
}

/* The last thread of a process ends: before its exit is reported. One that the loader would still have found is followed for
 * this last moment. */
static __always_inline void gather_ending(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);

	if (!tree_state.gathering)
		return;
	if (!is_followed(task)) {
		if (!descends(task))
			return;
		follow(READ(task, tgid), READ(leader, start_boottime));
	}
	follow_children(task);
}

/* The same, after it was reported. */
static __always_inline void unfollow(struct task_struct *task)
{
	__u32 pid = READ(task, tgid);

	if (is_followed(task))
		forget(pid);
}

#endif

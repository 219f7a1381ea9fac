/* Which processes have executed one of the wanted programs, or were created by such a process and have executed nothing
 * since. The programs at forks, execs and exits keep the set, from when they are attached and whatever is reported. */
#ifndef ONLOOKER_FILTER_EXECUTED_H
#define ONLOOKER_FILTER_EXECUTED_H

#include "exe.h"
#include "process_set.h"

struct executed {
	__u64 start_ns;
	__u64 itself; /* it has executed one, and so stays here until it ends; not only its creator has */
};

PROCESS_SET(executed, executed_slots, struct executed);

/* Processes that ran before the programs were attached, and what they create before the loader has looked at them in /proc.
 * The loader decides each; nothing is reported yet. */
struct unsettled {
	__u64 start_ns;
	__u32 pid;    /* as the loader sees it: in a pid namespace another one than the machine's */
	__u32 forked; /* it has executed nothing itself: what it runs, its creator has executed */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, __u32);
	__type(value, struct unsettled);
} unsettled SEC(".maps");

struct {
	__u32 listing;  /* the loader lists what runs: what is created meanwhile is listed, too */
	__u32 settling; /* the loader has not looked at all of them */
} executed_state SEC(".data.executed") = {};

static __always_inline bool has_executed(struct task_struct *task)
{
	return !!member(&executed, &executed_slots, task);
}

static __always_inline void add_executed(__u32 pid, __u64 start_ns, bool itself)
{
	struct executed value = { .start_ns = start_ns, .itself = itself };
	int error = add_member(&executed, &executed_slots, pid, &value);

	if (error && error != -EEXIST)
		count_lost(KIND_FORK, LOST_UNFOLLOWED);
}

static __always_inline void add_unsettled(__u32 pid, struct task_struct *leader)
{
	struct unsettled value = {
		.start_ns = PEEK(leader, start_boottime),
		.pid = id_for_loader(leader),
		.forked = !!(PEEK(leader, flags) & PF_FORKNOEXEC),
	};

	/* in place of an earlier process with this id, whose end was not seen */
	if ((int)bpf_map_update_elem(&unsettled, &pid, &value, BPF_ANY))
		count_lost(KIND_FORK, LOST_UNFOLLOWED);
}

/* Not another process with the same id. Between the look and the removal nobody gets that id: it would take all others
 * first. Returns whether it was there. */
static __always_inline bool remove_unsettled(__u32 pid, __u64 start_ns)
{
	struct unsettled *listed = bpf_map_lookup_elem(&unsettled, &pid);

	return listed && listed->start_ns == start_ns && !(int)bpf_map_delete_elem(&unsettled, &pid);
}

/* What the loader would find in /proc is no longer so. Of a process that had executed something itself, it is what it has
 * executed all the same. */
static __always_inline void settle_by_exec(__u32 pid, __u64 start_ns)
{
	struct unsettled *listed = bpf_map_lookup_elem(&unsettled, &pid);

	if (listed && listed->forked)
		remove_unsettled(pid, start_ns);
}

/* A process has executed what the record in the scratch memory tells of. Where nobody can tell what that was, it stays what
 * it was; but if it was wanted, it or what it creates may be missing, now or after its next exec. */
static __always_inline void note_exec(struct scratch *scratch, struct task_struct *task)
{
	__u64 start_ns = ((struct record *)scratch->bytes)->start_ns;
	__u32 pid = READ(task, tgid), likeness;
	struct executed *before;

	if (executed_state.settling)
		settle_by_exec(pid, start_ns);
	likeness = is_of_wanted(scratch->slot);
	before = member(&executed, &executed_slots, task);
	if (before && before->itself)
		return;
	if (likeness == IS_UNSURE)
		count_lost(KIND_FORK, LOST_UNFOLLOWED);
	else if (likeness == IS_WANTED && before)
		before->itself = true;
	else if (likeness == IS_WANTED)
		add_executed(pid, start_ns, true);
	else if (before)
		remove_member(&executed, &executed_slots, pid);
}

/* A process was created, by whatever thread of `parent`. It has not run yet. The creator is looked for in `unsettled` first:
 * `decide` takes it from there after it has put it into the set. */
static __always_inline void note_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = READ(child, tgid), creator = READ(parent, tgid);
	bool is_unsettled = executed_state.listing;

	if (executed_state.settling && !is_unsettled)
		is_unsettled = !!bpf_map_lookup_elem(&unsettled, &creator);
	if (has_executed(parent))
		add_executed(pid, READ(child, start_boottime), false);
	else if (is_unsettled)
		add_unsettled(pid, child);
}

/* The last thread of a process ends, and its exit was reported. */
static __always_inline void note_exit(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	__u32 pid = READ(task, tgid);

	if (executed_state.settling) /* before the other: see `decide` */
		remove_unsettled(pid, READ(leader, start_boottime));
	if (has_executed(task))
		remove_member(&executed, &executed_slots, pid);
}

/* The loader runs it over all tasks. One that ends meanwhile is taken out by the program at exits, or here.
 * Linux 5.8, kernel/bpf/task_iter.c */
SEC("iter/task")
int list_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 pid;

	if (!task)
		return 0;
	pid = PEEK(task, tgid);
	if (pid != (__u32)PEEK(task, pid) || PEEK(task, flags) & PF_KTHREAD || !is_alive(task))
		return 0;
	add_unsettled(pid, task);
	if (!is_alive(task))
		remove_unsettled(pid, PEEK(task, start_boottime));
	return 0;
}

/* The loader runs it for each process of `unsettled`, with its id, its start and whether it runs a wanted program. If the
 * program at exits, or at execs, comes by meanwhile, the process is no longer there, and what was put into the set is taken
 * out again, but not what the program at execs has put there; nor anything of a later process with the same id. */
SEC("raw_tp")
int decide(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 pid = ctx->args[0];
	__u64 start_ns = ctx->args[1], itself;
	struct unsettled *listed = bpf_map_lookup_elem(&unsettled, &pid);
	struct executed *found = bpf_map_lookup_elem(&executed, &pid);

	if (!listed || listed->start_ns != start_ns)
		return 0;
	if (!ctx->args[2]) {
		remove_unsettled(pid, start_ns);
		return 0;
	}
	itself = !listed->forked;
	if (!found || found->start_ns < start_ns)
		add_executed(pid, start_ns, itself);
	if (remove_unsettled(pid, start_ns))
		return 0;
	found = bpf_map_lookup_elem(&executed, &pid);
	if (found && found->start_ns == start_ns && found->itself == itself)
		remove_member(&executed, &executed_slots, pid);
	return 0;
}

#endif

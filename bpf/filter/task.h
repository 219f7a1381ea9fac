/* Which processes are reported. This comes before all other work for an event. */
#ifndef ONLOOKER_FILTER_TASK_H
#define ONLOOKER_FILTER_TASK_H

#include "cgroup.h"

/* A few names are compared one by one, which costs less than a look-up in the trie. The mask covers a name and its NUL, or
 * a prefix. */
const volatile struct few_comms few_comms SEC(".rodata.comms") = {};

/* A name and its NUL is one prefix of 16 bytes, "name*" a shorter one: a trie answers for both. */
struct comm_key {
	__u32 prefix_bits;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1); /* the loader sets it */
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
	__type(key, struct comm_key);
	__type(value, __u8);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, __u8);
} pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, __u8);
} uids SEC(".maps");

/* Set by the loader once everything is attached and cleared at the end, so that all programs start and stop together:
 * attaching and detaching them takes a while. */
__u32 enabled SEC(".data.enabled") = 0;

static __always_inline bool is_wanted_comm(struct task_struct *leader)
{
	struct {
		__u32 unused; /* so that comm is aligned to 8 bytes */
		struct comm_key key;
	} __attribute__((aligned(8))) lookup = {};
	const __u64 *comm = (const __u64 *)lookup.key.comm;
	__u32 i;

	copy_comm(lookup.key.comm, leader);
	if (!config.few_comms) {
		lookup.key.prefix_bits = 8 * sizeof(lookup.key.comm);
		return !!bpf_map_lookup_elem(&comms, &lookup.key);
	}
	for (i = 0; i < FEW_COMMS && i < config.few_comms; i++)
		if (!(((comm[0] ^ few_comms.name[i][0]) & few_comms.mask[i][0]) |
		      ((comm[1] ^ few_comms.name[i][1]) & few_comms.mask[i][1])))
			return true;
	return false;
}

static __always_inline bool is_wanted(struct task_struct *task)
{
	__u32 pid = READ(task, tgid);

	if (!enabled || pid == own_pid)
		return false;
	if (config.follow && !is_followed(task))
		return false;
	if (config.exes && !has_executed(task))
		return false;
	if (config.by_pid && !bpf_map_lookup_elem(&pids, &pid))
		return false;
	if (config.by_uid) {
		__u32 uid = bpf_get_current_uid_gid();

		if (!bpf_map_lookup_elem(&uids, &uid))
			return false;
	}
	if (config.cgroups && !is_in_cgroups())
		return false;
	return !config.by_comm || is_wanted_comm(READ(task, group_leader));
}

#endif

/* Whether a process is in one of some cgroups of the version 2 hierarchy, or below. */
#ifndef ONLOOKER_FILTER_CGROUP_H
#define ONLOOKER_FILTER_CGROUP_H

#define MOST_CGROUPS 32

/* The loader puts a descriptor of each directory into it. The kernel keeps a cgroup while it is here, so that its id is no
 * other's, even if its directory is removed. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

/* Of the current task. Linux 4.9 has the helper for all kinds of programs that trace; the one for the id of an ancestor came
 * to them with 5.15 (95b861a7935b). */
static __always_inline bool is_in_cgroups(void)
{
	__u32 i;

	for (i = 0; i < MOST_CGROUPS && i < config.cgroups; i++)
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
}

#endif

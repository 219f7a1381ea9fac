/* The monitor itself. */
#ifndef ONLOOKER_SELF_H
#define ONLOOKER_SELF_H

/* The monitor's own process id, as the kernel counts it: os.getpid() is another number in a pid namespace. */
__u32 own_pid;

/* The monitor's own root directory, where paths begin. A path that is not below it begins at the root of its mount
 * namespace. */
struct place own_root;

/* Where the monitor's process ids are from: its pid namespace, and how deep that is. */
__u64 own_pid_ns;
__u32 own_level;

/* The loader runs this: before anything is attached, and then from time to time. It nearly always writes what is there
 * already. Where the monitor's root has changed, a walk may compare with one new word and one old for some nanoseconds:
 * that is a place on its path only where the old root is in the new mount, too (a bind mount), and the path then begins
 * at the old root, as if the walk had been a moment earlier. */
SEC("raw_tp")
int identify(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	own_pid = bpf_get_current_pid_tgid() >> 32;
	own_level = BPF_CORE_READ(task, thread_pid, level);
	own_pid_ns = pid_ns_at(BPF_CORE_READ(task, thread_pid), own_level);
	own_root.vfsmount = (__u64)BPF_CORE_READ(task, fs, root.mnt);
	own_root.dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry);
	return 0;
}

/* The id of a process as the monitor sees it, 0 where it does not. */
static __always_inline __u32 id_for_loader(struct task_struct *leader)
{
	struct pid *pid = READ(leader, thread_pid);
	__u32 level = own_level;

	return pid && READ(pid, level) >= level && pid_ns_at(pid, level) == own_pid_ns ? id_at(pid, level) : 0;
}

#endif

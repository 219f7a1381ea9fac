/* The monitor itself. */
#ifndef ONLOOKER_SELF_H
#define ONLOOKER_SELF_H

/* The monitor's own process id, as the kernel counts it: os.getpid() is another number in a pid namespace. */
__u32 own_pid;

/* The monitor's own root directory, where paths begin. A path that is not below it begins at the root of its mount
 * namespace. */
struct place own_root;

/* The loader runs this: before anything is attached, and then from time to time. It nearly always writes what is there
 * already. Where the monitor's root has changed, a walk may compare with one new word and one old for some nanoseconds:
 * that is a place on its path only where the old root is in the new mount, too (a bind mount), and the path then begins
 * at the old root, as if the walk had been a moment earlier. */
SEC("raw_tp")
int identify(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	own_pid = bpf_get_current_pid_tgid() >> 32;
	own_root.vfsmount = (__u64)BPF_CORE_READ(task, fs, root.mnt);
	own_root.dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry);
	return 0;
}

#endif

/* Only the kernel types and fields that the probes read. CO-RE finds their real offsets when the object is loaded, so
 * no vmlinux.h is needed: a field has the kernel's name, and nothing else here has to match. */
#ifndef ONLOOKER_KERNEL_H
#define ONLOOKER_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>

typedef int bool;
#define true 1
#define false 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic_long_t;

/* include/linux/time64.h: as numbers of 64 bits, any memory can be read by this type (bpf/compat.h) */
struct timespec64 {
	__s64 tv_sec;
};

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

typedef struct {
	__u32 val;
} kuid_t, kgid_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

/* include/linux/seqlock.h: `sequence` is odd while what it guards is being changed */
struct seqcount {
	unsigned int sequence;
};

typedef struct {
	struct seqcount seqcount;
} seqcount_spinlock_t;

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct dentry_operations {
	void *d_dname;
};

struct dentry {
	seqcount_spinlock_t d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct dentry_operations *d_op;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
	__u64 event;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

/* include/linux/file_ref.h: a type without a name; a field is found by the path to it */
struct file_ref {
	atomic_long_t refcnt;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	struct cred *f_cred;
	__s64 f_pos;
	atomic_long_t f_count;
	struct file_ref f_ref;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	atomic_t count;
	unsigned int next_fd;
	struct fdtable *fdt;
};

/* `seq` is a seqlock_t in newer kernels: it begins with what is here */
struct fs_struct {
	seqcount_spinlock_t seq;
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

struct kernel_clone_args {
	int io_thread;
	int user_worker;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	unsigned int flags;
	int group_exit_code;
	__u64 utime;
	__u64 stime;
	__u64 sum_sched_runtime;
};

/* include/linux/signal_types.h; the kernel's siginfo has its fields in a struct without a name */
struct kernel_siginfo {
	int si_signo;
	int si_code;
};

struct sigqueue {
	struct list_head list;
	struct kernel_siginfo info;
};

struct sigpending {
	struct list_head list;
	sigset_t signal;
};

/* kernel/seccomp.c */
struct action_cache {
	unsigned long allow_native[1];
	unsigned long allow_compat[1];
};

struct seccomp_filter {
	struct action_cache cache;
};

struct seccomp {
	int mode;
	struct seccomp_filter *filter;
};

struct thread_info {
#if defined(__TARGET_ARCH_x86)
	__u32 status;
#else
	unsigned long flags;
#endif
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int tgid;
	int exit_state;
	int exit_code;
	unsigned int ptrace;
	struct seccomp seccomp;
	struct sigpending pending;
	sigset_t blocked;
	struct task_struct *real_parent;
	struct list_head children, sibling;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct cred *cred;
	kuid_t loginuid;
	unsigned int sessionid;
	struct sched_entity se;
	__u64 utime;
	__u64 stime;
	__u64 start_boottime;
	char comm[16];
	void *stack;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct css_set *cgroups;
	struct signal_struct *signal;
};

/* kernel/bpf/task_iter.c */
struct bpf_iter__task {
	void *meta;
	struct task_struct *task;
};

struct linux_binprm {
	const char *filename;
	const char *interp;
};

#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long bx;
	unsigned long ax;
	unsigned long r10;
	unsigned long r8;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
/* arch/arm64/include/asm/ptrace.h */
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#else
#error "onlooker's probe knows x86_64 and aarch64"
#endif

/* include/linux/fs.h, include/linux/io_uring_types.h, io_uring/openclose.c; only names and order matter */
struct filename {
	const char *name;
};

struct io_cmd_data {
	__u8 data[1];
};

struct io_cqe {
	__u64 user_data;
	__s32 res;
};

struct io_ring_ctx {
	unsigned int cached_sq_head;
};

struct io_kiocb {
	struct io_cmd_data cmd;
	void *ctx;
	struct io_cqe cqe;
	__u8 opcode;
	__u64 flags;
};

/* include/trace/events/io_uring.h */
struct trace_event_raw_io_uring_create {
	struct io_ring_ctx *ctx;
};

struct trace_event_raw_io_uring_submit_req {
	struct io_kiocb *req;
};

struct trace_event_raw_io_uring_complete {
	struct io_kiocb *req;
	int res;
};

struct trace_event_raw_io_uring_fail_link {
	struct io_kiocb *link;
};

struct trace_event_raw_io_uring_cqe_overflow {
	void *ctx;
	__u64 user_data;
	__s32 res;
};

struct open_how___kernel {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open {
	int dfd;
	__u32 file_slot;
	struct delayed_filename filename;
	struct open_how___kernel how;
};

struct io_open___v6 {
	struct filename *filename;
};

/* io_uring/fs.c */
struct io_rename {
	int old_dfd, new_dfd;
	struct delayed_filename oldpath, newpath;
	int flags;
};

struct io_rename___v6 {
	struct filename *oldpath, *newpath;
};

struct io_unlink {
	int dfd, flags;
	struct delayed_filename filename;
};

struct io_unlink___v6 {
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	__u16 mode;
	struct delayed_filename filename;
};

struct io_mkdir___v6 {
	struct filename *filename;
};

struct io_link {
	int old_dfd, new_dfd;
	struct delayed_filename oldpath, newpath;
	int flags;
};

struct io_link___v6 {
	struct filename *oldpath, *newpath;
};

struct io_uring_cqe {
	__s32 res;
};

#pragma clang attribute pop

#endif

/* Numbers and structs that have the same values on every kernel: what programs pass, and flags that never changed. */
#ifndef ONLOOKER_CONSTANTS_H
#define ONLOOKER_CONSTANTS_H

/* include/linux/sched.h, include/linux/sched/signal.h */
#define PF_KTHREAD 0x00200000
#define PF_FORKNOEXEC 0x00000040
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000
#define SIGNAL_GROUP_EXIT 0x00000004

/* include/linux/fs.h, since Linux 4.19 (73a09dd94377): this very open made the file */
#define FMODE_CREATED 0x100000

/* include/uapi/linux/fcntl.h and asm-generic/fcntl.h; these two are the same on x86_64 and aarch64 */
#define O_CREAT 0100
#define __O_TMPFILE 020000000
#define O_ACCMODE 3
#define O_WRONLY 01
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_NOATIME 01000000
#define O_PATH 010000000
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000
#define AT_EXECVE_CHECK 0x10000
#define MODE_BITS 07777 /* of what is passed as a mode, all that the kernel takes */
#define RESOLVE_IN_ROOT 0x10 /* include/uapi/linux/openat2.h */
#define NAME_BYTES 256 /* NAME_MAX and a NUL */
#define ENOENT 2
#define EEXIST 17
#define ENOTDIR 20
#define ENAMETOOLONG 36
#define ELOOP 40
#define PATH_BYTES 4096 /* PATH_MAX: the longest path, its NUL included */

/* include/uapi/linux/openat2.h */
struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

/* include/uapi/linux/sched.h, as far as it is read */
struct clone_args {
	__u64 flags;
	__u64 pidfd;
	__u64 child_tid;
	__u64 parent_tid;
	__u64 exit_signal;
};

#endif

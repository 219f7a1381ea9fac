/* The loader's settings for the probe, made once, before it is loaded. Shared with src/onlooker/probe/_libbpf.pyx. */
#ifndef ONLOOKER_CONFIG_H
#define ONLOOKER_CONFIG_H

struct config {
	__u64 ring_bytes;        /* size of the ring */
	__u64 headroom_bytes;    /* the part of it that only process events may use */
	__u64 watermark_bytes;   /* a power of two: wake the reader each time this much more is queued */
	__u64 argv_bytes;        /* so much of an exec's arguments is kept, the rest cut */
	__u32 kinds_by_sys_exit; /* bit n: on_sys_exit reports the events of kind n */
	__u32 kinds_by_call_exit; /* the same for on_call_exit */
	__u32 kinds_by_call_return; /* the same for on_call_return */
	__u32 kinds;             /* bit n: events of kind n are reported; a program may be needed for another reason, too */
	__u8 follow;             /* report only followed processes: bpf/filter/tree.h */
	__u8 detach;             /* the end of the command is the end, whatever goes on */
	__u8 by_comm;            /* whether each of the three sets restricts what is reported */
	__u8 by_pid;
	__u8 by_uid;
	__u8 failed;             /* report only what failed */
	__u8 threads;            /* report the creation of threads */
	__u8 resolve_paths;      /* look up which file a path led to */
	__u8 few_comms;          /* so many names are in few_comms, and none in the trie */
	__u8 cgroups;            /* so many are in the map: report only processes in or below one of them */
	__u8 exes;               /* so many programs are in the map: report only processes that have executed one of them */
	__u8 pad[5];
};

#define SET_SLOTS 16384 /* a power of two: bpf/filter/process_set.h */

/* What the loader and the probe tell each other about followed processes: bpf/filter/tree.h. */
struct tree_state {
	__u64 followed; /* how many there are */
	__u32 adopter;  /* the thread whose next child is followed */
	__u32 command;  /* the process that it has created */
	__u32 ended;    /* there is nothing left to follow */
	__u32 gathering; /* the loader looks for the descendants of `root` */
	__u32 root;
	__u32 found;    /* it has seen that one */
};

/* Names of processes to compare with, each with the bits that count. */
#define FEW_COMMS 8
struct few_comms {
	__u64 name[FEW_COMMS][2], mask[FEW_COMMS][2];
};

/* What a system call means: 0 nothing, or the kind of event and, in the low byte, which of its calls. The first row is
 * for native calls, the second for those of 32-bit programs. */
#define CALLS 1024
typedef __u16 call_table[2][CALLS];

/* The cookie of on_call_return where the function is no system call, but __secure_computing. */
#define ANSWERED_BY_SECCOMP 1

#endif

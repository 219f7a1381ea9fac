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
	__u8 rules;              /* an expression may reject events: bpf/filter/rules.h */
	__u8 pad[4];
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
	__u32 ending;   /* how many descendants were in the midst of their end */
	__u32 is_last;  /* the loader waits for them no longer */
};

/* Names of processes to compare with, each with the bits that count. */
#define FEW_COMMS 8
struct few_comms {
	__u64 name[FEW_COMMS][2], mask[FEW_COMMS][2];
};

/* What the kernel decides of an expression: made by src/onlooker/filters/rules.py, which has the same numbers. */
#define RULE_HALVES 2
#define RULE_KINDS 32
#define RULE_STEPS 512
#define RULE_LONGEST 32        /* so many steps are taken at most in a stage; what is behind them passes */
#define RULE_AT_ONCE 3         /* so many of them without a call */
#define RULE_SKIPPED 10        /* the same, of steps that do not hold at first sight */
#define RULE_TEXT_BYTES 16384
#define RULE_TEXT_MOST 256     /* bytes of one text */
#define RULE_PASSED_MOST 256   /* bytes of a path that was passed; longer ones are not looked at */
#define RULE_RECORD_BYTES 1024 /* more than the fixed part of a record has */

enum rule_end {
	RULE_ACCEPT = 0xffff,
	RULE_REJECT = 0xfffe,
	RULE_FIRST = 0xfffd, /* the kind's first step: nothing was asked yet */
};

enum rule_op {
	RULE_NUMBER, /* whether a number is in a range */
	RULE_COMM,   /* whether the process's name has these bytes */
	RULE_UNDER,  /* whether the file is this one or below it */
	RULE_EQUAL,  /* whether it is this one */
	RULE_NAME,   /* whether its last name ends so */
};

/* Where a number is before there is a record: in it later, too. Of a path, which one counts. */
enum rule_source {
	RULE_OF_RECORD,
	RULE_OF_PID,
	RULE_OF_UID,
	RULE_OF_ERRNO,
	RULE_OF_FLAGS, /* of an open */
	RULE_OF_FILE,
	RULE_OF_REAL, /* only one that was walked */
};

/* 64 bytes */
struct rule_step {
	__u8 op, source;
	__u8 is_short; /* the words are all of it */
	__u8 is_whole; /* the whole name is meant */
	__u16 yes, no; /* the next step, or an end */
	__u16 at;      /* where the number or the name is in the record */
	__u16 pad;
	/* the path as it was passed, without a slash at its end, or a name; and as it is walked (bpf/path.h) */
	__u16 typed, typed_bytes, walked, walked_bytes;
	__u32 pad2;
	union {
		struct {
			__u64 mask, flip, low, width; /* flip: the sign, so that all numbers are in one order */
		} number;
		struct {
			__u64 value[2], mask[2]; /* of the last 16 bytes */
		} words;
	};
	__u64 pad3;
};

/* Where the record of a kind has the spans of its paths; 0: it has none. */
struct rule_kind {
	__u16 first; /* step */
	__u16 real_at, joined_at, path_at;
};

struct rules {
	struct rule_kind kinds[RULE_KINDS];
	struct rule_step steps[RULE_STEPS];
	char text[RULE_TEXT_BYTES];
};

/* What a system call means: 0 nothing, or the kind of event and, in the low byte, which of its calls. The first row is
 * for native calls, the second for those of 32-bit programs. */
#define CALLS 1024
typedef __u16 call_table[2][CALLS];

/* The cookie of on_call_return where the function is no system call, but __secure_computing. */
#define ANSWERED_BY_SECCOMP 1

#endif

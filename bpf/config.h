/* What the loader tells the probe, once, before it is loaded. Shared with src/onlooker/probe/_libbpf.pyx. */
#ifndef ONLOOKER_CONFIG_H
#define ONLOOKER_CONFIG_H

struct config {
	__u64 ring_bytes;      /* size of the ring */
	__u64 headroom_bytes;  /* the part of it that only process events may use */
	__u64 watermark_bytes; /* a power of two: wake the reader each time this much more is queued */
	__u8 by_comm;          /* whether each of the three sets restricts what is reported */
	__u8 by_pid;
	__u8 by_uid;
	__u8 failed;           /* report only what failed */
	__u8 threads;          /* report the creation of threads */
	__u8 opens;            /* which calls the shared sys_exit program reports */
	__u8 execs;
	__u8 pad;
};

#endif

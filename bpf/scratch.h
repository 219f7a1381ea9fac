/* Memory to put a record together in: larger than the stack, and its end is known before room in the ring is taken. */
#ifndef ONLOOKER_SCRATCH_H
#define ONLOOKER_SCRATCH_H

#define SCRATCH_MASK 32767 /* an offset is not more */
#define SCRATCH_BYTES 28672 /* below 32 KiB, the most for a per-cpu value; rename has two paths and two directories */

/* what struct path is in the kernel: addresses */
struct place {
	__u64 vfsmount, dentry;
};

/* the state of a walk to the root: bpf/path.h */
struct path_cursor {
	__u64 first_mount, mount, first_dentry, dentry, top; /* addresses */
	__u64 last; /* its name was too long */
	__u64 sum;
	__u32 start;
	bool again;
	bool half; /* the mount that was just left may be half taken away */
	int walked; /* enum walked */
};

/* the state of reading arguments: bpf/probes/exec_failed.h */
struct gather {
	__u64 list;
	__u32 start, next;
	bool compat;
};

/* the state of reading a path's names: bpf/names.h */
struct names {
	__u64 high, low; /* the last 16 bytes of the name */
	__u64 number;    /* that the name is */
	__u32 at, end, begin;
	__u32 count; /* of names that have ended */
	struct span last;
	__u32 led;
	int fd;
	bool of_leader, until_elsewhere;
};

/* the state of a search for a name in a path: bpf/probes/rename.h */
struct seek {
	struct span name;
	__u32 at, end;
	__u32 same; /* bytes that are equal */
	bool differs;
};

/* What of a record says which file it is: bpf/filter/rules.h. */
enum looked {
	LOOK_LATER,
	LOOK_NOT, /* it can't be said */
	LOOK_WALKED,
	LOOK_PASSED,
};

struct look {
	struct span text, base; /* of a passed path: where it starts from */
	__u64 tail[2], name[2]; /* the last bytes of a walked path, and of its first name */
	__u32 stage, is; /* enum rule_stage, enum looked */
	bool has_name;
};

/* Where the rules for an event are, and the step that comes next. The process's name is read once, because another thread
 * may change it meanwhile: what is asked is what the record says. */
struct ruling {
	__u32 half, next;
	__u64 comm[2];
};

struct scratch {
	__u32 taken; /* its users, and those that try */
	__u32 used;  /* bytes */
	__u32 slot;  /* its key in the map: functions that the verifier follows once take no pointers */
	__u64 request; /* of io_uring, whose paths were kept: bpf/ring_change.h */
	struct ruling ruling;
	struct look look;
	__u32 first_at, first_bytes; /* the first name of the path that was walked last */
	union {
		struct path_cursor cursor;
		struct gather gather;
		struct names names;
		struct seek seek;
	};
	/* the results of append_passed, read_fs and describe_descriptor */
	struct span passed, joined;
	struct place place;
	struct {
		struct span path;
		__u64 inode;
		__u32 device;
		__u8 state, pad[3];
	} file;
	char bytes[SCRATCH_BYTES];
};

/* Programs are preemptible on some kernels, and then another one runs on the same cpu in between: so a few for each cpu,
 * with a count of the users of each. */
#define SCRATCHES 3

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* A free one, with room for the fixed part of a record; none is counted as a loss. The record is `bytes`. It is free if
 * the count is 1 after raising it: that needs no atomic instruction that returns a value, which kernels before 5.12 do not
 * have. */
static __always_inline struct scratch *take_scratch(enum kind kind, __u32 record_bytes)
{
	__u32 i;

	for (i = 0; i < SCRATCHES; i++) {
		__u32 slot = i; /* not the counter itself: Linux 5.10 forgets the value of what is on the stack */
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);

		if (!scratch)
			break;
		__sync_fetch_and_add(&scratch->taken, 1);
		if (*(volatile __u32 *)&scratch->taken == 1) {
			scratch->slot = i;
			scratch->used = record_bytes;
			return scratch;
		}
		__sync_fetch_and_add(&scratch->taken, -1);
	}
	count_lost(kind, LOST_BUSY);
	return 0;
}

static __always_inline void release_scratch(struct scratch *scratch)
{
	__sync_fetch_and_add(&scratch->taken, -1);
}

/* Where the next `most` bytes go, or none. `most` is a constant. */
static __always_inline char *room_for(struct scratch *scratch, __u32 most)
{
	__u64 used = scratch->used; /* 64 bits, because older verifiers do not see through 32-bit comparisons */

	return used > SCRATCH_BYTES - most ? 0 : scratch->bytes + used;
}

/* The byte at an offset, 0 where there is none. */
static __always_inline __u8 byte_at(struct scratch *scratch, __u64 offset)
{
	barrier_var(offset); /* so that what is compared is what is used */
	return offset < SCRATCH_BYTES ? scratch->bytes[offset] : 0;
}

/* Whether a text that filled its room goes on: the byte that the NUL replaced was not a NUL. */
static __always_inline bool goes_on(const char *text, __u32 room)
{
	char last = 0;

	return bpf_probe_read_user(&last, 1, text + room - 1) || last;
}

/* Appends a path that the caller passed; its first byte to `first`. False if it is not whole. */
static __always_inline bool append_user_path(struct scratch *scratch, const char *path, struct span *span, char *first)
{
	char *to = room_for(scratch, PATH_BYTES);
	long length;
	bool torn;

	span->offset = scratch->used;
	span->length = 0;
	*first = 0;
	if (!to)
		return false;
	length = read_user_text(to, path, &torn);
	if (length < 1)
		return false;
	*first = to[0];
	span->length = length - 1;
	scratch->used += length - 1;
	return !torn && (length < PATH_BYTES || !goes_on(path, PATH_BYTES));
}

/* Appends one of the kernel's strings, of up to `most` bytes, a constant. False if it is not whole. */
static __always_inline bool append_kernel_text(struct scratch *scratch, const char *text, __u32 most, struct span *span)
{
	char *to = room_for(scratch, most);
	long length;

	span->offset = scratch->used;
	span->length = 0;
	if (!to)
		return false;
	length = bpf_probe_read_kernel_str(to, most, text);
	if (length < 1)
		return false;
	span->length = length - 1;
	scratch->used += length - 1;
	return true;
}

/* Sends the record. `woken`: whether to wake the reader; negative: do not send. */
static __always_inline void send_scratch(struct scratch *scratch, enum kind kind, long woken)
{
	__u64 size = scratch->used;

	if (woken < 0 || size > SCRATCH_BYTES)
		return;
	if (bpf_ringbuf_output(&ring, scratch->bytes, size, BPF_RB_NO_WAKEUP))
		count_lost(kind, LOST_RING_FULL);
	wake_reader(woken);
}

#endif

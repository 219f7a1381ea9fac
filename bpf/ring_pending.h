/* Opens through io_uring that are under way: a submission is kept until the request ends. No map here forgets; a
 * submission that finds no room is counted. */
#ifndef ONLOOKER_RING_PENDING_H
#define ONLOOKER_RING_PENDING_H

struct ring_open {
	struct record record; /* the submitter's: a kernel thread may complete what a process leaves behind */
	__u64 ring, user_data;
	__u64 flags, resolve, mode;
	__s32 dirfd;
	__u32 length;
	bool direct; /* the file goes into the ring's own table, not to a descriptor */
	bool cancelled; /* by a failure before it in its chain: never carried out, and not marked as failed */
	char path[PATH_BYTES];
};

/* By the address of the request. 4096 entries of 4.3 KiB, so 17 MiB (or 32, as the kernel's allocator rounds them up)
 * are the most that they can take: to fill it, a process must have as many opens blocked at once, each of which costs
 * it as much. Memory is taken as it is needed: Linux 6.1 (fba1a1c6c912) has an allocator for that which is safe
 * wherever a program runs, and before, programs of this type may use the kernel's usual one
 * (check_map_prog_compatibility, kernel/bpf/verifier.c), which is safe where requests are submitted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ring_open);
} ring_opens SEC(".maps");

/* How many of them a completion without room may mean (io_uring_cqe_overflow does not get the request), by a hash of
 * its words. It shows without a search that most of them are none. */
#define RING_WORDS 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING_WORDS);
	__type(key, __u32);
	__type(value, __u32);
} ring_words SEC(".maps");

/* Requests that were reported when they were submitted, by address. One that succeeds ends unseen and stays here until
 * another open has its address. What finds no room is counted, and reported only if it fails. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* 64 bytes each */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} ring_reported SEC(".maps");

/* Rings whose every request was seen, by address; the address of one that is gone stays until another ring has it. 64
 * bytes each. Where there is no room, what overflows in the ring counts as what overflows in one that is older than the
 * monitor. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} rings SEC(".maps");

static __always_inline __u32 *ring_counter(__u64 ring, __u64 user_data)
{
	__u32 slot = ((ring >> 6 ^ user_data) * 0x9E3779B97F4A7C15ULL >> 52) & (RING_WORDS - 1);

	return bpf_map_lookup_elem(&ring_words, &slot);
}

/* Forgets a request that ends, however it ends. */
static __always_inline void forget_ring_open(__u64 request)
{
	struct ring_open *submitted = bpf_map_lookup_elem(&ring_opens, &request);
	__u64 ring, user_data;
	__u32 *counter;

	if (!submitted)
		return;
	ring = submitted->ring;
	user_data = submitted->user_data;
	/* an int before 6.4, whose upper half must not be compared */
	if ((int)bpf_map_delete_elem(&ring_opens, &request))
		return; /* another cpu did it */
	counter = ring_counter(ring, user_data);
	if (counter)
		__sync_fetch_and_add(counter, -1);
}

static __always_inline void remember_ring_open(__u64 request, struct ring_open *submitted)
{
	__u32 *counter = ring_counter(submitted->ring, submitted->user_data);

	if (!counter)
		return;
	__sync_fetch_and_add(counter, 1); /* first, so that no reader finds less than there is */
	if ((int)bpf_map_update_elem(&ring_opens, &request, submitted, BPF_NOEXIST)) {
		__sync_fetch_and_add(counter, -1);
		count_lost(KIND_OPEN, LOST_UNTRACKED);
	}
}

/* What was known of an earlier request at this address. */
static __always_inline void begin_request(__u64 request)
{
	forget_ring_open(request);
	bpf_map_delete_elem(&ring_reported, &request);
}

/* include/linux/io_uring_types.h, this bit since 5.17: cleared once the file was opened or could not be */
#define REQ_F_NEED_CLEANUP (1 << 13)
#define REQ_F_FAIL (1 << 8) /* it failed or was cancelled by itself (req_set_fail): cleared when a request begins */

/* Which of them has ended with `result` in that ring, with that user_data. */
struct ring_search {
	__u64 ring, user_data;
	__u64 found;
	int result;
};

static long match_ring_open(void *map, const void *key, void *value, struct ring_search *search)
{
	struct ring_open *submitted = value;
	struct io_kiocb *request = *(void **)key;
	__u64 flags;

	if (submitted->ring != search->ring || submitted->user_data != search->user_data)
		return 0;
	if (BPF_CORE_READ(request, cqe.res) != search->result)
		return 0;
	/* The result alone proves nothing: until a request has ended, it may be that of an earlier one at the same address
	 * (io_preinit_req clears it once, io_init_req does not). An open that fails is marked (io_openat2,
	 * io_uring/openclose.c; io_req_defer_failed), and one that succeeds has nothing left to clean up. */
	flags = BPF_CORE_READ(request, flags);
	if (search->result < 0 ? !(flags & REQ_F_FAIL) && !submitted->cancelled : !!(flags & REQ_F_NEED_CLEANUP))
		return 0;
	search->found = (__u64)request;
	return 1;
}

/* The request of a completion without room; 0 if it is none of them. */
static __always_inline __u64 find_ring_open(__u64 ring, __u64 user_data, int result)
{
	struct ring_search search = { ring, user_data, 0, result };
	__u32 *counter = ring_counter(ring, user_data);

	if (counter && *(volatile __u32 *)counter)
		bpf_for_each_map_elem(&ring_opens, match_ring_open, &search, 0);
	return search.found;
}

#endif

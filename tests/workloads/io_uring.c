/* io_uring CALL HOW DIRFD PATH FLAGS MODE RESOLVE COUNT: open a file through a ring, COUNT times. Prints what the last
 * one gave, the descriptor or minus the error, and where that descriptor leads to.
 *
 * HOW: plain; async, by a worker thread; skip, a success leaves no completion; direct, into the ring's own table; batch,
 * all COUNT are submitted at once. */
#include "workload.h"
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/mman.h>

#define ENTRIES 64

static struct io_uring_sqe *requests;
static struct io_uring_cqe *completions;
static unsigned *sq_tail, *sq_array, *sq_mask, *cq_head, *cq_tail, *cq_mask;
static int ring;

static void *map(size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);

	check(at != MAP_FAILED, "mmap of the ring");
	return at;
}

static void set_up(void)
{
	struct io_uring_params setup = { 0 };
	char *sq, *cq;

	ring = syscall(SYS_io_uring_setup, ENTRIES, &setup);
	check(ring >= 0, "io_uring_setup");
	sq = map(setup.sq_off.array + ENTRIES * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = map(setup.cq_off.cqes + setup.cq_entries * sizeof(*completions), IORING_OFF_CQ_RING);
	requests = map(ENTRIES * sizeof(*requests), IORING_OFF_SQES);
	sq_tail = (void *)(sq + setup.sq_off.tail);
	sq_mask = (void *)(sq + setup.sq_off.ring_mask);
	sq_array = (void *)(sq + setup.sq_off.array);
	cq_head = (void *)(cq + setup.cq_off.head);
	cq_tail = (void *)(cq + setup.cq_off.tail);
	cq_mask = (void *)(cq + setup.cq_off.ring_mask);
	completions = (void *)(cq + setup.cq_off.cqes);
}

static void queue(const struct io_uring_sqe *request)
{
	unsigned at = *sq_tail & *sq_mask;

	requests[at] = *request;
	sq_array[at] = at;
	__atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
}

static int submit(unsigned count, unsigned wait)
{
	check(syscall(SYS_io_uring_enter, ring, count, wait, IORING_ENTER_GETEVENTS, NULL, 0) == count, "io_uring_enter");
	return 0;
}

/* the oldest completion's result */
static int result(void)
{
	int value;

	check(*cq_head != __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE), "a completion");
	value = completions[*cq_head & *cq_mask].res;
	__atomic_store_n(cq_head, *cq_head + 1, __ATOMIC_RELEASE);
	return value;
}

static void report(int fd)
{
	char link[32], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = fd < 0 ? 0 : readlink(link, path, sizeof(path));
	printf("%d %.*s\n", fd, (int)(length < 0 ? 0 : length), path);
}

int main(int argc, char **argv)
{
	check(argc == 9, "io_uring CALL HOW DIRFD PATH FLAGS MODE RESOLVE COUNT");
	const char *how = argv[2];
	long flags = number(argv[5]), mode = number(argv[6]), count = number(argv[8]);
	struct open_how open_how = { .flags = flags, .mode = mode, .resolve = number(argv[7]) };
	struct io_uring_sqe request = { .opcode = IORING_OP_OPENAT, .fd = number(argv[3]), .addr = (uintptr_t)argv[4] };
	int is_batch = !strcmp(how, "batch"), skips = !strcmp(how, "skip"), none[4] = { -1, -1, -1, -1 }, last = -1;

	if (!strcmp(argv[1], "openat2")) {
		request.opcode = IORING_OP_OPENAT2;
		request.off = (uintptr_t)&open_how;
		request.len = sizeof(open_how);
	} else {
		request.open_flags = flags;
		request.len = mode;
	}
	if (!strcmp(how, "async"))
		request.flags = IOSQE_ASYNC;
	if (skips)
		request.flags = IOSQE_CQE_SKIP_SUCCESS;
	set_up();
	if (!strcmp(how, "direct")) {
		check(!syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, none, 4), "io_uring_register");
		request.file_index = 1;
	}
	begin();
	for (long i = 0; i < count; i++) {
		queue(&request);
		if (is_batch && i < count - 1)
			continue;
		submit(is_batch ? count : 1, skips ? 0 : is_batch ? count : 1);
		if (skips)
			continue;
		for (long left = is_batch ? count : 1; left; left--)
			last = result();
		if (i < count - 1 && last > 0)
			close(last);
	}
	report(last);
	return 0;
}

/* rings STEP...: requests to io_uring, as the steps say, and what they gave: "USER_DATA RESULT", a line each.
 *
 * ring ENTRIES CQ_ENTRIES   set up a ring; the steps below are for the newest
 * open USER_DATA HOW PATH   queue an open for reading. HOW: any of a (by a worker thread), s (a success does not complete),
 *                           l (a chain: what is queued next waits for it), or -
 * nop USER_DATA HOW         queue a request that does nothing
 * fail USER_DATA HOW        queue one that fails: a read from no descriptor
 * unlink USER_DATA PATH     queue the removal of PATH
 * change USER_DATA HOW OPCODE DIRFD PATH LENGTH NEW_PATH FLAGS   queue another: LENGTH is a mode or the new directory
 * submit                    what is queued
 * reap COUNT                wait for so many completions, print and take them, and what overflowed meanwhile
 * write PATH                open for writing, which lets those who open a fifo go on; it stays open
 * sleep MILLISECONDS
 * mark PATH                 make that file
 * begin                     wait for the end of standard input */
#include "workload.h"
#include <linux/io_uring.h>
#include <sys/mman.h>

static struct {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *requests;
	struct io_uring_params setup;
	unsigned queued;
} ring;

static void *map(size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, offset);

	check(at != MAP_FAILED, "mmap of the ring");
	return at;
}

static void set_up(unsigned entries, unsigned completions)
{
	ring.setup = (struct io_uring_params){ .flags = IORING_SETUP_CQSIZE, .cq_entries = completions };
	ring.fd = syscall(SYS_io_uring_setup, entries, &ring.setup);
	check(ring.fd >= 0, "io_uring_setup");
	ring.sq = map(ring.setup.sq_off.array + ring.setup.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	ring.cq = map(ring.setup.cq_off.cqes + ring.setup.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring.requests = map(ring.setup.sq_entries * sizeof(*ring.requests), IORING_OFF_SQES);
}

static void submit(void)
{
	while (ring.queued) {
		long taken = syscall(SYS_io_uring_enter, ring.fd, ring.queued, 0, 0, NULL, 0);

		if (taken < 0 && errno == EBUSY) /* it has overflowed, before Linux 5.19 */
			continue;
		check(taken > 0, "io_uring_enter");
		ring.queued -= taken;
	}
}

static struct io_uring_sqe request(int opcode, int fd, const char *user_data, const char *how, const char *path)
{
	return (struct io_uring_sqe){
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)path,
		.user_data = number(user_data),
		.flags = (strchr(how, 'a') ? IOSQE_ASYNC : 0) | (strchr(how, 'l') ? IOSQE_IO_LINK : 0) |
			 (strchr(how, 's') ? IOSQE_CQE_SKIP_SUCCESS : 0),
	};
}

static void queue(struct io_uring_sqe made)
{
	unsigned *tail = (void *)(ring.sq + ring.setup.sq_off.tail), *array = (void *)(ring.sq + ring.setup.sq_off.array);
	unsigned at = *tail & (ring.setup.sq_entries - 1);

	ring.requests[at] = made;
	array[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (++ring.queued == ring.setup.sq_entries)
		submit();
}

static void reap(long count)
{
	unsigned *head = (void *)(ring.cq + ring.setup.cq_off.head), *tail = (void *)(ring.cq + ring.setup.cq_off.tail);
	struct io_uring_cqe *completions = (void *)(ring.cq + ring.setup.cq_off.cqes);

	while (count) {
		if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
			syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
			continue;
		}
		struct io_uring_cqe *at = &completions[*head & (ring.setup.cq_entries - 1)];
		printf("%llu %d\n", (unsigned long long)at->user_data, at->res);
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		count--;
	}
}

int main(int argc, char **argv)
{
	for (char **step = argv + 1; step < argv + argc; step++) {
		if (!strcmp(*step, "ring")) {
			set_up(number(step[1]), number(step[2]));
			step += 2;
		} else if (!strcmp(*step, "open")) {
			queue(request(IORING_OP_OPENAT, AT_FDCWD, step[1], step[2], step[3]));
			step += 3;
		} else if (!strcmp(*step, "nop")) {
			queue(request(IORING_OP_NOP, -1, step[1], step[2], NULL));
			step += 2;
		} else if (!strcmp(*step, "fail")) {
			queue(request(IORING_OP_READ, -1, step[1], step[2], NULL));
			step += 2;
		} else if (!strcmp(*step, "unlink")) {
			queue(request(IORING_OP_UNLINKAT, AT_FDCWD, step[1], "-", step[2]));
			step += 2;
		} else if (!strcmp(*step, "change")) {
			struct io_uring_sqe made = request(number(step[3]), number(step[4]), step[1], step[2], step[5]);

			made.len = number(step[6]);
			made.addr2 = *step[7] ? (uintptr_t)step[7] : 0;
			made.rename_flags = number(step[8]);
			queue(made);
			step += 8;
		} else if (!strcmp(*step, "submit")) {
			submit();
		} else if (!strcmp(*step, "reap")) {
			reap(number(*++step));
		} else if (!strcmp(*step, "write")) {
			check(open(*++step, O_RDWR) >= 0, "open for writing");
		} else if (!strcmp(*step, "sleep")) {
			usleep(1000 * number(*++step));
		} else if (!strcmp(*step, "mark")) {
			check(close(open(*++step, O_CREAT | O_WRONLY, 0600)) == 0, "mark");
		} else if (!strcmp(*step, "begin")) {
			begin();
		} else {
			check(0, *step);
		}
	}
	return 0;
}

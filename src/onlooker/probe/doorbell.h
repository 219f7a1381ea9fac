/* How the probe wakes a reader that sleeps while nothing happens; bpf/doorbell.h is the other side.
 *
 * Before it sleeps, the reader sets a flag, and then looks whether the ring is empty. A program finishes its record, and
 * then reads the flag. Each has a full barrier in between: here the fence, there the exchange that ends a record
 * (bpf_ringbuf_commit, kernel/bpf/ringbuf.c). So at least one of them sees what the other has written, and no record waits
 * for a reader that sleeps.
 *
 * A program that rings clears the flag first, and then writes to the doorbell's ring. If the cleared flag arrives late,
 * when the reader sleeps again, the write to the ring still follows and wakes the reader. The reader sets the flag again
 * only after it has read that ring. */
#ifndef ONLOOKER_DOORBELL_H
#define ONLOOKER_DOORBELL_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

struct doorbell {
	unsigned long *consumer, *producer; /* of a BPF ring buffer with empty records */
	uint32_t *asleep;
	size_t page;
	int map;  /* can be polled; it stays the caller's */
	int stop; /* an eventfd: the reader must end */
};

static inline void doorbell_close(struct doorbell *bell)
{
	if (bell->consumer)
		munmap(bell->consumer, bell->page);
	if (bell->producer)
		munmap(bell->producer, bell->page);
	if (bell->asleep)
		munmap(bell->asleep, bell->page);
	if (bell->stop >= 0)
		close(bell->stop);
	memset(bell, 0, sizeof(*bell));
	bell->map = bell->stop = -1;
}

static inline void *doorbell_map(struct doorbell *bell, int rights, int map, size_t at)
{
	void *found = mmap(NULL, bell->page, rights, MAP_SHARED, map, at);

	return found == MAP_FAILED ? NULL : found;
}

/* 0, or a negative errno; `asleep` is the map with the flag. */
static inline int doorbell_open(struct doorbell *bell, int map, int asleep)
{
	int error;

	memset(bell, 0, sizeof(*bell));
	bell->page = sysconf(_SC_PAGESIZE);
	bell->map = map;
	bell->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell->stop >= 0 && (bell->consumer = doorbell_map(bell, PROT_READ | PROT_WRITE, map, 0)) &&
	    (bell->producer = doorbell_map(bell, PROT_READ, map, bell->page)) &&
	    (bell->asleep = doorbell_map(bell, PROT_READ | PROT_WRITE, asleep, 0)))
		return 0;
	error = -errno;
	doorbell_close(bell);
	return error;
}

/* Marks every ring until now as read. */
static inline void doorbell_answer(struct doorbell *bell)
{
	unsigned long rung = __atomic_load_n(bell->producer, __ATOMIC_ACQUIRE);

	if (rung != *bell->consumer)
		__atomic_store_n(bell->consumer, rung, __ATOMIC_RELEASE);
}

/* Sleeps until it rings, or the reader must end, or for so many milliseconds (-1: for ever): whether they are over. */
static inline int doorbell_wait(struct doorbell *bell, int milliseconds)
{
	struct pollfd both[] = { { .fd = bell->map, .events = POLLIN }, { .fd = bell->stop, .events = POLLIN } };

	return !poll(both, 2, milliseconds);
}

/* From here on the probe rings for the next record. Look for earlier ones after this. */
static inline void doorbell_arm(struct doorbell *bell)
{
	__atomic_store_n(bell->asleep, 1, __ATOMIC_RELAXED);
	__sync_synchronize(); /* a full barrier, which thread sanitizers do not know */
}

static inline void doorbell_disarm(struct doorbell *bell)
{
	__atomic_store_n(bell->asleep, 0, __ATOMIC_RELAXED);
}

static inline void doorbell_stop(struct doorbell *bell)
{
	eventfd_write(bell->stop, 1);
}

#endif

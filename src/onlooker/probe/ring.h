/* The reader's side of a BPF ring buffer (kernel/bpf/ringbuf.c): copies whole records out, in their order.
 *
 * libbpf's ring_buffer is not used because it calls back for every record, moves the consumer position each time (a cache
 * line that every producer reads), and maps the data twice, which doubles the memory that the process seems to use. This
 * code copies the records of a batch out in one go, without the GIL, and gives the space back once for many of them. */
#ifndef ONLOOKER_RING_H
#define ONLOOKER_RING_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_BUSY (1U << 31)    /* BPF_RINGBUF_BUSY_BIT: reserved, not submitted yet */
#define RING_DISCARD (1U << 30) /* BPF_RINGBUF_DISCARD_BIT */
#define RING_HEADER 8           /* BPF_RINGBUF_HDR_SZ: u32 length, u32 page offset */
#define RING_RELEASE (256 << 10) /* give space back to the producers after this many bytes */

struct ring {
	unsigned long *consumer;
	unsigned long *producer; /* and, a page further, the data */
	unsigned char *data;
	size_t size, page;
};

static inline void ring_close(struct ring *ring)
{
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap(ring->producer, ring->page + ring->size);
	memset(ring, 0, sizeof(*ring));
}

/* 0, or a negative errno */
static inline int ring_open(struct ring *ring, int map, size_t size)
{
	void *at;
	int error;

	memset(ring, 0, sizeof(*ring));
	ring->size = size;
	ring->page = sysconf(_SC_PAGESIZE);
	at = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (at == MAP_FAILED)
		goto failed;
	ring->consumer = at;
	at = mmap(NULL, ring->page + size, PROT_READ, MAP_SHARED, map, ring->page);
	if (at == MAP_FAILED)
		goto failed;
	ring->producer = at;
	ring->data = (unsigned char *)at + ring->page;
	return 0;
failed:
	error = -errno;
	ring_close(ring);
	return error;
}

static inline int ring_has_data(struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) != __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
}

/* How many bytes wait, headers and what is still being written too; not above the size, whatever the positions say. */
static inline size_t ring_waiting(struct ring *ring)
{
	size_t waiting = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);

	return waiting < ring->size ? waiting : ring->size;
}

/* How many finished records wait, without taking them. */
static inline size_t ring_count(struct ring *ring)
{
	const unsigned long produced = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	unsigned long position = *ring->consumer;
	size_t count = 0;

	while (position != produced && produced - position <= ring->size) {
		uint32_t header = __atomic_load_n((uint32_t *)(ring->data + (position & (ring->size - 1))), __ATOMIC_ACQUIRE);

		count += !(header & (RING_BUSY | RING_DISCARD));
		position += RING_HEADER + (((size_t)(header & ~(RING_BUSY | RING_DISCARD)) + 7) & ~(size_t)7);
	}
	return count;
}

/* The data is mapped once, so a record that reaches over the end continues at the start. */
static inline void ring_copy(struct ring *ring, unsigned char *to, size_t at, size_t length)
{
	size_t first = ring->size - at;

	if (length <= first) {
		memcpy(to, ring->data + at, length);
	} else {
		memcpy(to, ring->data + at, first);
		memcpy(to + first, ring->data, length - first);
	}
}

/* Copies records to `to`, each as an 8-byte length and then its bytes padded to 8, while they fit in `room` and until
 * `enough` bytes are there. Returns the bytes written, or -1 if the next record can never be given. Stops at a record
 * that is still being written. */
static inline long ring_drain(struct ring *ring, unsigned char *to, size_t room, size_t enough)
{
	unsigned long position = *ring->consumer, released = position;
	/* read once: every read takes the cache line away from the producers */
	const unsigned long produced = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	size_t used = 0;
	/* the producers are never before the consumer, nor more than the ring ahead of it; an impossible record ends
	 * after them, or is longer than all the room */
	int corrupt = produced - position > ring->size;

	while (!corrupt && used < enough && position != produced) {
		size_t at = position & (ring->size - 1);
		uint32_t header = __atomic_load_n((uint32_t *)(ring->data + at), __ATOMIC_ACQUIRE);
		size_t length = header & ~(RING_BUSY | RING_DISCARD);
		size_t padded = (length + 7) & ~(size_t)7;

		if (header & RING_BUSY)
			break;
		if (padded + RING_HEADER > produced - position || (!(header & RING_DISCARD) && used + 8 + padded > room)) {
			/* those before it are given first; with all the room and still too long, it would block for ever */
			corrupt = !used;
			break;
		}
		if (!(header & RING_DISCARD)) {
			uint64_t prefix = length;

			memcpy(to + used, &prefix, 8);
			/* a header never wraps, records being multiples of 8 bytes; its end may */
			ring_copy(ring, to + used + 8, (at + RING_HEADER) & (ring->size - 1), length);
			memset(to + used + 8 + length, 0, padded - length);
			used += 8 + padded;
		}
		position += RING_HEADER + padded;
		if (position - released >= RING_RELEASE) {
			__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
			released = position;
		}
	}
	if (position != released)
		__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
	return corrupt ? -1 : (long)used;
}

#endif

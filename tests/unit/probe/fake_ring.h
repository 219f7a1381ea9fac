/* A BPF ring made up in memory, to test its readers without a kernel. */
#include <stdlib.h>
#include "../cases.h"
#include "ring.h"

#define SIZE 4096UL

static unsigned long consumer, producer;

/* a ring of `size` bytes whose positions both are `start` */
static struct ring empty(size_t size, unsigned long start)
{
	struct ring ring = { .consumer = &consumer, .producer = &producer, .data = calloc(1, size), .size = size };

	assert(ring.data);
	consumer = producer = start;
	return ring;
}

/* what bpf_ringbuf_reserve and bpf_ringbuf_submit do: `length` bytes of `fill`, `fill` + 1, ... */
static void put(struct ring *ring, unsigned char fill, uint32_t length, uint32_t bits)
{
	uint32_t header[2] = { length | bits, 0xffffffff };
	size_t i, mask = ring->size - 1;

	memcpy(ring->data + (producer & mask), header, sizeof(header));
	for (i = 0; i < length; i++)
		ring->data[(producer + RING_HEADER + i) & mask] = fill + i;
	producer += RING_HEADER + ((length + 7) & ~7UL);
}

/* the record at the start of `out` is this one; where the next begins */
static unsigned char *expect(unsigned char *out, unsigned char fill, uint64_t length)
{
	uint64_t prefix, i;

	memcpy(&prefix, out, 8);
	assert(prefix == length);
	for (i = 0; i < length; i++)
		assert(out[8 + i] == (unsigned char)(fill + i));
	for (; i % 8; i++)
		assert(out[8 + i] == 0);
	return out + 8 + i;
}

/* A BPF ring made up in memory, to test its readers without a kernel.
 *
 * A test program names its cases; `PROGRAM CASE` runs one, and fails by assert. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "ring.h"

#define SIZE 4096UL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned long consumer, producer;

/* a ring of `size` bytes whose positions both are `start` */
static struct ring empty(size_t size, unsigned long start)
{
	struct ring ring = { .consumer = &consumer, .producer = &producer, .data = calloc(1, size), .size = size, .epoll = -1 };

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

#define CASE(name) { #name, name }
struct test_case {
	const char *name;
	void (*run)(void);
};

static int run_cases(const struct test_case *cases, size_t many, int count, char **words)
{
	size_t i;

	for (i = 0; i < many; i++) {
		if (count == 1)
			puts(cases[i].name);
		else if (!strcmp(words[1], cases[i].name))
			return cases[i].run(), 0;
	}
	return count == 1 ? 0 : 2;
}

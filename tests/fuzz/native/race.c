/* reader.h with its thread, a producer and a taker, for a thread sanitizer: PROGRAM RECORDS SEED.
 *
 * Every record arrives once, whole and in order, however the three meet; and then one that can't be is noticed. */
#define _GNU_SOURCE
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include "reader.h"

#define PAGE 4096UL
#define SIZE (16 * PAGE)
#define LONGEST 512

static struct reader reader = { .ring.epoll = -1 };
static uint32_t records, seed;

static uint32_t mixed(uint32_t number)
{
	number = (number + seed) * 0x9e3779b1U;
	return number ^ number >> 15;
}

static uint32_t length_of(uint32_t number)
{
	return 4 + mixed(number) % LONGEST;
}

/* every eleventh is discarded */
static int is_dropped(uint32_t number)
{
	return mixed(number) % 11 == 0;
}

static void copy_in(struct ring *ring, unsigned long to, const unsigned char *from, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		ring->data[(to + i) & (ring->size - 1)] = from[i];
}

/* as bpf_ringbuf_reserve and bpf_ringbuf_submit do: the position moves first, then the record stops to be busy */
static void *produce(void *argument)
{
	struct ring *ring = &reader.ring;
	int wake = *(int *)argument;
	unsigned long position = *ring->producer;
	uint32_t number;

	for (number = 0; number < records; number++) {
		uint32_t length = length_of(number), padded = (length + 7) & ~7U;
		unsigned char text[LONGEST + 8];
		uint32_t *header;

		while (RING_HEADER + padded > ring->size - (position - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE)))
			eventfd_write(wake, 1), poll(NULL, 0, 1);
		header = (uint32_t *)(ring->data + (position & (ring->size - 1)));
		__atomic_store_n(header, length | RING_BUSY, __ATOMIC_RELAXED);
		__atomic_store_n(ring->producer, position + RING_HEADER + padded, __ATOMIC_RELEASE);
		memset(text, number, length);
		memcpy(text, &number, 4);
		copy_in(ring, position + RING_HEADER, text, length);
		__atomic_store_n(header, length | (is_dropped(number) ? RING_DISCARD : 0), __ATOMIC_RELEASE);
		position += RING_HEADER + padded;
		if (mixed(number) % 64 == 0)
			eventfd_write(wake, 1);
	}
	eventfd_write(wake, 1);
	return NULL;
}

/* longer than what was produced */
static void put_nonsense(struct ring *ring)
{
	unsigned long position = *ring->producer;

	__atomic_store_n((uint32_t *)(ring->data + (position & (ring->size - 1))), 64, __ATOMIC_RELAXED);
	__atomic_store_n(ring->producer, position + 16, __ATOMIC_RELEASE);
}

static uint32_t check(struct block *block, uint32_t number)
{
	unsigned char *at = block->records, *end = at + block->used;

	while (at < end) {
		uint64_t length, i;

		while (is_dropped(number))
			number++;
		memcpy(&length, at, 8);
		assert(length == length_of(number) && !memcmp(at + 8, &number, 4));
		for (i = 4; i < length; i++)
			assert(at[8 + i] == (unsigned char)number);
		at += 8 + ((length + 7) & ~7UL);
		number++;
	}
	assert(at == end);
	return number;
}

/* a ring that ring_close can unmap */
static int open_ring(struct ring *ring)
{
	const int both = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int wake = eventfd(0, EFD_NONBLOCK);

	ring->page = PAGE;
	ring->size = SIZE;
	ring->consumer = mmap(NULL, PAGE, both, anonymous, -1, 0);
	ring->producer = mmap(NULL, PAGE + SIZE, both, anonymous, -1, 0);
	ring->epoll = epoll_create1(0);
	assert(ring->consumer != MAP_FAILED && ring->producer != MAP_FAILED && wake >= 0 && ring->epoll >= 0);
	ring->data = (unsigned char *)ring->producer + PAGE;
	assert(!epoll_ctl(ring->epoll, EPOLL_CTL_ADD, wake, &event));
	return wake;
}

int main(int count, char **words)
{
	uint32_t number = 0, last;
	pthread_t producer;
	int wake;

	if (count != 3)
		return 2;
	records = strtoul(words[1], NULL, 10);
	seed = strtoul(words[2], NULL, 10);
	wake = open_ring(&reader.ring);
	reader.backlog.batch = 2048 + mixed(1) % 4096;
	reader.backlog.room = reader.backlog.batch + LONGEST + 16;
	reader.backlog.most = 4096 + mixed(2) % (8 * SIZE);
	assert(!reader_start(&reader) && !pthread_create(&producer, NULL, produce, &wake));
	for (last = records; last && is_dropped(last - 1); last--)
		;
	while (number < last) {
		struct block *block = reader_take(&reader, mixed(number) % 7 == 0);

		assert(!reader_has_failed(&reader));
		if (block)
			number = check(block, number);
		else
			reader_wait(&reader, 1);
		if (mixed(number) % 29 == 0)
			poll(NULL, 0, 1);
	}
	pthread_join(producer, NULL);
	assert(!reader_take(&reader, 1) && !reader_has_data(&reader) && !reader_has_failed(&reader));
	put_nonsense(&reader.ring);
	while (!reader_has_failed(&reader))
		assert(!reader_take(&reader, 0)), reader_wait(&reader, 1);
	reader_stop(&reader);
	reader_close(&reader);
	close(wake);
	printf("%u records\n", records);
	return 0;
}

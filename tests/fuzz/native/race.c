/* reader.h with its thread, a producer and a taker, for a thread sanitizer: PROGRAM RECORDS SEED.
 *
 * Every record arrives once, whole and in order, however the three meet, and nobody sleeps while there is something for
 * him; and then one that can't be is noticed. */
#define _GNU_SOURCE
#include <assert.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

static int poll_with_the_doorbell(struct pollfd *descriptors, nfds_t count, int milliseconds);

#define poll poll_with_the_doorbell
#define READER_FIRST_MS 0
#define READER_GATHER_MS 0 /* it falls asleep again and again */
#include "reader.h"
#undef poll

#define PAGE 4096UL
#define SIZE (16 * PAGE)
#define LONGEST 512
#define DOORBELL (-1000) /* its number among descriptors */
#define TOO_LONG_MS 10000
#define YIELDS 200

static struct reader reader;
static uint32_t records, seed;

/* as ringbuf_map_poll says it of the doorbell's ring: it can be read while something in it was not read */
static int poll_with_the_doorbell(struct pollfd *descriptors, nfds_t count, int milliseconds)
{
	int past, i;

	if (!count || descriptors[0].fd != DOORBELL)
		return poll(descriptors, count, milliseconds);
	for (past = 0; milliseconds < 0 || past < milliseconds; past++) {
		assert(past < TOO_LONG_MS); /* nobody rings */
		for (i = 0; i < YIELDS; i++) {
			if (__atomic_load_n(reader.bell.producer, __ATOMIC_ACQUIRE) != *reader.bell.consumer)
				return 1;
			sched_yield();
		}
		if (poll(descriptors + 1, 1, 1))
			return 1;
	}
	return 0;
}

/* As bpf/doorbell.h does after a record, whose end is a full barrier. */
static void wake_reader(void)
{
	struct doorbell *bell = &reader.bell;

	__sync_synchronize();
	if (!__atomic_load_n(bell->asleep, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(bell->asleep, 0, __ATOMIC_RELAXED);
	__atomic_store_n(bell->producer, *bell->producer + 16, __ATOMIC_RELEASE);
}

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
	unsigned long position = *ring->producer;
	uint32_t number, spun;

	(void)argument;
	for (number = 0; number < records; number++) {
		uint32_t length = length_of(number), padded = (length + 7) & ~7U;
		unsigned char text[LONGEST + 8];
		uint32_t *header;

		while (RING_HEADER + padded > ring->size - (position - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE)))
			poll(NULL, 0, 1);
		header = (uint32_t *)(ring->data + (position & (ring->size - 1)));
		__atomic_store_n(header, length | RING_BUSY, __ATOMIC_RELAXED);
		__atomic_store_n(ring->producer, position + RING_HEADER + padded, __ATOMIC_RELEASE);
		memset(text, number, length);
		memcpy(text, &number, 4);
		copy_in(ring, position + RING_HEADER, text, length);
		__atomic_store_n(header, length | (is_dropped(number) ? RING_DISCARD : 0), __ATOMIC_RELEASE);
		position += RING_HEADER + padded;
		wake_reader();
		if (mixed(number) % 4 == 0) { /* otherwise the next one would wake a reader that slept through this one */
			while (__atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE) != position)
				sched_yield();
			for (spun = 0; spun < mixed(number + 1) % 1024; spun++)
				__sync_synchronize();
		}
	}
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

static void *pages(size_t size)
{
	void *found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(found != MAP_FAILED);
	return found;
}

/* a ring and a doorbell that reader_close can unmap */
static void open_reader(void)
{
	struct doorbell *bell = &reader.bell;
	struct ring *ring = &reader.ring;

	ring->page = bell->page = PAGE;
	ring->size = SIZE;
	ring->consumer = pages(PAGE);
	ring->producer = pages(PAGE + SIZE);
	ring->data = (unsigned char *)ring->producer + PAGE;
	bell->map = DOORBELL;
	bell->stop = eventfd(0, EFD_NONBLOCK);
	bell->consumer = pages(PAGE);
	bell->producer = pages(PAGE);
	bell->asleep = pages(PAGE);
	assert(bell->stop >= 0 && !reader_init(&reader));
}

/* Until there is something to take. */
static void wait_for_records(void)
{
	struct pollfd filled = { .fd = reader.filled, .events = POLLIN };

	assert(poll(&filled, 1, TOO_LONG_MS) == 1);
}

int main(int count, char **words)
{
	uint32_t number = 0, last;
	pthread_t producer;

	if (count != 3)
		return 2;
	records = strtoul(words[1], NULL, 10);
	seed = strtoul(words[2], NULL, 10);
	open_reader();
	reader.backlog.batch = 2048 + mixed(1) % 4096;
	reader.backlog.room = reader.backlog.batch + LONGEST + 16;
	reader.backlog.most = 4096 + mixed(2) % (8 * SIZE);
	assert(!reader_start(&reader) && !pthread_create(&producer, NULL, produce, NULL));
	for (last = records; last && is_dropped(last - 1); last--)
		;
	while (number < last) {
		struct block *block = reader_take(&reader, mixed(number) % 7 == 0);

		assert(!reader_has_failed(&reader));
		if (block)
			number = check(block, number);
		else
			wait_for_records();
		if (mixed(number) % 29 == 0)
			poll(NULL, 0, 1);
	}
	pthread_join(producer, NULL);
	assert(!reader_take(&reader, 1) && !reader_has_data(&reader) && !reader_has_failed(&reader));
	put_nonsense(&reader.ring);
	wake_reader();
	while (!reader_has_failed(&reader))
		assert(!reader_take(&reader, 0)), wait_for_records();
	reader_stop(&reader);
	reader_close(&reader);
	printf("%u records\n", records);
	return 0;
}

/* ring.h and backlog.h, as a fuzz target: a ring that is written and read in any order, and then one that makes no sense.
 *
 * What is taken must be what was put, in its order, whole, and not one record more; nothing may be read or written
 * outside of the buffers, which have exactly their sizes; every call must come back. */
#include "../../unit/probe/fake_ring.h"
#include "backlog.h"
#include "input.h"

#define RECORDS 1024
#define ROOM 1024

struct put {
	uint32_t length, bits;
	unsigned long at;
	unsigned char fill;
};

static struct put puts_[RECORDS];
static unsigned put_count, taken;

/* the next record that the reader must give; NULL where a busy one is before it */
static struct put *next_due(void)
{
	while (taken < put_count && puts_[taken].bits == RING_DISCARD)
		taken++;
	return taken < put_count && !puts_[taken].bits ? &puts_[taken] : NULL;
}

static void check_block(struct block *block)
{
	unsigned char *at = block->records, *end = at + block->used;

	while (at < end) {
		struct put *due = next_due();

		assert(due);
		at = expect(at, due->fill, due->length);
		taken++;
	}
	assert(at == end);
}

static void put_one(struct ring *ring, struct input *input)
{
	static const uint32_t bits[] = { 0, 0, 0, RING_BUSY, RING_DISCARD, RING_BUSY | RING_DISCARD };
	uint32_t length = take(input, 2) % (ROOM - 8);
	struct put *one = &puts_[put_count];

	/* the consumer looks at this only when it gives space back, so what is left is what the kernel would see */
	if (put_count == RECORDS || RING_HEADER + ((length + 7) & ~7U) > ring->size - (producer - consumer))
		return;
	*one = (struct put){ length, bits[take(input, 1) % COUNT(bits)], producer, put_count };
	put(ring, one->fill, length, one->bits);
	put_count++;
}

/* submits or discards one that is still being written */
static void finish_one(struct ring *ring, struct input *input)
{
	unsigned i, from = taken + take(input, 1) % 8;

	for (i = from; i < put_count; i++) {
		struct put *one = &puts_[i];

		if (!(one->bits & RING_BUSY))
			continue;
		one->bits &= ~RING_BUSY;
		if (take(input, 1) & 1)
			one->bits = RING_DISCARD;
		*(uint32_t *)(ring->data + (one->at & (ring->size - 1))) = one->length | one->bits;
		return;
	}
}

static void sensible(struct input *input)
{
	struct ring ring = empty(SIZE, (unsigned long)take(input, 2) * 8);
	struct backlog backlog = { .batch = 1 + take(input, 1) * 4, .most = take(input, 2) };
	struct block *block;

	put_count = taken = 0;
	backlog.room = backlog.batch + ROOM;
	while (input->at < input->end) {
		switch (take(input, 1) % 4) {
		case 0:
			put_one(&ring, input);
			break;
		case 1:
			finish_one(&ring, input);
			break;
		case 2:
			assert(backlog_fill(&backlog, &ring) >= 0);
			break;
		case 3:
			block = backlog_take(&backlog);
			if (block)
				check_block(block);
		}
		assert(backlog.bytes < backlog.most + backlog.room && backlog.spares <= BACKLOG_SPARES);
		assert(producer - consumer <= ring.size);
	}
	backlog.most = SIZE_MAX;
	while (backlog_fill(&backlog, &ring) > 0)
		;
	while ((block = backlog_take(&backlog)))
		check_block(block);
	assert(!next_due() && !backlog.bytes);
	backlog_close(&backlog);
	free(ring.data);
}

/* anything in the ring, and any positions */
static void senseless(struct input *input)
{
	struct ring ring = empty(SIZE, (unsigned long)take(input, 2) * 8);
	size_t room = take(input, 2) % (2 * SIZE), enough = take(input, 2), left;
	unsigned char *out = malloc(room ? room : 1);
	unsigned long before;
	long used;
	int i;

	assert(out);
	producer = take(input, 1) & 1 ? take(input, 8) : consumer + take(input, 2);
	left = input->end - input->at;
	for (i = 0; left && (size_t)i < SIZE; i += left)
		memcpy(ring.data + i, input->at, left < SIZE - i ? left : SIZE - i);
	for (i = 0; i < 64; i++) {
		unsigned char *at = out;

		before = consumer;
		used = ring_drain(&ring, out, room, enough);
		assert(used <= (long)room && consumer - before <= ring.size && consumer % 8 == 0);
		if (used <= 0)
			break;
		while (at < out + used) {
			uint64_t length;

			memcpy(&length, at, 8);
			assert(length <= (size_t)(out + used - at) - 8);
			at += 8 + ((length + 7) & ~7UL);
		}
		assert(at == out + used);
	}
	free(out);
	free(ring.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };

	if (take(&input, 1) & 1)
		senseless(&input);
	else
		sensible(&input);
	return 0;
}

/* Tests ring.h. Every buffer has exactly its size, so that a sanitizer sees any byte that is read or written beyond. */
#include "fake_ring.h"

/* drains into a buffer of exactly `room` bytes with rubbish in it; the caller frees it */
static unsigned char *drain(struct ring *ring, size_t room, size_t enough, long *used)
{
	unsigned char *out = malloc(room ? room : 1);

	assert(out);
	memset(out, 0xee, room);
	*used = ring_drain(ring, out, room, enough);
	return out;
}

static void nothing(void)
{
	struct ring ring = empty(SIZE, 0);
	long used;

	assert(!ring_has_data(&ring));
	free(drain(&ring, 100, 100, &used));
	assert(used == 0 && consumer == 0);
	free(ring.data);
}

static void whole_records_in_order(void)
{
	struct ring ring = empty(SIZE, 0);
	unsigned char *out, *at;
	long used;

	put(&ring, 1, 16, 0);
	put(&ring, 50, 13, 0); /* is padded */
	put(&ring, 100, 0, 0);
	put(&ring, 200, 1, 0);
	assert(ring_has_data(&ring));
	out = drain(&ring, 1000, 1000, &used);
	at = expect(expect(expect(expect(out, 1, 16), 50, 13), 100, 0), 200, 1);
	assert(at - out == used && used == 24 + 24 + 8 + 16);
	assert(consumer == producer && consumer == 24 + 24 + 8 + 16);
	assert(!ring_has_data(&ring));
	free(out);
	free(ring.data);
}

/* wherever in the ring a record begins, and so wherever it wraps */
static void records_that_wrap(void)
{
	unsigned long start;
	long used;

	for (start = 0; start < 2 * SIZE; start += 8) {
		struct ring ring = empty(SIZE, start);
		unsigned char *out;

		put(&ring, start, 101, 0);
		put(&ring, 7, 40, 0);
		out = drain(&ring, 160, 160, &used);
		assert(expect(expect(out, start, 101), 7, 40) - out == used && used == 160);
		assert(consumer == start + 160 && consumer == producer);
		free(out);
		free(ring.data);
	}
}

static void a_full_ring(void)
{
	struct ring ring = empty(SIZE, SIZE - 8);
	unsigned char *out;
	long used;

	put(&ring, 3, SIZE - RING_HEADER, 0); /* the longest that can be */
	assert(producer - consumer == SIZE);
	out = drain(&ring, SIZE, 1, &used);
	assert(expect(out, 3, SIZE - RING_HEADER) - out == used && used == SIZE);
	assert(consumer == producer);
	free(out);
	free(ring.data);
}

/* a record that is still being written hides those after it */
static void a_busy_record(void)
{
	struct ring ring = empty(SIZE, 64);
	uint32_t ready = 32;
	unsigned char *out;
	long used;

	put(&ring, 1, 8, 0);
	put(&ring, 2, 32, RING_BUSY);
	put(&ring, 3, 8, 0);
	out = drain(&ring, 1000, 1000, &used);
	assert(expect(out, 1, 8) - out == used && used == 16);
	assert(consumer == 64 + 16 && ring_has_data(&ring));
	free(out);

	free(drain(&ring, 1000, 1000, &used));
	assert(used == 0 && consumer == 64 + 16);

	memcpy(ring.data + 64 + 16, &ready, sizeof(ready)); /* submitted */
	out = drain(&ring, 1000, 1000, &used);
	assert(expect(expect(out, 2, 32), 3, 8) - out == used && used == 40 + 16);
	assert(consumer == producer);
	free(out);
	free(ring.data);
}

static void discarded_records(void)
{
	struct ring ring = empty(SIZE, 0);
	unsigned char *out;
	long used;

	put(&ring, 1, 100, RING_DISCARD);
	put(&ring, 2, 8, 0);
	put(&ring, 3, 9, RING_DISCARD);
	out = drain(&ring, 16, 16, &used); /* need no room */
	assert(expect(out, 2, 8) - out == used && used == 16);
	free(out);
	free(drain(&ring, 0, 1, &used));
	assert(used == 0 && consumer == producer);

	put(&ring, 4, 8, RING_DISCARD | RING_BUSY);
	free(drain(&ring, 100, 100, &used));
	assert(used == 0 && consumer == producer - 16);
	free(ring.data);
}

/* what does not fit is kept for the next time */
static void more_than_the_room(void)
{
	struct ring ring = empty(SIZE, 0);
	unsigned char *out;
	long used;

	put(&ring, 1, 24, 0);
	put(&ring, 2, 24, 0);
	out = drain(&ring, 63, 1000, &used);
	assert(expect(out, 1, 24) - out == used && used == 32 && out[32] == 0xee);
	assert(consumer == 32);
	free(out);
	out = drain(&ring, 32, 1000, &used);
	assert(expect(out, 2, 24) - out == used && used == 32);
	assert(consumer == producer);
	free(out);
	free(ring.data);
}

/* ends with the record that reaches `enough` */
static void enough_at_once(void)
{
	struct ring ring = empty(SIZE, 0);
	unsigned char *out;
	long used;
	int i;

	for (i = 0; i < 5; i++)
		put(&ring, i, 8, 0);
	out = drain(&ring, 1000, 33, &used);
	assert(expect(expect(expect(out, 0, 8), 1, 8), 2, 8) - out == used && used == 48);
	assert(consumer == 48);
	free(out);
	out = drain(&ring, 1000, 32, &used);
	assert(expect(expect(out, 3, 8), 4, 8) - out == used && used == 32);
	assert(consumer == producer);
	free(out);
	free(ring.data);
}

/* the ring makes no sense: said at once, and only after all that came before it was given */
static void a_length_that_can_not_be(void)
{
	static const uint32_t lengths[] = { SIZE - 7, SIZE, 2 * SIZE, (1U << 30) - 1 };
	unsigned char *out;
	long used;
	size_t i;

	for (i = 0; i < COUNT(lengths); i++) {
		struct ring ring = empty(SIZE, 32);

		put(&ring, 1, 8, 0);
		memcpy(ring.data + 32 + 16, &lengths[i], sizeof(lengths[i]));
		producer += 16;
		out = drain(&ring, 2 * SIZE, 2 * SIZE, &used);
		assert(expect(out, 1, 8) - out == used && used == 16);
		assert(consumer == 32 + 16);
		free(out);
		free(drain(&ring, 2 * SIZE, 2 * SIZE, &used));
		assert(used == -1 && consumer == 32 + 16);
		free(ring.data);
	}
}

/* before what was consumed, or more than the ring ahead of it: nothing there is a record */
static void positions_that_can_not_be(void)
{
	static const unsigned long ahead[] = { SIZE + 8, 1UL << 40, -8UL, -SIZE, 1UL << 63 };
	long used;
	size_t i;

	for (i = 0; i < COUNT(ahead); i++) {
		struct ring ring = empty(SIZE, 3 * SIZE);

		memset(ring.data, 0x40, SIZE); /* discarded records as far as one looks */
		producer = consumer + ahead[i];
		assert(ring_has_data(&ring));
		free(drain(&ring, 2 * SIZE, 2 * SIZE, &used));
		assert(used == -1 && consumer == 3 * SIZE);
		free(ring.data);
	}
}

/* the kernel moves its position past a record before anybody can see it */
static void a_record_that_ends_behind_the_producer(void)
{
	static const uint32_t bits[] = { 0, RING_DISCARD };
	long used;
	size_t i;

	for (i = 0; i < COUNT(bits); i++) {
		struct ring ring = empty(SIZE, 0);

		put(&ring, 1, 17, bits[i]);
		producer -= 8;
		free(drain(&ring, SIZE, SIZE, &used));
		assert(used == -1 && consumer == 0);
		free(ring.data);
	}
}

/* would block the ring for ever, silently */
static void a_record_that_never_fits(void)
{
	struct ring ring = empty(SIZE, 0);
	long used;

	put(&ring, 1, 200, 0);
	free(drain(&ring, 207, 100, &used));
	assert(used == -1 && consumer == 0);
	free(drain(&ring, 208, 100, &used));
	assert(used == 208 && consumer == producer);
	free(ring.data);
}

/* longer than what is given back at once */
static void a_long_batch(void)
{
	struct ring ring = empty(2 * RING_RELEASE, RING_RELEASE);
	unsigned char *out, *at;
	long used;
	int i;

	for (i = 0; i < 15; i++)
		put(&ring, i, RING_RELEASE / 8 - RING_HEADER, i % 3 ? 0 : RING_DISCARD);
	at = out = drain(&ring, 2 * RING_RELEASE, 2 * RING_RELEASE, &used);
	for (i = 0; i < 15; i++)
		at = i % 3 ? expect(at, i, RING_RELEASE / 8 - RING_HEADER) : at;
	assert(at - out == used && used == 10 * RING_RELEASE / 8);
	assert(consumer == producer && consumer == RING_RELEASE + 15 * RING_RELEASE / 8);
	free(out);
	free(ring.data);
}

static const struct test_case cases[] = {
	CASE(nothing), CASE(whole_records_in_order), CASE(records_that_wrap), CASE(a_full_ring), CASE(a_busy_record),
	CASE(discarded_records), CASE(more_than_the_room), CASE(enough_at_once), CASE(a_length_that_can_not_be),
	CASE(positions_that_can_not_be), CASE(a_record_that_ends_behind_the_producer), CASE(a_record_that_never_fits),
	CASE(a_long_batch),
};

int main(int count, char **words)
{
	return run_cases(cases, COUNT(cases), count, words);
}

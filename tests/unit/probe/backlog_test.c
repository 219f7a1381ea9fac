/* Tests backlog.h: what is taken out of the ring, in blocks, and given in the same order. */
#include "fake_ring.h"
#include "backlog.h"

static struct backlog with(size_t batch, size_t most)
{
	return (struct backlog){ .batch = batch, .room = batch + 1024, .most = most };
}

/* as often as it gives something */
static int fill(struct backlog *backlog, struct ring *ring)
{
	long moved;

	while ((moved = backlog_fill(backlog, ring)) > 0)
		;
	return moved;
}

static void nothing(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(100, 1000);

	assert(fill(&backlog, &ring) == 0 && !backlog.first && !backlog.bytes);
	assert(!backlog_take(&backlog));
	backlog_close(&backlog);
	free(ring.data);
}

/* the ring is emptied at once; blocks end with the record that fills the batch */
static void in_order(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(48, 1000);
	int i, seen = 0;

	for (i = 0; i < 23; i++)
		put(&ring, i, 16, 0);
	assert(ring_count(&ring) == 23 && backlog_count(&backlog) == 0);
	assert(fill(&backlog, &ring) == 0);
	assert(consumer == producer && backlog.bytes == 23 * 24);
	assert(ring_count(&ring) == 0 && backlog_count(&backlog) == 23);
	while (backlog_take(&backlog)) {
		unsigned char *at = backlog.current->records;

		while (at < backlog.current->records + backlog.current->used)
			at = expect(at, seen++, 16);
		assert(at == backlog.current->records + backlog.current->used);
		assert(backlog.current->used == (seen == 23 ? 24 : 48));
		assert(block_count(backlog.current) == (seen == 23 ? 1 : 2) && backlog_count(&backlog) == 23UL - seen);
	}
	assert(seen == 23 && !backlog.bytes && !backlog.first && !backlog.last);
	backlog_close(&backlog);
	free(ring.data);
}

/* beyond its bound the records stay in the ring, and follow when there is room again */
static void bounded(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(48, 96);
	int i;

	for (i = 0; i < 9; i++)
		put(&ring, i, 16, 0);
	assert(fill(&backlog, &ring) == 0);
	assert(backlog.bytes == 96 && consumer == 4 * 24 && producer == 9 * 24);
	assert(backlog_take(&backlog) && backlog.bytes == 48);
	assert(fill(&backlog, &ring) == 0 && backlog.bytes == 96 && consumer == 6 * 24);
	expect(backlog_take(&backlog)->records, 2, 16);
	expect(backlog_take(&backlog)->records, 4, 16);
	assert(!backlog_take(&backlog));
	backlog_close(&backlog);
	free(ring.data);
}

/* a busy record holds up the following ones, and no block is wasted on it */
static void busy(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(100, 1000);

	put(&ring, 1, 8, RING_BUSY);
	put(&ring, 2, 8, 0);
	put(&ring, 3, 13, RING_DISCARD);
	assert(ring_count(&ring) == 1);
	assert(fill(&backlog, &ring) == 0 && !backlog.first && backlog.spare && consumer == 0);
	*(uint32_t *)ring.data = 8;
	assert(fill(&backlog, &ring) == 0 && !backlog.spare && consumer == producer);
	expect(expect(backlog_take(&backlog)->records, 1, 8), 2, 8);
	backlog_close(&backlog);
	free(ring.data);
}

static void corrupt(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(100, 1000);

	put(&ring, 1, 8, 0);
	put(&ring, 2, 2000, 0);
	assert(fill(&backlog, &ring) == -1);
	expect(backlog_take(&backlog)->records, 1, 8);
	assert(!backlog_take(&backlog) && fill(&backlog, &ring) == -1);
	backlog_close(&backlog);
	free(ring.data);
}

/* a steady flow uses one block again and again */
static void steady(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(100, 1000);
	struct block *first = NULL, *second = NULL;
	int i;

	for (i = 0; i < 50; i++) {
		struct block *block;

		put(&ring, i, 100, 0);
		assert(fill(&backlog, &ring) == 0);
		block = backlog_take(&backlog);
		expect(block->records, i, 100);
		if (i == 0)
			first = block;
		else if (i == 1)
			second = block;
		assert(block == first || block == second);
	}
	backlog_trim(&backlog);
	assert(!backlog.spare && !backlog.spares && backlog.current); /* what is being read stays */
	expect(backlog.current->records, i - 1, 100);
	put(&ring, i, 100, 0);
	assert(fill(&backlog, &ring) == 0);
	expect(backlog_take(&backlog)->records, i, 100);
	backlog_close(&backlog);
	free(ring.data);
}

/* records that come one by one continue a block, but not the one that is being read */
static void few_at_a_time(void)
{
	struct ring ring = empty(SIZE, 0);
	struct backlog backlog = with(96, 1000);
	int i, blocks = 0, seen = 1;

	put(&ring, 0, 16, 0);
	assert(backlog_fill(&backlog, &ring) == 24);
	expect(backlog_take(&backlog)->records, 0, 16);
	for (i = 1; i < 23; i++) {
		put(&ring, i, 16, 0);
		assert(backlog_fill(&backlog, &ring) == (i - 1) % 4 * 24 + 24);
		assert(backlog.current->used == 24);
	}
	assert(backlog.bytes == 22 * 24 && backlog_count(&backlog) == 22);
	while (backlog_take(&backlog)) {
		unsigned char *at = backlog.current->records;

		while (at < backlog.current->records + backlog.current->used)
			at = expect(at, seen++, 16);
		assert(backlog.current->used == (seen == 23 ? 48 : 96));
		blocks++;
	}
	assert(seen == 23 && blocks == 6 && !backlog.bytes);
	backlog_close(&backlog);
	free(ring.data);
}

static const struct test_case cases[] = {
	CASE(nothing), CASE(in_order), CASE(bounded), CASE(busy), CASE(corrupt), CASE(steady),
	CASE(few_at_a_time),
};

int main(int count, char **words)
{
	return run_cases(cases, COUNT(cases), count, words);
}

/* Tests reader.h: what is taken while the thread works, too. It is played here where the lock is let go. */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

static void lets_go(pthread_mutex_t *mutex);

#define pthread_mutex_unlock lets_go
#include "fake_ring.h"
#include "reader.h"
#undef pthread_mutex_unlock

static struct reader reader;
static int turns; /* that the thread still gets */
static int takers; /* that come before who waits is woken */

static int is_told(void)
{
	struct pollfd filled = { .fd = reader.filled, .events = POLLIN };

	return poll(&filled, 1, 0);
}

static void lets_go(pthread_mutex_t *mutex)
{
	pthread_mutex_unlock(mutex);
	if (turns-- > 0)
		reader_fill(&reader, 0);
	if (takers-- > 0)
		assert(!is_told() && reader_take(&reader, 0));
}

static void start(size_t most)
{
	reader = (struct reader){ .ring = empty(SIZE, 0), .running = 1 };
	reader.backlog = (struct backlog){ .batch = 48, .room = 48 + 1024, .most = most };
	assert(!reader_init(&reader));
}

/* one batch after the other: what is there now is given, whether the thread takes it out of the ring or the caller does */
static void now(void)
{
	int i, seen = 0;

	start(1);
	for (i = 0; i < 23; i++)
		put(&reader.ring, i, 16, 0);
	while (seen < 23) {
		struct block *block;
		unsigned char *at;

		turns = 1;
		block = reader_take(&reader, 1);
		assert(block);
		for (at = block->records; at < block->records + block->used;)
			at = expect(at, seen++, 16);
	}
	turns = 0;
	assert(!reader_take(&reader, 1) && consumer == producer);
}

/* what has just come waits for more, unless it makes a batch */
static void later(void)
{
	start(1000);
	turns = 0;
	put(&reader.ring, 0, 16, 0);
	reader_fill(&reader, 0);
	assert(!reader_take(&reader, 0));
	put(&reader.ring, 1, 16, 0);
	reader_fill(&reader, 0);
	assert(reader_take(&reader, 0) && !reader_take(&reader, 0));
}

static void put_batch(void)
{
	put(&reader.ring, 0, 16, 0);
	put(&reader.ring, 1, 16, 0);
	reader_fill(&reader, 0);
}

/* Who waits is woken after the lock is let go. Where all was taken in between, he looks in vain, but once. */
static void told(void)
{
	start(1000);
	turns = 0;
	takers = 1;
	put_batch();
	assert(is_told() && !reader_take(&reader, 0) && !is_told());
	put_batch();
	assert(is_told() && reader_take(&reader, 0) && !is_told());
}

int main(int count, char **words)
{
	static const struct test_case cases[] = { CASE(now), CASE(later), CASE(told) };

	return run_cases(cases, COUNT(cases), count, words);
}

/* A thread that moves records from the ring to the backlog as they come, whatever Python is doing: while a full pipe, a
 * slow disk or the GIL holds up the rest of the program, nothing is lost until the backlog is full too. */
#ifndef ONLOOKER_READER_H
#define ONLOOKER_READER_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "backlog.h"
#include "doorbell.h"

#define READER_STACK (256 << 10)
/* A record waits at most so long for others, if they do not make a batch before: the first after a sleep, and those of a
 * steady flow, where each look costs some 0.6 ms of two threads whose caches are cold. */
#ifndef READER_GATHER_MS
#define READER_FIRST_MS 50
#define READER_GATHER_MS 100
#endif
#define READER_PAUSE_MS 5   /* how often it looks whether a full backlog has room, or a record is finished */

struct reader {
	struct ring ring;
	struct doorbell bell;
	struct backlog backlog;
	const volatile uint64_t *losses; /* the probe's counters */
	size_t counters;
	uint64_t lost; /* their sum when it was last reported */
	const volatile uint32_t *ended; /* the probe has nothing left to follow; or NULL */
	int told_of_end;
	pthread_t thread;
	pthread_mutex_t mutex; /* of the backlog, and of the consumer's side of the ring */
	int filled; /* an eventfd, readable while there is something to take or to look at */
	int signalled; /* it is readable, or somebody is about to make it so */
	int is_over; /* the oldest records have waited for others long enough */
	int running, stopping, error, ending;
};

static inline uint64_t reader_total_lost(const struct reader *reader)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < reader->counters; i++)
		total += reader->losses[i];
	return total;
}

/* with the mutex: whether there is a whole batch, or what there is has waited long enough */
static inline int reader_has_batch(const struct reader *reader)
{
	const struct block *first = reader->backlog.first;

	return first && (first->used >= reader->backlog.batch || reader->is_over || reader->error);
}

/* With the mutex, which it gives back. Then, and not before, it wakes who waits, who needs the mutex at once: where there
 * is something to take, a failure to tell, or `tell` says so. */
static inline void reader_unlock(struct reader *reader, int tell)
{
	int is_first;

	tell |= reader_has_batch(reader) || reader->error;
	is_first = tell && !reader->signalled;
	reader->signalled |= tell;
	pthread_mutex_unlock(&reader->mutex);
	if (is_first)
		eventfd_write(reader->filled, 1);
}

static inline void reader_untell_locked(struct reader *reader)
{
	eventfd_t value;

	/* Nothing can be read where somebody is only about to write: then it stays signalled, for one look in vain. */
	if (reader->signalled && !reader_has_batch(reader) && !reader->error && !reader->ending)
		reader->signalled = eventfd_read(reader->filled, &value) < 0;
}

/* Wakes the thread that waits for records: there is something else to look at. */
static inline void reader_tell(struct reader *reader)
{
	pthread_mutex_lock(&reader->mutex);
	reader_unlock(reader, 1);
}

/* The same, and from now on nobody waits. */
static inline void reader_tell_of_the_end(struct reader *reader)
{
	pthread_mutex_lock(&reader->mutex);
	reader->ending = 1;
	reader_unlock(reader, 1);
}

/* Fills one block, with the mutex. What there is then waits no longer for others if `is_over`, or if none have come. */
static inline long reader_fill_locked(struct reader *reader, int is_over)
{
	long moved = reader->error ? -1 : backlog_fill(&reader->backlog, &reader->ring);

	if (moved < 0)
		reader->error = moved;
	reader->is_over |= (is_over || !moved) && reader->backlog.first;
	return moved;
}

/* The lock is held for no longer than one block takes, so that `reader_take` never waits for a fast producer. */
static inline long reader_fill(struct reader *reader, int is_over)
{
	long moved;

	pthread_mutex_lock(&reader->mutex);
	moved = reader_fill_locked(reader, is_over);
	reader_unlock(reader, 0);
	return moved;
}

/* Whether a counter grew. */
static inline int reader_has_lost(struct reader *reader)
{
	return reader_total_lost(reader) != reader->lost;
}

/* Whether the probe has nothing left to follow, and nobody was told. */
static inline int reader_has_ended(const struct reader *reader)
{
	return reader->ended && *reader->ended && !reader->told_of_end;
}

/* Sleeps until something happens, and then lets more of it gather. Whether that took all the time. */
static inline int reader_sleep(struct reader *reader)
{
	pthread_mutex_lock(&reader->mutex);
	backlog_trim(&reader->backlog);
	pthread_mutex_unlock(&reader->mutex);
	doorbell_arm(&reader->bell);
	if (!ring_has_data(&reader->ring) && !reader_has_lost(reader) && !reader_has_ended(reader))
		doorbell_wait(&reader->bell, -1);
	doorbell_disarm(&reader->bell);
	doorbell_answer(&reader->bell);
	return __atomic_load_n(&reader->stopping, __ATOMIC_ACQUIRE) || doorbell_wait(&reader->bell, READER_FIRST_MS);
}

/* Looks into the ring only when the probe wakes it, at a watermark, or some time has passed. A reader close
 * behind a producer would fight for each cache line that the producer writes, and triple the cost of an event for the
 * observed process. It looks once more after the last record, and then sleeps. */
static inline void *reader_run(void *argument)
{
	struct reader *reader = argument;
	int is_over = 0;
	long moved = 0;

	while (moved >= 0 && !__atomic_load_n(&reader->stopping, __ATOMIC_ACQUIRE)) {
		doorbell_answer(&reader->bell);
		moved = reader_fill(reader, is_over);
		if (reader_has_lost(reader)) {
			reader->lost = reader_total_lost(reader);
			reader_tell(reader);
		}
		if (reader_has_ended(reader)) {
			reader->told_of_end = 1;
			reader_tell(reader);
		}
		if (moved >= (long)reader->backlog.batch)
			is_over = 0;
		else if (moved)
			is_over = doorbell_wait(&reader->bell, READER_GATHER_MS);
		else if (ring_has_data(&reader->ring))
			is_over = !poll(NULL, 0, READER_PAUSE_MS);
		else
			is_over = reader_sleep(reader);
	}
	return NULL;
}

/* 0, or a negative errno */
static inline int reader_init(struct reader *reader)
{
	pthread_mutex_init(&reader->mutex, NULL);
	reader->filled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return reader->filled < 0 ? -errno : 0;
}

/* 0, or a negative errno. All signals go to the program's other threads, where they may have to interrupt a write. */
static inline int reader_start(struct reader *reader)
{
	pthread_attr_t small;
	sigset_t all, before;
	int error;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, READER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&reader->thread, &small, reader_run, reader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
	reader->running = !error;
	return -error;
}

/* Ends the thread; `reader_take` goes on. */
static inline void reader_stop(struct reader *reader)
{
	if (!reader->running)
		return;
	__atomic_store_n(&reader->stopping, 1, __ATOMIC_RELEASE);
	doorbell_stop(&reader->bell);
	pthread_join(reader->thread, NULL);
	reader->running = 0;
}

/* The oldest records, or NULL; see backlog_take. With `now`, also those that the thread leaves in the ring for a while;
 * without the thread, always. All under one lock: the thread must not fill the backlog between a look at it and a look at
 * the ring, which would be left as it is then. */
static inline struct block *reader_take(struct reader *reader, int now)
{
	struct block *oldest;

	pthread_mutex_lock(&reader->mutex);
	now |= !reader->running;
	oldest = now || reader_has_batch(reader) ? backlog_take(&reader->backlog) : NULL;
	if (!oldest && now && reader_fill_locked(reader, 0) > 0)
		oldest = backlog_take(&reader->backlog);
	reader->is_over &= reader->backlog.first != NULL;
	reader_untell_locked(reader);
	reader_unlock(reader, 0);
	return oldest;
}

/* The ring makes no sense, and all that came before was taken. */
static inline int reader_has_failed(struct reader *reader)
{
	int failed;

	pthread_mutex_lock(&reader->mutex);
	failed = reader->error && !reader->backlog.first;
	pthread_mutex_unlock(&reader->mutex);
	return failed;
}

static inline int reader_has_data(struct reader *reader)
{
	int found;

	pthread_mutex_lock(&reader->mutex);
	found = reader->backlog.first || ring_has_data(&reader->ring);
	pthread_mutex_unlock(&reader->mutex);
	return found;
}

/* How many records nobody got: those that wait, and with `last` those that were taken last. */
static inline size_t reader_count(struct reader *reader, int last)
{
	size_t count;

	pthread_mutex_lock(&reader->mutex);
	count = backlog_count(&reader->backlog) + ring_count(&reader->ring);
	if (last)
		count += block_count(reader->backlog.current);
	pthread_mutex_unlock(&reader->mutex);
	return count;
}

/* How many bytes wait in the ring, and in the backlog. */
static inline void reader_waiting(struct reader *reader, size_t *ring, size_t *backlog)
{
	pthread_mutex_lock(&reader->mutex);
	*ring = ring_waiting(&reader->ring);
	*backlog = reader->backlog.bytes;
	pthread_mutex_unlock(&reader->mutex);
}

static inline void reader_let_go(struct reader *reader)
{
	ring_close(&reader->ring);
	doorbell_close(&reader->bell);
	if (reader->filled >= 0)
		close(reader->filled);
	reader->filled = -1;
}

/* In a child of fork(2), where the thread does not exist, the mutex may be held for ever, and the backlog may be a
 * copy from the middle of a change: do not touch it. */
static inline void reader_abandon(struct reader *reader)
{
	reader->running = 0;
	reader_let_go(reader);
}

static inline void reader_close(struct reader *reader)
{
	reader_stop(reader);
	backlog_close(&reader->backlog);
	reader_let_go(reader);
	pthread_mutex_destroy(&reader->mutex);
}

#endif

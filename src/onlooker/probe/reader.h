/* A thread that moves records from the ring to the backlog as they come, whatever Python is doing: while a full pipe, a
 * slow disk or the GIL holds up the rest of the program, nothing is lost until the backlog is full too. */
#ifndef ONLOOKER_READER_H
#define ONLOOKER_READER_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "backlog.h"

#define READER_STACK (256 << 10)
#define READER_LATENCY_MS 50 /* a record below the probe's watermark waits so long; 20 wake-ups a second cost 0.1 % */
#define READER_PAUSE_MS 5     /* looks again so often whether a full backlog has room, or a record is finished */

struct reader {
	struct ring ring;
	struct backlog backlog;
	pthread_t thread;
	pthread_mutex_t mutex; /* of the backlog, and of the consumer's side of the ring */
	pthread_cond_t filled;
	int running, stopping, error;
};

/* Fills one block; the lock is held no longer than that, so that `reader_take` never waits for a fast producer. */
static inline long reader_fill(struct reader *reader)
{
	long moved;

	pthread_mutex_lock(&reader->mutex);
	moved = reader->error ? -1 : backlog_fill(&reader->backlog, &reader->ring);
	if (moved < 0)
		reader->error = moved;
	if (moved)
		pthread_cond_signal(&reader->filled);
	pthread_mutex_unlock(&reader->mutex);
	return moved;
}

/* Looks into the ring only when the probe wakes it, at a watermark, or some time has passed. Close on a producer's heels
 * it would fight for each cache line that the producer writes, and triple what an event costs the observed process. */
static inline void *reader_run(void *argument)
{
	struct reader *reader = argument;
	long moved = 0;

	while (moved >= 0 && !__atomic_load_n(&reader->stopping, __ATOMIC_ACQUIRE)) {
		moved = reader_fill(reader);
		if (moved >= (long)reader->backlog.batch)
			continue;
		if (!moved && ring_has_data(&reader->ring))
			poll(NULL, 0, READER_PAUSE_MS);
		else
			ring_wait(&reader->ring, READER_LATENCY_MS);
	}
	return NULL;
}

static inline void reader_init(struct reader *reader)
{
	pthread_condattr_t clock;

	pthread_mutex_init(&reader->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&reader->filled, &clock);
	pthread_condattr_destroy(&clock);
}

/* 0, or a negative errno. All signals go to the program's other threads: a write that one is to interrupt is there. */
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
	pthread_join(reader->thread, NULL);
	reader->running = 0;
}

/* Waits until there are records, at most so long. */
static inline void reader_wait(struct reader *reader, int milliseconds)
{
	struct timespec until;

	if (!reader->running) {
		poll(NULL, 0, milliseconds);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += milliseconds % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&reader->mutex);
	while (!reader->backlog.first && !reader->error)
		if (pthread_cond_timedwait(&reader->filled, &reader->mutex, &until))
			break;
	pthread_mutex_unlock(&reader->mutex);
}

/* The oldest records, or NULL; see backlog_take. With `now`, also those that the thread leaves in the ring for a while;
 * without the thread, always. */
static inline struct block *reader_take(struct reader *reader, int now)
{
	struct block *oldest;

	do {
		pthread_mutex_lock(&reader->mutex);
		oldest = backlog_take(&reader->backlog);
		pthread_mutex_unlock(&reader->mutex);
	} while (!oldest && (now || !reader->running) && reader_fill(reader) > 0);
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

/* How many records nobody was given: those that wait, and with `last` those that were taken last. */
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

/* In a child of fork(2), where the thread does not exist, the mutex may be held for ever, and the backlog may have been
 * copied in the middle of a change: it is left alone. */
static inline void reader_abandon(struct reader *reader)
{
	reader->running = 0;
	ring_close(&reader->ring);
}

static inline void reader_close(struct reader *reader)
{
	reader_stop(reader);
	backlog_close(&reader->backlog);
	ring_close(&reader->ring);
	pthread_cond_destroy(&reader->filled);
	pthread_mutex_destroy(&reader->mutex);
}

#endif

/* Records from the ring that wait to be decoded. The ring is emptied at memory speed, however slow the output is, so a
 * burst must fit into ring and backlog together. The memory is there only while it is needed. */
#ifndef ONLOOKER_BACKLOG_H
#define ONLOOKER_BACKLOG_H

#include <stddef.h>
#include <sys/mman.h>

#include "ring.h"

#define BACKLOG_SPARES 16 /* 2 MiB */

struct block {
	struct block *next;
	size_t used;
	unsigned char records[];
};

struct backlog {
	struct block *first, *last;
	struct block *current; /* the one that was taken last: its records are being read */
	struct block *spare;   /* some empty ones, so that a steady flow maps nothing */
	size_t spares;
	size_t bytes;          /* waiting; at most `most` and one block */
	size_t batch, room, most;
};

/* Every block has room for a batch and then the longest record; pages that are not written to cost nothing. */
static inline struct block *block_new(struct backlog *backlog)
{
	struct block *block = backlog->spare;

	if (block) {
		backlog->spare = block->next;
		backlog->spares--;
	} else {
		block = mmap(NULL, sizeof(*block) + backlog->room, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	if (block == MAP_FAILED)
		return NULL;
	block->next = NULL;
	block->used = 0;
	return block;
}

static inline void block_free(struct backlog *backlog, struct block *block)
{
	if (block && backlog->spares < BACKLOG_SPARES) {
		block->next = backlog->spare;
		backlog->spare = block;
		backlog->spares++;
	} else if (block) {
		munmap(block, sizeof(*block) + backlog->room);
	}
}

/* How many records a block holds. */
static inline size_t block_count(const struct block *block)
{
	size_t at = 0, count = 0;

	while (block && at < block->used) {
		uint64_t length;

		memcpy(&length, block->records + at, 8);
		at += 8 + ((length + 7) & ~(size_t)7);
		count++;
	}
	return count;
}

/* How many records wait. */
static inline size_t backlog_count(const struct backlog *backlog)
{
	const struct block *block;
	size_t count = 0;

	for (block = backlog->first; block; block = block->next)
		count += block_count(block);
	return count;
}

/* As backlog_fill, into the newest block, which has no batch yet: so there is room for the longest record. */
static inline long backlog_top_up(struct backlog *backlog, struct ring *ring)
{
	struct block *last = backlog->last;
	long moved = ring_drain(ring, last->records + last->used, backlog->room - last->used, backlog->batch - last->used);

	if (moved <= 0)
		return moved;
	last->used += moved;
	backlog->bytes += moved;
	return last->used;
}

/* Moves records from the ring to the newest block, until it has a batch, if the backlog may grow. The bytes in that
 * block, 0 if none were moved, or -1 if the ring makes no sense. Without memory the records stay in the ring, where the
 * kernel counts what no longer fits.
 *
 * A block that has no batch yet is continued: each takes a page at least, so that the bound would be far exceeded if
 * every look had a block for its few records. */
static inline long backlog_fill(struct backlog *backlog, struct ring *ring)
{
	struct block *block;
	long used;

	if (backlog->bytes >= backlog->most || !ring_has_data(ring))
		return 0;
	if (backlog->last && backlog->last->used < backlog->batch)
		return backlog_top_up(backlog, ring);
	block = block_new(backlog);
	if (!block)
		return 0;
	used = ring_drain(ring, block->records, backlog->room, backlog->batch);
	if (used <= 0) {
		block_free(backlog, block);
		return used;
	}
	block->used = used;
	backlog->bytes += used;
	if (backlog->last)
		backlog->last->next = block;
	else
		backlog->first = block;
	backlog->last = block;
	return used;
}

/* The oldest block, valid until the next call, or NULL. */
static inline struct block *backlog_take(struct backlog *backlog)
{
	block_free(backlog, backlog->current);
	backlog->current = backlog->first;
	if (backlog->current) {
		backlog->first = backlog->current->next;
		if (!backlog->first)
			backlog->last = NULL;
		backlog->bytes -= backlog->current->used;
	}
	return backlog->current;
}

/* Gives the empty ones back. */
static inline void backlog_trim(struct backlog *backlog)
{
	while (backlog->spare) {
		struct block *block = backlog->spare;

		backlog->spare = block->next;
		munmap(block, sizeof(*block) + backlog->room);
	}
	backlog->spares = 0;
}

static inline void backlog_close(struct backlog *backlog)
{
	while (backlog_take(backlog))
		;
	backlog_trim(backlog);
}

#endif

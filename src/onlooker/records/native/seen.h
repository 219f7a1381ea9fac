/* Of whom something was told already: users, control groups, processes. */
#ifndef ONLOOKER_SEEN_H
#define ONLOOKER_SEEN_H

#include <stdlib.h>

#include "fold.h"

#define SEEN_SLOTS (1u << 15) /* 768 KiB */
#define SEEN_MOST (SEEN_SLOTS / 2) /* a quarter of what a fold keeps */

struct seen_kind {
	struct key_place key;
	uint64_t having;
	struct key last; /* most records are of the same as the one before */
	int has_last;
};

struct seen_slot {
	struct key key;
	uint32_t kind; /* 0: empty; else its place, from 1 on */
};

struct seen {
	struct seen_kind kinds[FOLD_KINDS];
	size_t count, used;
	struct seen_slot *slots;
};

static inline int seen_init(struct seen *seen)
{
	seen->slots = calloc(SEEN_SLOTS, sizeof(*seen->slots));
	return seen->slots != NULL;
}

static inline void seen_free(struct seen *seen)
{
	free(seen->slots);
}

static inline void seen_forget(struct seen *seen)
{
	size_t kind;

	memset(seen->slots, 0, SEEN_SLOTS * sizeof(*seen->slots));
	seen->used = 0;
	for (kind = 0; kind < seen->count; kind++)
		seen->kinds[kind].has_last = 0;
}

/* Whether nothing was told yet of whom a record says it is; from now on it was. */
static inline int seen_add(struct seen *seen, size_t number, struct record r)
{
	struct seen_kind *kind = seen->kinds + number;
	struct key key;
	size_t at;

	if (!(kind->having >> r.event->number & 1))
		return 0;
	key = key_of(r, &kind->key);
	if (kind->has_last && is_same_key(key, kind->last))
		return 0;
	if (seen->used == SEEN_MOST)
		seen_forget(seen);
	kind->last = key;
	kind->has_last = 1;
	at = key_hash(key, number) & (SEEN_SLOTS - 1);
	while (seen->slots[at].kind && (seen->slots[at].kind != number + 1 || !is_same_key(seen->slots[at].key, key)))
		at = (at + 1) & (SEEN_SLOTS - 1);
	if (seen->slots[at].kind)
		return 0;
	seen->slots[at].key = key;
	seen->slots[at].kind = number + 1;
	seen->used++;
	return 1;
}

#endif

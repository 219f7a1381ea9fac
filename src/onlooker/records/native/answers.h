/* What an expression asks of users and control groups: for each of them a bit for each of its tests. It forgets when it is
 * full: what is not here is looked up again, or told again. */
#ifndef ONLOOKER_ANSWERS_H
#define ONLOOKER_ANSWERS_H

#include <stdlib.h>

#include "keys.h"

#define ANSWERS_KINDS 4
#define ANSWERS_SLOTS (1u << 15) /* 1 MiB */
#define ANSWERS_MOST (ANSWERS_SLOTS / 4 * 3)

struct answers_kind {
	uint32_t number; /* of the event that says it */
	struct key_place key;
	uint64_t having; /* the events of which it says it */
};

struct answers_slot {
	struct key key;
	uint64_t bits;
	uint32_t kind; /* 0: empty; else its place, from 1 on */
};

struct answers {
	struct answers_kind kinds[ANSWERS_KINDS];
	size_t count, used;
	struct answers_slot *slots;
};

static inline int answers_init(struct answers *answers)
{
	answers->slots = calloc(ANSWERS_SLOTS, sizeof(*answers->slots));
	return answers->slots != NULL;
}

static inline void answers_forget(struct answers *answers)
{
	memset(answers->slots, 0, ANSWERS_SLOTS * sizeof(*answers->slots));
	answers->used = 0;
}

static inline struct answers_slot *answers_slot(const struct answers *answers, size_t kind, struct key key)
{
	size_t at = key_hash(key, kind) & (ANSWERS_SLOTS - 1);

	while (answers->slots[at].kind && (answers->slots[at].kind != kind + 1 || !is_same_key(answers->slots[at].key, key)))
		at = (at + 1) & (ANSWERS_SLOTS - 1);
	return answers->slots + at;
}

static inline int answers_find(const struct answers *answers, size_t kind, struct key key, uint64_t *bits)
{
	const struct answers_slot *slot = answers_slot(answers, kind, key);

	*bits = slot->bits;
	return slot->kind != 0;
}

static inline void answers_set(struct answers *answers, size_t kind, struct key key, uint64_t bits)
{
	struct answers_slot *slot;

	if (answers->used == ANSWERS_MOST)
		answers_forget(answers);
	slot = answers_slot(answers, kind, key);
	answers->used += !slot->kind;
	slot->kind = kind + 1;
	slot->key = key;
	slot->bits = bits;
}

#endif

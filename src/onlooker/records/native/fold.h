/* What is known of the processes of events, by what their records say: of a user by its id, of a control group by its id. It
 * is made once, when a record tells it, as the bytes that the lines of events get. */
#ifndef ONLOOKER_FOLD_H
#define ONLOOKER_FOLD_H

#include "keys.h"
#include "writers.h"

enum fold_form {
	FOLD_JSON,
	FOLD_TEXT,
	FOLD_FORMS,
};

#define FOLD_KINDS 4
#define FOLD_STEPS 16
#define FOLD_SLOTS (1u << 17) /* a power of two, in each half: 5 MiB */
#define FOLD_MOST (FOLD_SLOTS / 2)
#define FOLD_BYTES (16 << 20) /* of all texts of a half */

/* One kind of event that tells something: the fields by which it says of whom, and those that are shown. */
struct fold_kind {
	uint32_t number;
	struct key_place key;
	uint64_t having; /* kinds of events that have the same fields: bit n stands for number n */
	uint32_t steps[FOLD_STEPS];
	size_t count;
};

struct fold_slot {
	struct key key;
	struct {
		uint32_t at, length;
	} text[FOLD_FORMS];
	uint32_t kind; /* 0: empty; else its place, from 1 on */
};

/* Whoever tells tells it again, long before so much else was told: so nothing is lost where the older half is dropped. */
struct fold_half {
	struct fold_slot *slots;
	size_t used;
	struct out texts;
};

struct fold {
	struct fold_kind kinds[FOLD_KINDS];
	size_t count;
	struct fold_half now, before;
};

/* 0 without memory. */
int fold_init(struct fold *fold);
void fold_free(struct fold *fold);

/* Learns from a record of one of the kinds, and nothing from another. 0 without memory. */
int fold_learn(struct fold *fold, struct writer *w, struct record r);

/* What is known of a slot in a half; empty if there is nothing. */
static inline const struct fold_slot *fold_find(const struct fold_half *half, size_t kind, struct key key)
{
	size_t at = key_hash(key, kind) & (FOLD_SLOTS - 1);

	while (half->slots[at].kind && (half->slots[at].kind != kind + 1 || !is_same_key(half->slots[at].key, key)))
		at = (at + 1) & (FOLD_SLOTS - 1);
	return half->slots + at;
}

/* What a record's line gets from one of the kinds. */
static inline struct text folded(const struct fold *fold, size_t kind, struct record r, enum fold_form form)
{
	const struct fold_half *half = &fold->now;
	const struct fold_slot *slot;
	struct key key;

	if (!(fold->kinds[kind].having >> r.event->number & 1))
		return (struct text){ "", 0 };
	key = key_of(r, &fold->kinds[kind].key);
	slot = fold_find(half, kind, key);
	if (!slot->kind && fold->before.used) {
		half = &fold->before;
		slot = fold_find(half, kind, key);
	}
	if (!slot->kind)
		return (struct text){ "", 0 };
	return (struct text){ half->texts.at + slot->text[form].at, slot->text[form].length };
}

#endif
